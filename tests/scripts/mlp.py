"""Classify points by a two-layer perceptron: the usual loop over mini-batches."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset, random_split


class Net(nn.Module):
    def __init__(self, inputs, hidden, classes):
        super().__init__()
        self.fc1 = nn.Linear(inputs, hidden)
        self.dropout = nn.Dropout(0.1)
        self.fc2 = nn.Linear(hidden, classes)

    def forward(self, x):
        x = x.view(x.size(0), -1)
        x = self.dropout(F.relu(self.fc1(x)))
        return self.fc2(x)


def make_data(count):
    """Give each of ten classes a picture of its own, under noise."""
    pictures = torch.randn(10, 1, 8, 8)
    labels = torch.randint(0, 10, (count,))
    return TensorDataset(pictures[labels] + 0.5 * torch.randn(count, 1, 8, 8), labels)


def train(model, device, loader, optimizer):
    model.train()
    total = 0.0
    for data, target in loader:
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(data), target)
        loss.backward()
        optimizer.step()
        total += loss.item() * data.size(0)
    return total / len(loader.dataset)


def test(model, device, loader):
    model.eval()
    loss = 0.0
    correct = 0
    with torch.no_grad():
        for data, target in loader:
            data, target = data.to(device), target.to(device)
            output = model(data)
            loss += F.cross_entropy(output, target, reduction="sum").item()
            prediction = output.argmax(dim=1, keepdim=True)
            correct += prediction.eq(target.view_as(prediction)).sum().item()
    return loss / len(loader.dataset), correct / len(loader.dataset)


def main():
    torch.manual_seed(0)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    training, held_out = random_split(make_data(500), [400, 100])
    train_loader = DataLoader(training, batch_size=32, shuffle=True)
    test_loader = DataLoader(held_out, batch_size=50)
    model = Net(64, 32, 10).to(device)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    history = [test(model, device, test_loader)[0]]
    for _ in range(5):
        train(model, device, train_loader, optimizer)
        loss, accuracy = test(model, device, test_loader)
        history.append(loss)
    assert accuracy > 0.8
    return history


if __name__ == "__main__":
    main()

"""Classify noisy waves by a bidirectional GRU, with uneven classes and early stopping."""

import copy

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torch.utils.data import DataLoader, TensorDataset, WeightedRandomSampler

torch.backends.cudnn.deterministic = True
torch.backends.cudnn.benchmark = False


def seed_everything(seed=42):
    np.random.seed(seed)
    torch.manual_seed(seed)
    if torch.cuda.is_available():
        torch.cuda.manual_seed_all(seed)


class GRUClassifier(nn.Module):
    def __init__(self, n_features, hidden_dim, n_classes, n_layers=2):
        super().__init__()
        self.hidden_dim = hidden_dim
        self.gru = nn.GRU(n_features, hidden_dim, n_layers, batch_first=True, bidirectional=True)
        self.norm = nn.LayerNorm(2 * hidden_dim)
        self.head = nn.Sequential(nn.Linear(4 * hidden_dim, 16), nn.ReLU(), nn.Linear(16, n_classes))
        for name, param in self.gru.named_parameters():
            if "weight_hh" in name:
                nn.init.orthogonal_(param)
            elif "weight_ih" in name:
                nn.init.xavier_uniform_(param)
            else:
                nn.init.zeros_(param)

    def forward(self, x):
        out, _ = self.gru(x)
        out = self.norm(out)
        avg_pool = torch.mean(out, 1)
        max_pool, _ = torch.max(out, 1)
        return self.head(torch.cat([avg_pool, max_pool], dim=1))


class EarlyStopping:
    def __init__(self, patience=2):
        self.patience = patience
        self.counter = 0
        self.best_score = None
        self.best_weights = None

    def __call__(self, loss, model):
        if self.best_score is None or loss < self.best_score:
            self.best_score = loss
            self.best_weights = copy.deepcopy(model.state_dict())
            self.counter = 0
        else:
            self.counter += 1
        return self.counter >= self.patience


def make_waves(count):
    rng = np.random.default_rng(0)
    y = rng.choice(3, count, p=[0.6, 0.3, 0.1])
    t = np.linspace(0, 2 * np.pi, 20)
    x = np.sin((y[:, None] + 1) * t + rng.uniform(0, 6, (count, 1)))
    x = np.stack([x, np.gradient(x, axis=1)], axis=2) + 0.3 * rng.standard_normal((count, 20, 2))
    return torch.tensor(x, dtype=torch.get_default_dtype()), torch.as_tensor(y).long()


@torch.no_grad()
def validate(model, loader, criterion):
    model.eval()
    losses, preds, trues = [], [], []
    for xb, yb in loader:
        logits = model(xb)
        losses.append(criterion(logits, yb).item())
        preds.append(F.softmax(logits, dim=1).argmax(dim=1))
        trues.append(yb)
    accuracy = torch.cat(preds).eq(torch.cat(trues)).float().mean().item()
    return float(np.mean(losses)), accuracy


def main():
    seed_everything(3)
    x, y = make_waves(96)
    mean, std = x[:64].mean(dim=(0, 1), keepdim=True), x[:64].std(dim=(0, 1), keepdim=True)
    x = (x - mean) / (std + 1e-8)
    counts = np.bincount(y[:64].numpy(), minlength=3)
    weights = (1.0 / np.maximum(counts, 1))[y[:64].numpy()]
    sampler = WeightedRandomSampler(weights.tolist(), num_samples=64, replacement=True)
    train_loader = DataLoader(TensorDataset(x[:64], y[:64]), batch_size=16, sampler=sampler, drop_last=True)
    valid_loader = DataLoader(TensorDataset(x[64:], y[64:]), batch_size=32)

    model = GRUClassifier(2, 8, 3)
    class_weights = torch.tensor(counts.sum() / (3.0 * np.maximum(counts, 1)), dtype=x.dtype)
    criterion = nn.CrossEntropyLoss(weight=class_weights, label_smoothing=0.05)
    optimizer = torch.optim.Adagrad(model.parameters(), lr=0.03, lr_decay=1e-3)
    scheduler = ReduceLROnPlateau(optimizer, mode="min", factor=0.5, patience=0)
    stopper = EarlyStopping()
    history = []
    for _epoch in range(6):
        model.train()
        for xb, yb in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(xb), yb)
            loss.backward()
            nn.utils.clip_grad_value_(model.parameters(), 0.5)
            optimizer.step()
            history.append(loss.item())
        val_loss, val_acc = validate(model, valid_loader, criterion)
        scheduler.step(val_loss)
        history += [val_loss, val_acc, optimizer.param_groups[0]["lr"]]
        if stopper(val_loss, model):
            break
    model.load_state_dict(stopper.best_weights)
    return history + list(validate(model, valid_loader, criterion))


if __name__ == "__main__":
    main()

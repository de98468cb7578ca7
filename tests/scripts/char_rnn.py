"""Learn a text character by character, with a checkpoint from which a second half of the training goes on."""

import os
import tempfile

import torch
import torch.nn as nn
from torch.nn.utils import clip_grad_norm_
from torch.optim.lr_scheduler import CosineAnnealingLR

TEXT = "hello world, how are you today? " * 8


class CharRNN(nn.Module):
    def __init__(self, vocabulary, embedding=8, hidden=32, layers=2):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, embedding)
        self.lstm = nn.LSTM(embedding, hidden, num_layers=layers, dropout=0.1, batch_first=True)
        self.norm = nn.LayerNorm(hidden)
        self.head = nn.Linear(hidden, vocabulary)

    def forward(self, x, state=None):
        out, state = self.lstm(self.embed(x), state)
        return self.head(self.norm(out)), state


def train(model, optimizer, scheduler, data, epochs, clip=1.0):
    criterion = nn.CrossEntropyLoss()
    losses = []
    model.train()
    for _ in range(epochs):
        state = None
        for start in range(0, data.size(1) - 16, 16):
            x = data[:, start : start + 16]
            y = data[:, start + 1 : start + 17]
            if state is not None:
                state = tuple(s.detach() for s in state)
            optimizer.zero_grad(set_to_none=True)
            logits, state = model(x, state)
            loss = criterion(logits.reshape(-1, logits.size(-1)), y.reshape(-1))
            loss.backward()
            clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
            losses.append(loss.item())
        scheduler.step()
    return losses


def sample(model, start, length, decode):
    model.eval()
    text, state = [start], None
    with torch.no_grad():
        x = torch.tensor([[start]])
        for _ in range(length):
            logits, state = model(x, state)
            probabilities = torch.softmax(logits[:, -1] / 0.5, dim=-1)
            x = torch.multinomial(probabilities, num_samples=1)
            text.append(x.item())
    return "".join(decode[i] for i in text)


def make(vocabulary):
    model = CharRNN(vocabulary)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02, weight_decay=0.01)
    return model, optimizer, CosineAnnealingLR(optimizer, T_max=20)


def main():
    torch.manual_seed(2)
    characters = sorted(set(TEXT))
    encode = {c: i for i, c in enumerate(characters)}
    data = torch.tensor([encode[c] for c in TEXT], dtype=torch.long).view(4, -1)
    model, optimizer, scheduler = make(len(characters))
    history = train(model, optimizer, scheduler, data, epochs=6)

    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "checkpoint.pt")
        torch.save(
            {
                "epoch": 6,
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "scheduler": scheduler.state_dict(),
            },
            path,
        )
        checkpoint = torch.load(path, map_location="cpu")
    model, optimizer, scheduler = make(len(characters))
    model.load_state_dict(checkpoint["model"])
    optimizer.load_state_dict(checkpoint["optimizer"])
    scheduler.load_state_dict(checkpoint["scheduler"])
    assert scheduler.last_epoch == checkpoint["epoch"]
    resumed = train(model, optimizer, scheduler, data, epochs=6)
    # It goes on where it was, and not from the start.
    assert resumed[0] < 0.5 * history[0]
    assert len(sample(model, 0, 20, characters)) == 21
    return history + resumed


if __name__ == "__main__":
    main()

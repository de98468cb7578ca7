"""Squeeze sequences through one state and out again, and go on from a checkpoint."""

import argparse
import os
import shutil
import tempfile

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F


class Autoencoder(nn.Module):
    def __init__(self, n_features, hidden_size):
        super().__init__()
        self.encoder = nn.GRU(n_features, hidden_size, batch_first=True)
        self.decoder = nn.GRUCell(n_features, hidden_size)
        self.output = nn.Linear(hidden_size, n_features)
        self.register_buffer("seen", torch.zeros(1, dtype=torch.long))

    def forward(self, x):
        if self.training:
            self.seen += x.size(0)
        _, h = self.encoder(x)
        h = h.squeeze(0)
        step = torch.zeros_like(x[:, 0])
        outputs = []
        for _ in range(x.size(1)):
            h = self.decoder(step, h)
            step = self.output(h)
            outputs.append(step)
        # From the last to the first, which is easier to learn.
        return torch.stack(outputs[::-1], dim=1)


def save_checkpoint(state, is_best, folder, filename="checkpoint.pth.tar"):
    torch.save(state, os.path.join(folder, filename))
    if is_best:
        shutil.copyfile(os.path.join(folder, filename), os.path.join(folder, "model_best.pth.tar"))


def get_model(args):
    model = Autoencoder(args.features, args.hidden)
    decay, no_decay = [], []
    for name, param in model.named_parameters():
        (no_decay if "bias" in name else decay).append(param)
    groups = [{"params": decay, "weight_decay": args.wd}, {"params": no_decay, "weight_decay": 0.0}]
    optimizer = torch.optim.SGD(groups, lr=args.lr, momentum=0.9, nesterov=True)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.9**epoch)
    return model, optimizer, scheduler


def run(args, data, folder):
    model, optimizer, scheduler = get_model(args)
    best_loss = float("inf")
    start_epoch = 0
    path = os.path.join(folder, args.resume)
    if args.resume and os.path.isfile(path):
        checkpoint = torch.load(path, map_location=torch.device("cpu"))
        start_epoch = checkpoint["epoch"]
        best_loss = checkpoint["best_loss"]
        model.load_state_dict(checkpoint["state_dict"])
        optimizer.load_state_dict(checkpoint["optimizer"])
        scheduler.load_state_dict(checkpoint["scheduler"])
    history = []
    for epoch in range(start_epoch, args.epochs):
        model.train()
        for batch in data.split(args.batch_size):
            optimizer.zero_grad()
            loss = F.smooth_l1_loss(model(batch), batch)
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        scheduler.step()
        is_best = loss.item() < best_loss
        best_loss = min(loss.item(), best_loss)
        state = {
            "epoch": epoch + 1,
            "state_dict": model.state_dict(),
            "best_loss": best_loss,
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
        }
        save_checkpoint(state, is_best, folder)
    assert model.seen.item() == args.epochs * len(data)
    return history


def main():
    parser = argparse.ArgumentParser(description="Sequence autoencoder")
    parser.add_argument("--epochs", default=6, type=int)
    parser.add_argument("--batch-size", default=8, type=int)
    parser.add_argument("--lr", default=0.4, type=float)
    parser.add_argument("--wd", default=1e-4, type=float)
    parser.add_argument("--features", default=3, type=int)
    parser.add_argument("--hidden", default=12, type=int)
    parser.add_argument("--resume", default="", type=str)
    rng = np.random.RandomState(12)
    steps = np.arange(9)[None, :, None] * rng.uniform(0.2, 0.6, (32, 1, 3)) + rng.uniform(0, 6, (32, 1, 3))
    data = torch.tensor(np.sin(steps)).type(torch.get_default_dtype())
    with tempfile.TemporaryDirectory() as folder:
        first = run(parser.parse_args(["--epochs", "3"]), data, folder)
        second = run(parser.parse_args(["--resume", "checkpoint.pth.tar"]), data, folder)
        best = torch.load(os.path.join(folder, "model_best.pth.tar"))["best_loss"]
    # The second half begins where the first ended.
    assert second[0] < 1.2 * first[-1]
    return first + second + [best]


if __name__ == "__main__":
    main()

"""Forecast a sine wave with an LSTM that is trained to say the next value, and then goes on by itself."""

import math

import torch
from torch import nn, optim


class Sequence(nn.Module):
    def __init__(self, hidden_size=24):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden_size, batch_first=True)
        self.linear = nn.Linear(hidden_size, 1)

    def forward(self, x, state=None):
        hidden, state = self.lstm(x, state)
        return self.linear(hidden), state

    @torch.no_grad()
    def forecast(self, x, steps):
        output, state = self(x)
        value = output[:, -1:]
        forecast = [value]
        for _ in range(steps - 1):
            value, state = self(value, state)
            forecast.append(value)
        return torch.cat(forecast, dim=1)


def main():
    torch.manual_seed(1)
    phase = torch.rand(16, 1) * 2 * math.pi
    wave = torch.sin(phase + 0.3 * torch.arange(60)).unsqueeze(2)
    seen, future = wave[:, :50], wave[:, 50:]
    model = Sequence()
    criterion = nn.MSELoss()
    optimizer = optim.Adam(model.parameters(), lr=0.02)
    scheduler = optim.lr_scheduler.StepLR(optimizer, step_size=40, gamma=0.5)
    history = [criterion(model.forecast(seen, 10), future).item()]
    for _ in range(120):
        optimizer.zero_grad()
        output, _ = model(seen[:, :-1])
        loss = criterion(output, seen[:, 1:])
        loss.backward()
        optimizer.step()
        scheduler.step()
    history.append(criterion(model.forecast(seen, 10), future).item())
    assert scheduler.get_last_lr()[0] == 0.02 * 0.5**3
    return history


if __name__ == "__main__":
    main()

"""Draw strokes by an LSTM that gives the parameters of a mixture of normal distributions."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch import optim

use_cuda = torch.cuda.is_available()


class HParams:
    def __init__(self):
        self.dec_hidden_size = 20
        self.Nz = 6
        self.M = 4
        self.Nmax = 0
        self.lr = 0.01
        self.lr_decay = 0.9
        self.min_lr = 0.001
        self.grad_clip = 1.0
        self.batch_size = 5


hp = HParams()


def make_strokes(count):
    """Arcs of random size: offsets and whether the pen goes on, is lifted, or the drawing is over."""
    rng = np.random.RandomState(9)
    sketches = []
    for _ in range(count):
        steps = rng.randint(6, 11)
        angle = np.cumsum(rng.uniform(0.2, 0.6, steps))
        offsets = rng.uniform(0.5, 1.5) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        pen = (rng.rand(steps, 1) < 0.2).astype(float)
        sketches.append(np.concatenate([offsets + 0.05 * rng.randn(steps, 2), pen], axis=1))
    return sketches


def make_batch(data, batch_size, rng):
    batch, lengths = [], []
    for i in rng.choice(len(data), batch_size):
        sequence = data[i]
        new_seq = np.zeros((hp.Nmax, 5))
        new_seq[: len(sequence), :2] = sequence[:, :2]
        new_seq[: len(sequence) - 1, 2] = 1 - sequence[:-1, 2]
        new_seq[: len(sequence), 3] = sequence[:, 2]
        new_seq[(len(sequence) - 1) :, 4] = 1
        new_seq[len(sequence) - 1, 2:4] = 0
        batch.append(new_seq)
        lengths.append(len(sequence))
    batch = torch.from_numpy(np.stack(batch, 1)).to(torch.get_default_dtype())
    return (batch.cuda() if use_cuda else batch), lengths


class DecoderRNN(nn.Module):
    def __init__(self):
        super(DecoderRNN, self).__init__()
        self.fc_hc = nn.Linear(hp.Nz, 2 * hp.dec_hidden_size)
        self.lstm = nn.LSTM(hp.Nz + 5, hp.dec_hidden_size)
        self.fc_params = nn.Linear(hp.dec_hidden_size, 6 * hp.M + 3)

    def forward(self, inputs, z):
        hidden, cell = torch.split(F.tanh(self.fc_hc(z)), hp.dec_hidden_size, 1)
        hidden_cell = (hidden.unsqueeze(0).contiguous(), cell.unsqueeze(0).contiguous())
        outputs, (hidden, cell) = self.lstm(inputs, hidden_cell)
        y = self.fc_params(outputs.view(-1, hp.dec_hidden_size))
        params = torch.split(y, 6, 1)
        params_mixture = torch.stack(params[:-1])  # trajectory
        params_pen = params[-1]  # pen up/down
        pi, mu_x, mu_y, sigma_x, sigma_y, rho_xy = torch.split(params_mixture, 1, 2)
        len_out = hp.Nmax + 1
        pi = F.softmax(pi.transpose(0, 1).squeeze(), dim=-1).view(len_out, -1, hp.M)
        sigma_x = torch.exp(sigma_x.transpose(0, 1).squeeze()).view(len_out, -1, hp.M)
        sigma_y = torch.exp(sigma_y.transpose(0, 1).squeeze()).view(len_out, -1, hp.M)
        rho_xy = torch.tanh(rho_xy.transpose(0, 1).squeeze()).view(len_out, -1, hp.M)
        mu_x = mu_x.transpose(0, 1).squeeze().contiguous().view(len_out, -1, hp.M)
        mu_y = mu_y.transpose(0, 1).squeeze().contiguous().view(len_out, -1, hp.M)
        q = F.softmax(params_pen, dim=-1).view(len_out, -1, 3)
        return pi, mu_x, mu_y, sigma_x, sigma_y, rho_xy, q


def bivariate_normal_pdf(dx, dy, mu_x, mu_y, sigma_x, sigma_y, rho_xy):
    z_x = ((dx - mu_x) / sigma_x) ** 2
    z_y = ((dy - mu_y) / sigma_y) ** 2
    z_xy = (dx - mu_x) * (dy - mu_y) / (sigma_x * sigma_y)
    z = z_x + z_y - 2 * rho_xy * z_xy
    exp = torch.exp(-z / (2 * (1 - rho_xy**2)))
    norm = 2 * np.pi * sigma_x * sigma_y * torch.sqrt(1 - rho_xy**2)
    return exp / norm


def make_target(batch, lengths):
    eos = torch.stack([torch.tensor([0, 0, 0, 0, 1.0])] * batch.size()[1]).unsqueeze(0)
    batch = torch.cat([batch, eos], 0)
    mask = torch.zeros(hp.Nmax + 1, batch.size()[1])
    for indice, length in enumerate(lengths):
        mask[:length, indice] = 1
    dx = torch.stack([batch.data[:, :, 0]] * hp.M, 2)
    dy = torch.stack([batch.data[:, :, 1]] * hp.M, 2)
    p = torch.stack([batch.data[:, :, 2], batch.data[:, :, 3], batch.data[:, :, 4]], 2)
    return mask, dx, dy, p


def reconstruction_loss(mask, dx, dy, p, params):
    pi, mu_x, mu_y, sigma_x, sigma_y, rho_xy, q = params
    n = float((hp.Nmax + 1) * mask.size(1))
    pdf = bivariate_normal_pdf(dx, dy, mu_x, mu_y, sigma_x, sigma_y, rho_xy)
    loss_strokes = -torch.sum(mask * torch.log(1e-5 + torch.sum(pi * pdf, 2))) / n
    loss_pen = -torch.sum(p * torch.log(q + 1e-12)) / n
    return loss_strokes, loss_pen


def lr_decay(optimizer):
    """Decay learning rate by a factor of lr_decay"""
    for param_group in optimizer.param_groups:
        if param_group["lr"] > hp.min_lr:
            param_group["lr"] *= hp.lr_decay
    return optimizer


def main():
    data = make_strokes(20)
    hp.Nmax = max(len(seq) for seq in data)
    torch.manual_seed(9)
    rng = np.random.RandomState(9)
    decoder = DecoderRNN()
    if use_cuda:
        decoder = decoder.cuda()
    optimizer = optim.Adam(decoder.parameters(), hp.lr)
    history = []
    for _epoch in range(12):
        batch, lengths = make_batch(data, hp.batch_size, rng)
        z = torch.randn(hp.batch_size, hp.Nz)
        sos = torch.stack([torch.Tensor([0, 0, 1, 0, 0])] * hp.batch_size).unsqueeze(0).to(batch.dtype)
        batch_init = torch.cat([sos, batch], 0)
        z_stack = torch.stack([z] * (hp.Nmax + 1))
        inputs = torch.cat([batch_init, z_stack], 2)
        params = decoder(inputs, z)
        mask, dx, dy, p = make_target(batch, lengths)
        optimizer.zero_grad()
        strokes, pen = reconstruction_loss(mask, dx, dy, p, params)
        loss = strokes + pen
        loss.backward()
        nn.utils.clip_grad_norm_(decoder.parameters(), hp.grad_clip)
        optimizer.step()
        optimizer = lr_decay(optimizer)
        history += [strokes.item(), pen.item()]
    return history


if __name__ == "__main__":
    main()

"""A variational recurrent network over binary pictures, row by row, with two ways to write the divergence."""

import numpy as np
import torch
import torch.nn as nn
import torch.utils
import torch.utils.data
from torch.distributions import Normal, kl_divergence

EPS = torch.finfo(torch.float).eps


class VRNN(nn.Module):
    def __init__(self, x_dim, h_dim, z_dim, n_layers, bias=False):
        super(VRNN, self).__init__()
        self.x_dim = x_dim
        self.h_dim = h_dim
        self.z_dim = z_dim
        self.n_layers = n_layers
        # feature-extracting transformations
        self.phi_x = nn.Sequential(nn.Linear(x_dim, h_dim), nn.ReLU(), nn.Linear(h_dim, h_dim), nn.ReLU())
        self.phi_z = nn.Sequential(nn.Linear(z_dim, h_dim), nn.ReLU())
        # encoder
        self.enc = nn.Sequential(nn.Linear(h_dim + h_dim, h_dim), nn.ReLU())
        self.enc_mean = nn.Linear(h_dim, z_dim)
        self.enc_std = nn.Sequential(nn.Linear(h_dim, z_dim), nn.Softplus())
        # prior
        self.prior = nn.Sequential(nn.Linear(h_dim, h_dim), nn.ReLU())
        self.prior_mean = nn.Linear(h_dim, z_dim)
        self.prior_std = nn.Sequential(nn.Linear(h_dim, z_dim), nn.Softplus())
        # decoder
        self.dec = nn.Sequential(nn.Linear(h_dim + h_dim, h_dim), nn.ReLU())
        self.dec_mean = nn.Sequential(nn.Linear(h_dim, x_dim), nn.Sigmoid())
        # recurrence
        self.rnn = nn.GRU(h_dim + h_dim, h_dim, n_layers, bias)

    def forward(self, x):
        kld_loss = 0
        nll_loss = 0
        h = torch.zeros(self.n_layers, x.size(1), self.h_dim)
        for t in range(x.size(0)):
            phi_x_t = self.phi_x(x[t])
            enc_t = self.enc(torch.cat([phi_x_t, h[-1]], 1))
            enc_mean_t, enc_std_t = self.enc_mean(enc_t), self.enc_std(enc_t)
            prior_t = self.prior(h[-1])
            prior_mean_t, prior_std_t = self.prior_mean(prior_t), self.prior_std(prior_t)
            z_t = self._reparameterized_sample(enc_mean_t, enc_std_t)
            phi_z_t = self.phi_z(z_t)
            dec_mean_t = self.dec_mean(self.dec(torch.cat([phi_z_t, h[-1]], 1)))
            _, h = self.rnn(torch.cat([phi_x_t, phi_z_t], 1).unsqueeze(0), h)
            kld = self._kld_gauss(enc_mean_t, enc_std_t, prior_mean_t, prior_std_t)
            posterior, prior = Normal(enc_mean_t, enc_std_t), Normal(prior_mean_t, prior_std_t)
            assert torch.allclose(kld, kl_divergence(posterior, prior).sum(), rtol=1e-3)
            kld_loss += kld
            nll_loss += self._nll_bernoulli(dec_mean_t, x[t])
        return kld_loss, nll_loss

    def sample(self, seq_len):
        sample = torch.zeros(seq_len, self.x_dim)
        h = torch.zeros(self.n_layers, 1, self.h_dim)
        for t in range(seq_len):
            prior_t = self.prior(h[-1])
            z_t = self._reparameterized_sample(self.prior_mean(prior_t), self.prior_std(prior_t))
            phi_z_t = self.phi_z(z_t)
            dec_mean_t = self.dec_mean(self.dec(torch.cat([phi_z_t, h[-1]], 1)))
            _, h = self.rnn(torch.cat([self.phi_x(dec_mean_t), phi_z_t], 1).unsqueeze(0), h)
            sample[t] = dec_mean_t.data
        return sample

    def _reparameterized_sample(self, mean, std):
        eps = torch.randn_like(std)
        return eps.mul(std).add_(mean)

    def _kld_gauss(self, mean_1, std_1, mean_2, std_2):
        """Using std to compute KLD"""
        kld_element = (
            2 * torch.log(std_2 + EPS)
            - 2 * torch.log(std_1 + EPS)
            + (std_1.pow(2) + (mean_1 - mean_2).pow(2)) / std_2.pow(2)
            - 1
        )
        return 0.5 * torch.sum(kld_element)

    def _nll_bernoulli(self, theta, x):
        return -torch.sum(x * torch.log(theta + EPS) + (1 - x) * torch.log(1 - theta + EPS))


def make_pictures(count, size):
    # Blurred bars, of which each row is much like the one before.
    rng = np.random.RandomState(1)
    pictures = np.zeros((count, size, size))
    for picture in pictures:
        left = rng.randint(size - 2)
        for row in picture:
            left = int(np.clip(left + rng.randint(-1, 2), 0, size - 3))
            row[left : left + 3] = (0.6, 1.0, 0.6)
    return torch.from_numpy(pictures)


def train(epoch, model, optimizer, loader, clip=10):
    losses = []
    for _batch_idx, (data,) in enumerate(loader):
        data = data.to(next(model.parameters()).dtype)
        data = data.transpose(0, 1)
        data = (data - data.min()) / (data.max() - data.min())
        optimizer.zero_grad()
        kld_loss, nll_loss = model(data)
        # The divergence counts more from epoch to epoch.
        loss = min(1.0, 0.25 * epoch) * kld_loss + nll_loss
        loss.backward()
        optimizer.step()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        losses += [kld_loss.item() / len(data), nll_loss.item() / len(data)]
    return losses


def main():
    torch.manual_seed(128)
    dataset = torch.utils.data.TensorDataset(make_pictures(24, 6))
    loader = torch.utils.data.DataLoader(dataset, batch_size=8, shuffle=True)
    model = VRNN(6, 12, 4, 1)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    history = []
    for epoch in range(1, 4):
        history += train(epoch, model, optimizer, loader)
    with torch.no_grad():
        sample = model.sample(6)
    return history + sample.flatten().tolist()


if __name__ == "__main__":
    main()

"""Forecast series by a normal distribution, whose mean and deviation come from an LSTM."""

import logging
import math

import numpy as np
import torch
import torch.nn as nn
import torch.optim as optim
from torch.distributions.normal import Normal
from torch.utils.data import DataLoader, Dataset
from torch.utils.data.sampler import SubsetRandomSampler

logger = logging.getLogger("DeepAR.Net")


class Params(dict):
    __getattr__ = dict.__getitem__


class Net(nn.Module):
    def __init__(self, params):
        super(Net, self).__init__()
        self.params = params
        self.embedding = nn.Embedding(params.num_class, params.embedding_dim)
        self.lstm = nn.LSTM(
            input_size=1 + params.cov_dim + params.embedding_dim,
            hidden_size=params.lstm_hidden_dim,
            num_layers=params.lstm_layers,
            bias=True,
            batch_first=False,
        )
        # Initialize the forget gate's bias to one.
        for names in self.lstm._all_weights:
            for name in filter(lambda n: "bias" in n, names):
                bias = getattr(self.lstm, name)
                n = bias.size(0)
                start, end = n // 4, n // 2
                bias.data[start:end].fill_(1.0)
        self.relu = nn.ReLU()
        self.distribution_mu = nn.Linear(params.lstm_hidden_dim * params.lstm_layers, 1)
        self.distribution_presigma = nn.Linear(params.lstm_hidden_dim * params.lstm_layers, 1)
        self.distribution_sigma = nn.Softplus()

    def forward(self, x, idx, hidden, cell):
        onehot_embed = self.embedding(idx)
        lstm_input = torch.cat((x, onehot_embed), dim=2)
        output, (hidden, cell) = self.lstm(lstm_input, (hidden, cell))
        hidden_permute = hidden.permute(1, 2, 0).contiguous().view(hidden.shape[1], -1)
        pre_sigma = self.distribution_presigma(hidden_permute)
        mu = self.distribution_mu(hidden_permute)
        sigma = self.distribution_sigma(pre_sigma)
        return torch.squeeze(mu), torch.squeeze(sigma), hidden, cell

    def init_hidden(self, input_size):
        return torch.zeros(self.params.lstm_layers, input_size, self.params.lstm_hidden_dim)

    init_cell = init_hidden


def loss_fn(mu, sigma, labels):
    zero_index = labels != 0
    distribution = Normal(mu[zero_index], sigma[zero_index])
    likelihood = distribution.log_prob(labels[zero_index])
    return -torch.mean(likelihood)


class SeriesDataset(Dataset):
    def __init__(self, series, window):
        self.items = []
        for number, values in enumerate(series):
            for start in range(0, len(values) - window, window // 2):
                hours = np.arange(start, start + window)
                covariates = np.stack([np.sin(hours * math.pi / 6), hours / 50.0], axis=1)
                chunk = values[start : start + window + 1]
                data = np.concatenate([chunk[:-1, None], covariates], axis=1).astype(np.float32)
                self.items.append((data, number, chunk[1:].astype(np.float32)))

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def evaluate(model, data, params):
    """Feed back the means over the last steps, and give the normalized deviation."""
    model.eval()
    with torch.no_grad():
        x, idx, labels = data
        x = x.permute(1, 0, 2)
        idx = idx.unsqueeze(0)
        hidden, cell = model.init_hidden(x.shape[1]), model.init_cell(x.shape[1])
        for t in range(params.predict_start):
            mu, sigma, hidden, cell = model(x[t].unsqueeze(0), idx, hidden, cell)
        sample_mu = torch.zeros(x.shape[1], params.window - params.predict_start)
        for t in range(params.predict_start, params.window):
            x[t, :, 0] = mu
            mu, sigma, hidden, cell = model(x[t].unsqueeze(0), idx, hidden, cell)
            sample_mu[:, t - params.predict_start] = mu
        target = labels[:, params.predict_start :]
        diff = torch.sum(torch.abs(sample_mu - target)).item()
        rmse = torch.sqrt(((sample_mu - target) ** 2).mean()).item()
        return diff / torch.sum(torch.abs(target)).item(), rmse


def main():
    rng = np.random.RandomState(7)
    params = Params(
        num_class=4, embedding_dim=4, cov_dim=2, lstm_hidden_dim=12, lstm_layers=2, window=12, predict_start=8
    )
    hours = np.arange(60)
    series = [
        (1.5 + np.sin(hours * math.pi / 6 + phase) + 0.1 * rng.randn(60)) * (rng.rand(60) > 0.05)
        for phase in rng.rand(params.num_class)
    ]
    dataset = SeriesDataset(series, params.window)
    loader = DataLoader(dataset, batch_size=8, sampler=SubsetRandomSampler(range(len(dataset) - 4)))
    model = Net(params)
    optimizer = optim.Adam(model.parameters(), lr=1e-2)
    history = []
    for epoch in range(3):
        model.train()
        for i, (train_batch, idx, labels_batch) in enumerate(loader):
            optimizer.zero_grad()
            batch_size = train_batch.shape[0]
            train_batch = train_batch.permute(1, 0, 2).to(torch.float32)
            labels_batch = labels_batch.permute(1, 0).to(torch.float32)
            idx = idx.unsqueeze(0)
            loss = torch.zeros(1)
            hidden, cell = model.init_hidden(batch_size), model.init_cell(batch_size)
            mu = torch.zeros(batch_size)
            for t in range(params.window):
                # If z_t is missing, replace it by the mean of the step before.
                zero_index = train_batch[t, :, 0] == 0
                if t > 0 and torch.sum(zero_index) > 0:
                    train_batch[t, zero_index, 0] = mu[zero_index]
                mu, sigma, hidden, cell = model(train_batch[t].unsqueeze_(0).clone(), idx, hidden, cell)
                loss += loss_fn(mu, sigma, labels_batch[t])
            loss.backward()
            optimizer.step()
            history.append(loss.item() / params.window)
        logger.info("epoch %d: %f", epoch, history[-1])
    held_out = next(
        iter(DataLoader([dataset[i] for i in range(len(dataset) - 4, len(dataset))], batch_size=4))
    )
    history += evaluate(model, held_out, params)
    return history


if __name__ == "__main__":
    main()

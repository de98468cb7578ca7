"""Two networks against each other: one makes waves out of noise, the other tells them from real ones."""

import itertools

import numpy as np
import torch
import torch.nn as nn
from torch.autograd import Variable

cuda = True if torch.cuda.is_available() else False
Tensor = torch.cuda.FloatTensor if cuda else torch.FloatTensor

batch_size, steps, latent_dim = 8, 10, 3


def weights_init_normal(m):
    classname = m.__class__.__name__
    if classname.find("Linear") != -1:
        torch.nn.init.normal_(m.weight.data, 0.0, 0.1)
        torch.nn.init.constant_(m.bias.data, 0.0)
    elif classname.find("LSTM") != -1:
        for weight in itertools.chain.from_iterable(m.all_weights):
            torch.nn.init.uniform_(weight.data, -0.2, 0.2)


class Generator(nn.Module):
    def __init__(self, hidden=10):
        super(Generator, self).__init__()
        self.rnn = nn.LSTM(latent_dim, hidden, batch_first=True)
        self.out = nn.Sequential(
            nn.Linear(hidden, hidden), nn.LeakyReLU(0.2, inplace=True), nn.Linear(hidden, 1)
        )

    def forward(self, z):
        out, _ = self.rnn(z)
        return torch.tanh(self.out(out))


class Discriminator(nn.Module):
    def __init__(self, hidden=10):
        super(Discriminator, self).__init__()
        self.rnn = nn.LSTM(1, hidden, num_layers=2, batch_first=True)
        self.linear = nn.Linear(hidden, 1)

    def forward(self, x):
        _, (h, _) = self.rnn(x)
        return torch.sigmoid(self.linear(h[-1]))


def real_waves(rng):
    phase = rng.uniform(0, 2 * np.pi, (batch_size, 1))
    return 0.8 * np.sin(phase + 0.6 * np.arange(steps))[:, :, None]


def main():
    torch.manual_seed(6)
    rng = np.random.RandomState(6)
    adversarial_loss = torch.nn.BCELoss()
    generator, discriminator = Generator(), Discriminator()
    if cuda:
        generator.cuda()
        discriminator.cuda()
        adversarial_loss.cuda()
    generator.apply(weights_init_normal)
    discriminator.apply(weights_init_normal)
    optimizer_G = torch.optim.Adam(generator.parameters(), lr=0.003, betas=(0.5, 0.999))
    optimizer_D = torch.optim.RMSprop(discriminator.parameters(), lr=0.002, momentum=0.5)
    history = []
    for i in range(15):
        # Adversarial ground truths
        valid = Variable(Tensor(batch_size, 1).fill_(1.0), requires_grad=False)
        fake = Variable(Tensor(batch_size, 1).fill_(0.0), requires_grad=False)
        real = Variable(torch.from_numpy(real_waves(rng)).type(Tensor))

        for p in discriminator.parameters():
            p.requires_grad_(False)
        optimizer_G.zero_grad()
        z = Variable(Tensor(rng.normal(0, 1, (batch_size, steps, latent_dim))))
        gen = generator(z)
        g_loss = adversarial_loss(discriminator(gen), valid)
        g_loss.backward()
        optimizer_G.step()

        for p in discriminator.parameters():
            p.requires_grad_(True)
        optimizer_D.zero_grad()
        real_loss = adversarial_loss(discriminator(real), valid)
        fake_loss = adversarial_loss(discriminator(gen.detach()), fake)
        d_loss = (real_loss + fake_loss) / 2
        d_loss.backward()
        optimizer_D.step()
        if i % 5 == 4:
            print("[Batch %d] [D loss: %f] [G loss: %f]" % (i, d_loss.item(), g_loss.item()))
        history += [d_loss.item(), g_loss.item()]
    return history


if __name__ == "__main__":
    main()

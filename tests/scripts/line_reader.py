"""Read lines of drawn letters column by column with stacked bidirectional LSTMs, trained with Adadelta."""

from __future__ import print_function

import random

import numpy as np
import torch
import torch.nn as nn
from torch import optim

alphabet = "ab-"
HEIGHT = 6
GLYPHS = {
    "a": ["010", "101", "111", "101", "101", "000"],
    "b": ["110", "101", "110", "101", "110", "000"],
    "-": ["000", "000", "111", "000", "000", "000"],
}


class BidirectionalLSTM(nn.Module):
    def __init__(self, nIn, nHidden, nOut):
        super(BidirectionalLSTM, self).__init__()
        self.rnn = nn.LSTM(nIn, nHidden, bidirectional=True)
        self.embedding = nn.Linear(nHidden * 2, nOut)

    def forward(self, input):
        recurrent, _ = self.rnn(input)
        T, b, h = recurrent.size()
        t_rec = recurrent.view(T * b, h)
        output = self.embedding(t_rec)  # [T * b, nOut]
        return output.view(T, b, -1)


class Reader(nn.Module):
    def __init__(self, imgH, nclass, nh):
        super(Reader, self).__init__()
        self.rnn = nn.Sequential(BidirectionalLSTM(imgH, nh, nh), BidirectionalLSTM(nh, nh, nclass))

    def forward(self, images):
        # b c h w -> w b h
        b, c, h, w = images.size()
        assert c == 1, "the images are grey"
        conv = images.squeeze(1)
        conv = conv.permute(2, 0, 1)
        return self.rnn(conv)


class averager(object):
    """Compute average for `torch.Tensor`."""

    def __init__(self):
        self.reset()

    def add(self, v):
        self.n_count += v.data.numel()
        self.sum += v.data.sum()

    def reset(self):
        self.n_count = 0
        self.sum = 0

    def val(self):
        return self.sum / float(self.n_count) if self.n_count != 0 else 0


def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Linear") != -1:
        m.weight.data.normal_(0.0, 0.4)
        m.bias.data.fill_(0)
    elif classname.find("LSTM") != -1:
        for name, p in m.named_parameters():
            if "weight_hh" in name:
                nn.init.orthogonal_(p.data)


def loadData(v, data):
    v.data.copy_(data)


def draw(text, rng):
    columns = np.concatenate(
        [np.array([[int(c) for c in row] for row in GLYPHS[letter]], dtype=float) for letter in text], axis=1
    )
    return columns + 0.15 * rng.randn(*columns.shape)


def main():
    random.seed(8)
    torch.manual_seed(8)
    rng = np.random.RandomState(8)
    crnn = Reader(HEIGHT, len(alphabet), 8)
    crnn.apply(weights_init)
    criterion = nn.CrossEntropyLoss(reduction="none")
    image = torch.FloatTensor(5, 1, HEIGHT, 12)
    label = torch.LongTensor(5 * 12)
    optimizer = optim.Adadelta(crnn.parameters(), lr=1.0, rho=0.9)
    loss_avg = averager()
    history = []
    for i in range(24):
        texts = ["".join(random.choice(alphabet) for _ in range(4)) for _ in range(5)]
        cpu_images = torch.from_numpy(np.stack([draw(text, rng) for text in texts])).float().unsqueeze(1)
        columns = [[alphabet.index(c) for c in text for _ in range(3)] for text in texts]
        loadData(image, cpu_images)
        loadData(label, torch.IntTensor(columns).t().contiguous().view(-1).long())
        for p in crnn.parameters():
            p.requires_grad = True
        crnn.train()
        preds = crnn(image)
        cost = criterion(preds.view(-1, len(alphabet)), label)
        crnn.zero_grad()
        cost.mean().backward()
        optimizer.step()
        loss_avg.add(cost)
        if (i + 1) % 8 == 0:
            history.append(float(loss_avg.val()))
            loss_avg.reset()
        history.append(cost.mean().item())

    for p in crnn.parameters():
        p.requires_grad = False
    crnn.eval()
    _, preds = crnn(image).max(2)
    preds = preds.transpose(1, 0).contiguous().view(-1)
    n_correct = int((preds == label.view(12, 5).t().reshape(-1)).sum())
    sim_pred = "".join(alphabet[int(i)] for i in preds[1:12:3])
    print("%-20s => %-20s" % ("read", sim_pred))
    return history + [n_correct]


if __name__ == "__main__":
    main()

"""A word-level language model: truncated backpropagation, tied weights, SGD by hand."""

import math
import os
import tempfile
import time

import numpy as np
import torch
import torch.nn as nn


class Dictionary(object):
    def __init__(self):
        self.word2idx = {}
        self.idx2word = []

    def add_word(self, word):
        if word not in self.word2idx:
            self.idx2word.append(word)
            self.word2idx[word] = len(self.idx2word) - 1
        return self.word2idx[word]


class RNNModel(nn.Module):
    """Container module with an encoder, a recurrent module, and a decoder."""

    def __init__(self, rnn_type, ntoken, ninp, nhid, nlayers, tie_weights=False):
        super(RNNModel, self).__init__()
        self.encoder = nn.Embedding(ntoken, ninp)
        if rnn_type in ["LSTM", "GRU"]:
            self.rnn = getattr(nn, rnn_type)(ninp, nhid, nlayers)
        else:
            self.rnn = nn.RNN(ninp, nhid, nlayers, nonlinearity={"RNN_TANH": "tanh"}[rnn_type])
        self.decoder = nn.Linear(nhid, ntoken)
        if tie_weights:
            if nhid != ninp:
                raise ValueError("When using the tied flag, nhid must be equal to emsize")
            self.decoder.weight = self.encoder.weight
        self.rnn_type = rnn_type
        self.nhid = nhid
        self.nlayers = nlayers
        self.init_weights(np.random.RandomState(3))

    def init_weights(self, rng, initrange=0.3):
        for p in self.parameters():
            p.data.copy_(torch.from_numpy(rng.uniform(-initrange, initrange, tuple(p.size()))))
        self.decoder.bias.data.zero_()

    def forward(self, input, hidden):
        emb = self.encoder(input)
        output, hidden = self.rnn(emb, hidden)
        decoded = self.decoder(output.view(output.size(0) * output.size(1), output.size(2)))
        return decoded.view(output.size(0), output.size(1), decoded.size(1)), hidden

    def init_hidden(self, bsz):
        weight = next(self.parameters())
        if self.rnn_type == "LSTM":
            return (
                weight.new_zeros(self.nlayers, bsz, self.nhid),
                weight.new_zeros(self.nlayers, bsz, self.nhid),
            )
        return weight.new_zeros(self.nlayers, bsz, self.nhid)


def repackage_hidden(h):
    """Wraps hidden states in new Tensors, to detach them from their history."""
    if isinstance(h, torch.Tensor):
        return h.detach()
    return tuple(repackage_hidden(v) for v in h)


def make_corpus(sentences):
    # A made-up language in which most words follow from the one before.
    rng = np.random.RandomState(0)
    dictionary, ids = Dictionary(), []
    words = ["w%d" % i for i in range(12)] + ["<eos>"]
    for word in words:
        dictionary.add_word(word)
    for _ in range(sentences):
        word = rng.randint(12)
        for _ in range(rng.randint(4, 9)):
            ids.append(dictionary.word2idx[words[word]])
            word = (3 * word + 1 + int(rng.rand() < 0.2)) % 12
        ids.append(dictionary.word2idx["<eos>"])
    return dictionary, torch.LongTensor(ids)


def batchify(data, bsz):
    nbatch = data.size(0) // bsz
    data = data.narrow(0, 0, nbatch * bsz)
    return data.view(bsz, -1).t().contiguous()


def get_batch(source, i, bptt):
    seq_len = min(bptt, len(source) - 1 - i)
    return source[i : i + seq_len], source[i + 1 : i + 1 + seq_len].view(-1)


def evaluate(model, criterion, source, bptt, ntokens):
    model.eval()
    total_loss = 0.0
    hidden = model.init_hidden(source.size(1))
    with torch.no_grad():
        for i in range(0, source.size(0) - 1, bptt):
            data, targets = get_batch(source, i, bptt)
            output, hidden = model(data, hidden)
            total_loss += len(data) * criterion(output.view(-1, ntokens), targets).item()
            hidden = repackage_hidden(hidden)
    return total_loss / (len(source) - 1)


def train_model(rnn_type, train_data, val_data, ntokens, folder, epochs=3, bptt=7, lr=4.0, clip=0.25):
    model = RNNModel(rnn_type, ntokens, 10, 10, 2, tie_weights=True)
    criterion = nn.CrossEntropyLoss()
    save = os.path.join(folder, rnn_type + ".pt")
    best_val_loss = None
    losses = []
    for _ in range(epochs):
        start_time = time.time()
        model.train()
        hidden = model.init_hidden(train_data.size(1))
        for i in range(0, train_data.size(0) - 1, bptt):
            data, targets = get_batch(train_data, i, bptt)
            # Starting each batch, we detach the hidden state from how it was previously produced.
            hidden = repackage_hidden(hidden)
            model.zero_grad()
            output, hidden = model(data, hidden)
            loss = criterion(output.view(-1, ntokens), targets)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), clip)
            for p in model.parameters():
                p.data.add_(p.grad, alpha=-lr)
            losses.append(loss.item())
        val_loss = evaluate(model, criterion, val_data, bptt, ntokens)
        assert time.time() >= start_time
        losses.append(val_loss)
        if not best_val_loss or val_loss < best_val_loss:
            torch.save(model.state_dict(), save)
            best_val_loss = val_loss
        else:
            # Anneal the learning rate if no improvement has been seen in the validation dataset.
            lr /= 4.0
    model.load_state_dict(torch.load(save))
    losses.append(evaluate(model, criterion, val_data, bptt, ntokens))
    assert math.exp(losses[-1]) < ntokens
    return losses


def main():
    dictionary, ids = make_corpus(60)
    ntokens = len(dictionary.idx2word)
    train_data, val_data = batchify(ids[:300], 6), batchify(ids[300:], 3)
    losses = []
    with tempfile.TemporaryDirectory() as folder:
        for rnn_type in ("LSTM", "GRU", "RNN_TANH"):
            losses += train_model(rnn_type, train_data, val_data, ntokens, folder)
    return losses


if __name__ == "__main__":
    main()

"""Classify made-up names letter by letter, with a recurrent network and SGD written by hand."""

import math
import random
import string
import time

import numpy as np
import torch
import torch.nn as nn
from torch.autograd import Variable

all_letters = string.ascii_letters + " .,;'"
n_letters = len(all_letters)
n_hidden = 24
learning_rate = 0.05

SYLLABLES = {
    "Vowelish": ["ai", "oo", "eo", "ua", "li"],
    "Consonantish": ["krt", "szk", "prch", "vl", "dr"],
    "Mixed": ["ban", "to", "ker", "mi", "ros"],
}
all_categories = sorted(SYLLABLES)


class RNN(nn.Module):
    def __init__(self, input_size, hidden_size, output_size):
        super(RNN, self).__init__()
        self.hidden_size = hidden_size
        self.i2h = nn.Linear(input_size + hidden_size, hidden_size)
        self.i2o = nn.Linear(input_size + hidden_size, output_size)
        self.softmax = nn.LogSoftmax(dim=1)

    def forward(self, input, hidden):
        combined = torch.cat((input, hidden), 1)
        hidden = torch.tanh(self.i2h(combined))
        output = self.i2o(combined)
        output = self.softmax(output)
        return output, hidden

    def init_hidden(self):
        return Variable(torch.zeros(1, self.hidden_size))


def letter_to_index(letter):
    return all_letters.find(letter)


def line_to_tensor(line):
    tensor = torch.zeros(len(line), 1, n_letters)
    for li, letter in enumerate(line):
        tensor[li][0][letter_to_index(letter)] = 1
    return tensor


def category_from_output(output):
    top_n, top_i = output.data.topk(1)
    category_i = int(top_i[0][0])
    return all_categories[category_i], category_i


def random_training_pair():
    category = random.choice(all_categories)
    line = "".join(random.choice(SYLLABLES[category]) for _ in range(random.randint(2, 3))).title()
    category_tensor = Variable(torch.LongTensor([all_categories.index(category)]))
    line_tensor = Variable(line_to_tensor(line))
    return category, line, category_tensor, line_tensor


def train(rnn, criterion, category_tensor, line_tensor):
    hidden = rnn.init_hidden()
    rnn.zero_grad()
    for i in range(line_tensor.size()[0]):
        output, hidden = rnn(line_tensor[i], hidden)
    loss = criterion(output, category_tensor)
    loss.backward()
    # Add parameters' gradients to their values, multiplied by learning rate
    for p in rnn.parameters():
        p.data.add_(p.grad.data, alpha=-learning_rate)
    return output, loss.item()


def time_since(since):
    s = time.time() - since
    m = math.floor(s / 60)
    return "%dm %ds" % (m, s - m * 60)


def main():
    random.seed(2)
    rng = np.random.RandomState(2)
    rnn = RNN(n_letters, n_hidden, len(all_categories))
    for p in rnn.parameters():
        bound = 1.0 / math.sqrt(p.size(-1))
        p.data = torch.tensor(rng.uniform(-bound, bound, p.size()), dtype=p.dtype)
    criterion = nn.NLLLoss()
    current_loss = 0
    all_losses = []
    correct = 0
    start = time.time()
    for iteration in range(1, 151):
        category, line, category_tensor, line_tensor = random_training_pair()
        output, loss = train(rnn, criterion, category_tensor, line_tensor)
        current_loss += loss
        guess, guess_i = category_from_output(output)
        correct += guess == category
        if iteration % 10 == 0:
            all_losses.append(current_loss / 10)
            current_loss = 0
    assert time_since(start).endswith("s")

    # Keep track of guesses in a confusion matrix
    confusion = torch.zeros(len(all_categories), len(all_categories))
    with torch.no_grad():
        for _ in range(20):
            category, line, category_tensor, line_tensor = random_training_pair()
            hidden = rnn.init_hidden()
            for i in range(line_tensor.size(0)):
                output, hidden = rnn(line_tensor[i], hidden)
            guess, guess_i = category_from_output(output)
            confusion[all_categories.index(category)][guess_i] += 1
    for i in range(len(all_categories)):
        confusion[i] = confusion[i] / max(confusion[i].sum(), 1)
    return all_losses + [correct] + confusion.view(-1).tolist()


if __name__ == "__main__":
    main()

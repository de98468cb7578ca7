"""Classify reviews as good or bad by a bidirectional LSTM over packed sequences of words."""

import os
import random
from collections import Counter

import torch
import torch.nn as nn
import torch.optim as optim
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence, pad_sequence
from torch.utils.data import DataLoader, Dataset

PAD, UNK = "<pad>", "<unk>"
GOOD = ["great", "lovely", "moving", "superb"]
BAD = ["dull", "awful", "boring", "weak"]
PLAIN = ["the", "film", "plot", "was", "and", "a", "cast", "is", "with"]


class ReviewDataset(Dataset):
    def __init__(self, texts, labels, vocab):
        self.labels = labels
        self.data = [[vocab.get(w, vocab[UNK]) for w in text] for text in texts]

    def __len__(self):
        return len(self.data)

    def __getitem__(self, idx):
        return torch.tensor(self.data[idx]), self.labels[idx]


def collate_fn(batch):
    texts, labels = zip(*batch)
    lengths = torch.tensor([len(t) for t in texts])
    padded = pad_sequence(texts, batch_first=True, padding_value=0)
    return padded, lengths, torch.tensor(labels).float()


class SentimentRNN(nn.Module):
    def __init__(self, vocab_size, embed_dim, hidden_dim, output_dim=1, n_layers=2, dropout=0.2):
        super().__init__()
        self.embedding = nn.Embedding(vocab_size, embed_dim, padding_idx=0)
        self.rnn = nn.LSTM(embed_dim, hidden_dim, num_layers=n_layers, bidirectional=True, batch_first=True)
        self.fc = nn.Linear(hidden_dim * 2, output_dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, text, text_lengths):
        embedded = self.dropout(self.embedding(text))
        packed_embedded = pack_padded_sequence(
            embedded, text_lengths.to("cpu"), batch_first=True, enforce_sorted=False
        )
        packed_output, (hidden, cell) = self.rnn(packed_embedded)
        output, output_lengths = pad_packed_sequence(packed_output, batch_first=True)
        # Half of what is judged is the last state, half the mean over the words of each review.
        mean = output.sum(dim=1) / output_lengths.unsqueeze(1).to(output.dtype)
        hidden = self.dropout(torch.cat((hidden[-2, :, :], hidden[-1, :, :]), dim=1))
        return self.fc(hidden + mean)


def binary_accuracy(preds, y):
    rounded_preds = torch.round(torch.sigmoid(preds))
    correct = (rounded_preds == y).float()
    return correct.sum() / len(correct)


def make_reviews(count):
    random.seed(4)
    texts, labels = [], []
    for _ in range(count):
        label = random.randint(0, 1)
        words = [random.choice(PLAIN) for _ in range(random.randint(2, 7))]
        words.insert(random.randrange(len(words)), random.choice(GOOD if label else BAD))
        texts.append(words)
        labels.append(label)
    return texts, labels


def run_epoch(model, iterator, criterion, optimizer=None):
    epoch_loss = epoch_acc = 0
    model.train(optimizer is not None)
    with torch.set_grad_enabled(optimizer is not None):
        for text, lengths, labels in iterator:
            predictions = model(text, lengths).squeeze(1)
            loss = criterion(predictions, labels.to(predictions.dtype))
            acc = binary_accuracy(predictions, labels)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            epoch_loss += loss.item()
            epoch_acc += acc.item()
    return epoch_loss / len(iterator), epoch_acc / len(iterator)


def count_parameters(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def main():
    torch.manual_seed(4)
    texts, labels = make_reviews(80)
    counts = Counter(w for text in texts[:60] for w in text)
    vocab = {PAD: 0, UNK: 1}
    for word, _ in counts.most_common(16):
        vocab[word] = len(vocab)
    workers = int(os.environ.get("NUM_WORKERS", "0"))
    train_loader = DataLoader(
        ReviewDataset(texts[:60], labels[:60], vocab),
        batch_size=16,
        shuffle=True,
        num_workers=workers,
        collate_fn=collate_fn,
        pin_memory=torch.cuda.is_available(),
    )
    valid_loader = DataLoader(
        ReviewDataset(texts[60:], labels[60:], vocab), batch_size=16, collate_fn=collate_fn
    )
    model = SentimentRNN(len(vocab), 8, 8)
    assert count_parameters(model) > 1000
    model.embedding.weight.data[0] = torch.zeros(8)
    optimizer = optim.Adam(model.parameters(), lr=5e-3)
    criterion = nn.BCEWithLogitsLoss()
    history = []
    for _ in range(4):
        history += run_epoch(model, train_loader, criterion, optimizer)
        history += run_epoch(model, valid_loader, criterion)
    assert model.embedding.weight[0].abs().sum() == 0
    return history


if __name__ == "__main__":
    main()

"""Learn to predict the next word of a text, with an LSTM, tied weights and truncated back-propagation.

The text is drawn from a small grammar of English, in which a word can depend on one far before it:

    the whales near the pirate that the divers rescue sink . they drift .

"sink" is plural because of "whales", whatever stands between them, "they" because of the sentence before, and
each sentence tends to keep to the topic of the one before. So a model that looks at two words does not
get far. As the grammar's own probabilities are known, so is the best perplexity that any model can reach.

The network is torch's word_language_model: the words are laid out in columns that are read in parallel, a few
steps at a time; the state is carried from one chunk of steps to the next, but detached, so that gradients end
at the chunk's beginning. The weights that read words are those that write them (tied).

The program prints a text that the network writes, the perplexity of the network and of counts of one, two and
three words, and how often each prefers the right form of a verb ("sink") to the wrong one ("sinks").

    python examples/language_model.py --epochs 10

Source: Press & Wolf 2017, "Using the output embedding to improve language models" (tied weights); Witten &
Bell 1991 (how to mix the counts); Linzen, Dupoux & Goldberg 2016, "Assessing the ability of LSTMs to learn
syntax-sensitive dependencies" (what is measured at verbs).
"""

from __future__ import annotations

import argparse
import math
import random
from collections import Counter
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

import mytorch as torch

nn = torch.nn

# A topic has its own nouns, verbs without an object, and verbs with one. All add an s: nouns in the plural,
# verbs in the singular.
TOPICS = [
    (
        ["sailor", "captain", "diver", "pirate", "whale", "gull", "crab", "seal"],
        ["swim", "float", "sink", "dive", "drift"],
        ["follow", "rescue", "spot", "tow", "hunt"],
    ),
    (
        ["singer", "dancer", "actor", "poet", "clown", "juggler", "drummer", "guitarist"],
        ["sing", "dance", "bow", "rehearse", "perform"],
        ["applaud", "imitate", "praise", "introduce", "admire"],
    ),
    (
        ["farmer", "goat", "cow", "hen", "horse", "shepherd", "duck", "donkey"],
        ["graze", "sleep", "eat", "rest", "yawn"],
        ["feed", "chase", "herd", "groom", "lead"],
    ),
    (
        ["doctor", "student", "professor", "chemist", "engineer", "robot", "nurse", "expert"],
        ["think", "argue", "wait", "calculate", "blink"],
        ["test", "train", "examine", "correct", "cure"],
    ),
]
ADJECTIVES = ["old", "young", "tall", "happy", "hungry", "clever"]
PREPOSITIONS = ["near", "behind", "beside"]

# A verb agrees with a noun before it, though so many nouns of the other number may stand between the two. A
# pronoun agrees with the subject of the sentence before.
KINDS = ["0 between", "1 between", "2 or more", "it or they"]


class Writer:
    """Writes sentences of the grammar, and keeps the probability of all choices that it made.

    A text has one derivation only, so that the product of the choices is the probability of the text.

    Attributes:
        words: the words written so far.
        nats: minus the logarithm of their probability.
        forms: of each word that agrees with a subject, its place, the form that would be wrong, and its kind,
            which is one of `KINDS`.
    """

    def __init__(self, seed: int) -> None:
        self.chooser = random.Random(seed)
        self.words: list[str] = []
        self.nats = 0.0
        self.forms: list[tuple[int, str, str]] = []
        self.nouns: list[bool] = []  # which of the nouns so far are plural
        self.topic = TOPICS[0]
        self.subject: bool | None = None  # whether the last sentence's subject is plural

    def happens(self, probability: float) -> bool:
        """Choose whether something happens."""
        chosen = self.chooser.random() < probability
        self.nats -= math.log(probability if chosen else 1 - probability)
        return chosen

    def one_of(self, options: list) -> object:
        """Choose one of several options that are equally likely."""
        self.nats += math.log(len(options))
        return self.chooser.choice(options)

    def noun(self) -> bool:
        """Write "the old sailors"; return whether they are many."""
        self.words.append("the")
        if self.happens(0.3):
            self.words.append(self.one_of(ADJECTIVES))
        noun, plural = self.one_of(self.topic[0]), self.happens(0.5)
        self.words.append(noun + "s" * plural)
        self.nouns.append(plural)
        return plural

    def verb(self, verbs: list[str], plural: bool, subject: int) -> None:
        """Write a verb in the form of its subject, which is a given noun, counted from the first."""
        verb = self.one_of(verbs)
        between = sum(other != plural for other in self.nouns[subject + 1 :])
        self.forms.append((len(self.words), verb + "s" * plural, KINDS[min(between, 2)]))
        self.words.append(verb + "s" * (not plural))

    def noun_phrase(self, depth: int) -> tuple[bool, int]:
        """Write a noun and what is said of it; return whether it is plural, and which noun it is."""
        subject, plural = len(self.nouns), self.noun()
        if self.happens(0.25):
            self.words.append(self.one_of(PREPOSITIONS))
            self.noun()
        if depth < 2 and self.happens((0.3, 0.15)[depth]):
            self.words.append("that")
            if self.happens(0.5):
                self.verb_phrase(plural, subject, depth + 1)
            else:
                self.verb(self.topic[2], *self.noun_phrase(depth + 1))
        return plural, subject

    def verb_phrase(self, plural: bool, subject: int, depth: int) -> None:
        """Write a verb, with or without an object."""
        if self.happens(0.5):
            self.verb(self.topic[1], plural, subject)
        else:
            self.verb(self.topic[2], plural, subject)
            self.noun_phrase(depth + 1)

    def sentence(self) -> None:
        """Write a sentence, which may go on about the subject of the last."""
        if self.subject is not None and self.happens(0.3):
            right, wrong = ("they", "it") if self.subject else ("it", "they")
            self.forms.append((len(self.words), wrong, KINDS[3]))
            self.words.append(right)
            self.nouns.append(self.subject)
            plural, subject = self.subject, len(self.nouns) - 1
        else:
            if self.happens(0.1):
                self.topic = self.one_of([topic for topic in TOPICS if topic is not self.topic])
            plural, subject = self.noun_phrase(0)
        self.verb_phrase(plural, subject, 0)
        self.words.append(".")
        self.subject = plural


def write(count: int, seed: int) -> Writer:
    """Write a text of whole sentences with at least a given number of words."""
    writer = Writer(seed)
    while len(writer.words) < count:
        writer.sentence()
    return writer


def vocabulary() -> list[str]:
    """List all words of the grammar."""
    either = [word + ending for topic in TOPICS for words in topic for word in words for ending in ("", "s")]
    return [".", "the", "that", "it", "they", *ADJECTIVES, *PREPOSITIONS, *either]


WORDS = vocabulary()
NUMBER_OF = {word: number for number, word in enumerate(WORDS)}


class LanguageModel(nn.Module):
    """An LSTM between an embedding and a linear layer that share their weights."""

    def __init__(self, size: int, layers: int, dropout: float) -> None:
        super().__init__()
        self.drop = nn.Dropout(dropout)
        self.encoder = nn.Embedding(len(WORDS), size)
        self.lstm = nn.LSTM(size, size, layers, dropout=dropout if layers > 1 else 0.0)
        self.decoder = nn.Linear(size, len(WORDS))
        self.decoder.weight = self.encoder.weight
        nn.init.uniform_(self.encoder.weight, -0.1, 0.1)
        nn.init.zeros_(self.decoder.bias)

    def forward(self, words: torch.Tensor, state: tuple | None = None) -> tuple[torch.Tensor, tuple]:
        """Return the scores of each next word of (T, N), as (T, N, words), and the state after the last."""
        states, state = self.lstm(self.drop(self.encoder(words)), state)
        return self.decoder(self.drop(states)), state


def batchify(words: list[str], columns: int) -> torch.Tensor:
    """Cut a text into columns of equal length, which are read side by side, (T, N)."""
    numbers = torch.tensor([NUMBER_OF[word] for word in words])
    length = len(numbers) // columns
    return numbers[: length * columns].view(columns, length).t().contiguous()


def chunks(data: torch.Tensor, steps: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Cut the columns into chunks of at most so many steps, and pair them with the words that follow."""
    starts = range(0, len(data) - 1, steps)
    return [(data[:-1][start : start + steps], data[1:][start : start + steps]) for start in starts]


def train_epoch(
    model: LanguageModel, data: torch.Tensor, optimizer: torch.optim.Optimizer, options: argparse.Namespace
) -> list[float]:
    """Read the text once; return the loss of each chunk."""
    model.train()
    losses, state = [], None
    for words, following in chunks(data, options.bptt):
        if state is not None:
            state = tuple(part.detach() for part in state)  # gradients end here; the numbers are carried on
        scores, state = model(words, state)
        loss = nn.functional.cross_entropy(scores.flatten(0, 1), following.flatten())
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), options.clip)
        optimizer.step()
        losses.append(loss.item())
    return losses


def log_probabilities(model: LanguageModel, data: torch.Tensor) -> torch.Tensor:
    """Return the logarithms of the probability of every word after each but the last, (T - 1, N, words)."""
    model.eval()
    state, results = None, []
    with torch.no_grad():
        for words, _ in chunks(data, 200):
            scores, state = model(words, state)
            results.append(torch.log_softmax(scores, dim=-1))
    return torch.cat(results)


def loss_on(model: LanguageModel, data: torch.Tensor) -> float:
    """Return the mean loss per word."""
    return nn.functional.nll_loss(log_probabilities(model, data).flatten(0, 1), data[1:].flatten()).item()


def train(
    model: LanguageModel, text: list[str], unseen: list[str], options: argparse.Namespace
) -> tuple[list[float], list[float]]:
    """Train with SGD, at a quarter of the rate from wherever an epoch was of no use.

    Returns:
        The loss of every training step, and the loss on the unseen text after each epoch.
    """
    data, choose = batchify(text, options.batch), batchify(unseen, 10)
    optimizer = torch.optim.SGD(model.parameters(), lr=options.lr)
    losses, history = [], []
    with tqdm(range(options.epochs), desc="train") as bar:
        for _ in bar:
            losses += train_epoch(model, data, optimizer, options)
            history.append(loss_on(model, choose))
            if history[-1] > min(history):
                optimizer.param_groups[0]["lr"] /= 4
            bar.set_postfix(perplexity=f"{math.exp(history[-1]):.2f}")
    return losses, history


def continue_text(model: LanguageModel, start: list[str], count: int) -> list[str]:
    """Let the model write words, each drawn from its own probabilities."""
    model.eval()
    words, state = list(start), None
    read = torch.tensor([[NUMBER_OF[word]] for word in start])
    with torch.no_grad():
        for _ in range(count):
            scores, state = model(read, state)
            drawn = torch.multinomial(torch.softmax(scores[-1, 0], dim=0), 1)
            words.append(WORDS[drawn.item()])
            read = drawn.view(1, 1)
    return words


def counted(numbers: np.ndarray, order: int) -> np.ndarray:
    """Estimate the probability of a word after the `order - 1` words before it, by counts.

    What was seen rarely is mixed with the estimate from one word less, by the rule of Witten and Bell.

    Returns:
        An array with an axis per word; those on the last sum to one.
    """
    lower = np.float64(1 / len(WORDS)) if order == 1 else counted(numbers, order - 1)
    counts = np.zeros((len(WORDS),) * order)
    np.add.at(counts, tuple(numbers[start : len(numbers) - order + 1 + start] for start in range(order)), 1)
    kinds = np.maximum((counts > 0).sum(axis=-1, keepdims=True), 1)
    return (counts + kinds * lower) / (counts.sum(axis=-1, keepdims=True) + kinds)


def predictions(model: LanguageModel, text: list[str], test: list[str]) -> dict[str, np.ndarray]:
    """Predict each word of a text but the first from those before it, by counts and by the network.

    Returns:
        By name, the logarithms of the probability of each word at each place, (T - 1, words).
    """
    known, asked = (np.array([NUMBER_OF[word] for word in words]) for words in (text, test))
    last = asked[:-1]
    before = np.concatenate([[NUMBER_OF["."]], last[:-1]])
    return {
        "1 word": np.log(np.broadcast_to(counted(known, 1), (len(last), len(WORDS)))),
        "2 words": np.log(counted(known, 2)[last]),
        "3 words": np.log(counted(known, 3)[before, last]),
        # In one column, so that all of the text is before a word.
        "LSTM": log_probabilities(model, batchify(test, 1)).squeeze(1).numpy(),
    }


def forms_right(predicted: np.ndarray, test: Writer) -> list[float]:
    """Return how often the right form is more probable than the wrong one, by kind."""
    right: dict[str, list[bool]] = {kind: [] for kind in KINDS}
    for place, wrong, kind in test.forms:
        here = predicted[place - 1]
        right[kind].append(here[NUMBER_OF[test.words[place]]] > here[NUMBER_OF[wrong]])
    return [float(np.mean(found)) if found else math.nan for found in right.values()]


def draw(
    history: list[float], perplexity: dict[str, float], right: dict[str, list[float]], path: Path
) -> None:
    """Plot the perplexity by epoch next to that of the others, and the share of right forms."""
    colours = {"1 word": "tab:red", "2 words": "tab:orange", "3 words": "tab:olive", "LSTM": "tab:blue"}
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, bars = figure.subplots(1, 2)
    left.plot(range(1, len(history) + 1), np.exp(history), ".-", color="tab:blue", label="LSTM, unseen text")
    for name in ("2 words", "3 words", "the grammar itself"):
        left.axhline(perplexity[name], color=colours.get(name, "black"), linestyle="--", label=name)
    left.set(title="Perplexity", xlabel="epoch", ylim=(0, None))
    left.xaxis.get_major_locator().set_params(integer=True)
    for offset, (name, shares) in enumerate(right.items()):
        places = np.arange(len(KINDS)) + 0.2 * (offset - 1.5)
        bars.bar(places, 100 * np.array(shares), 0.2, color=colours[name], label=name)
    bars.axhline(50, color="grey", linestyle="--", linewidth=1)
    bars.set_xticks(range(len(KINDS)), KINDS)
    bars.set(title="Right form preferred to the wrong one, in %", xlabel="nouns of the other number")
    for axes, place in ((left, "best"), (bars, "lower right")):
        axes.legend(loc=place)
        axes.grid(alpha=0.3)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def main() -> None:
    """Train a language model, let it write, and compare it with counts of words."""
    parser = argparse.ArgumentParser(description="Learn to predict the words of a text.")
    parser.add_argument("--words", type=int, default=60_000, help="to learn from (default: %(default)s)")
    parser.add_argument("--tests", type=int, default=30_000, help="to test with (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=20, help="passes over them (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=20, help="columns of text (default: %(default)s)")
    parser.add_argument("--bptt", type=int, default=35, help="steps per chunk (default: %(default)s)")
    parser.add_argument("--size", type=int, default=64, help="of embedding and state (default: %(default)s)")
    parser.add_argument("--layers", type=int, default=1, help="of the LSTM (default: %(default)s)")
    parser.add_argument("--dropout", type=float, default=0.1, help="(default: %(default)s)")
    parser.add_argument("--lr", type=float, default=20.0, help="first learning rate (default: %(default)s)")
    parser.add_argument("--clip", type=float, default=0.25, help="norm of gradients (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out" / "language_model.png")
    options = parser.parse_args()

    counts = (options.words, 5_000, options.tests)
    text, choose, test = (write(count, seed) for seed, count in enumerate(counts))
    torch.manual_seed(options.seed)
    model = LanguageModel(options.size, options.layers, options.dropout)
    _, history = train(model, text.words, choose.words, options)

    start = ["the", "pirates", "near", "the", "whale"]
    print("The network goes on:", " ".join(continue_text(model, start, 40)), sep="\n")

    predicted = predictions(model, text.words, test.words)
    followed = [NUMBER_OF[word] for word in test.words[1:]]
    perplexity = {
        name: math.exp(-log_p[range(len(followed)), followed].mean()) for name, log_p in predicted.items()
    }
    perplexity["the grammar itself"] = math.exp(test.nats / len(test.words))
    right = {name: forms_right(log_p, test) for name, log_p in predicted.items()}
    print(f"{'':<32}right form preferred, by nouns of the other number")
    print(f"{'predicted by':<20}{'perplexity':>12}" + "".join(f"{kind:>12}" for kind in KINDS))
    for name, value in perplexity.items():
        shares = "".join(f"{share:>12.1%}" for share in right.get(name, []))
        print(f"{name:<20}{value:>12.2f}{shares}")
    kinds = Counter(kind for *_, kind in test.forms)
    print(f"{'forms in the test':<32}" + "".join(f"{kinds[kind]:>12,}" for kind in KINDS))
    draw(history, perplexity, right, options.out)
    print(f"picture: {options.out}")


if __name__ == "__main__":
    main()

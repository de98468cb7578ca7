"""Translate dates as people write them into ISO dates, with an LSTM encoder, an LSTM decoder and attention.

"the 3rd of March, 1984", "3.3.1984" and "Mar 3, 84" all become "1984-03-03". The encoder reads the text,
letter by letter and in both directions. The decoder writes ten letters. For each, attention weights the
encoder's states by how well they match the decoder's state. Attention is the step from recurrent networks to
the transformer. For comparison, the same network is trained without attention: its decoder knows of the text
only the last state of each direction.

Texts of different lengths are packed, so that the encoder reads no padding. In training the decoder's input
is the right letter before (teacher forcing); afterwards it is the letter it found most probable (greedy).

Numbers stand in the order day, month; a year of two digits is in 1970–2029, as all dates here are. A tenth
of all days is held out: no text of those days is used in training, and the accuracy is measured on them.

    python examples/translate_dates.py --steps 150

Source: Bahdanau, Cho & Bengio 2015, "Neural machine translation by jointly learning to align and translate";
the score is the bilinear one of Luong, Pham & Manning 2015.
"""

from __future__ import annotations

import argparse
import random
from datetime import date, timedelta
from pathlib import Path

from matplotlib.figure import Figure
from tqdm import tqdm

import mytorch as torch

nn, F = torch.nn, torch.nn.functional

# Written out, because the names that strftime returns depend on the language of the machine.
MONTHS = ["January", "February", "March", "April", "May", "June", "July"]
MONTHS += ["August", "September", "October", "November", "December"]
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
FIRST, LAST = date(1970, 1, 1), date(2029, 12, 31)

PADDING = 0  # fills up the texts that are shorter than the longest of their batch
WRITTEN = "0123456789-"  # the letters of an ISO date
START = len(WRITTEN)  # the decoder's input before its first letter


def ways_to_write(day: date) -> list[str]:
    """List the ways in which a person may write a day."""
    month, weekday = MONTHS[day.month - 1], WEEKDAYS[day.weekday()]
    ending = "th" if day.day in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(day.day % 10, "th")
    return [
        f"{day.day} {month} {day.year}",
        f"{month} {day.day}, {day.year}",
        f"{month[:3]} {day.day}, {day.year % 100:02}",
        f"{day.day:02}/{day.month:02}/{day.year}",
        f"{day.day}.{day.month}.{day.year}",
        f"{day.day}-{month[:3]}-{day.year % 100:02}",
        f"{weekday[:3]} {day.day} {month[:3]} {day.year}",
        f"the {day.day}{ending} of {month}, {day.year}",
    ]


LETTERS = sorted(set("".join(MONTHS + WEEKDAYS) + "0123456789 ,./-thendrof"))
NUMBER_OF = {letter: number for number, letter in enumerate(LETTERS, start=PADDING + 1)}


def encode(texts: list[str]) -> torch.Tensor:
    """Number the letters of N texts, padded to the longest, (N, S)."""
    rows = [torch.tensor([NUMBER_OF[letter] for letter in text]) for text in texts]
    return nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=PADDING)


def pairs(days: list[date], chooser: random.Random) -> tuple[list[str], torch.Tensor, torch.Tensor]:
    """Write each day in a random way; return the N texts, their letters (N, S) and the answers (N, 10)."""
    texts = [chooser.choice(ways_to_write(day)) for day in days]
    answers = torch.tensor([[WRITTEN.index(letter) for letter in day.isoformat()] for day in days])
    return texts, encode(texts), answers


class Translator(nn.Module):
    """An encoder in both directions, and a decoder.

    Args:
        attends: whether the decoder attends to the encoder's states at every step, or sees the last state of
            each direction only.
        hidden_size: of the decoder, and of both directions of the encoder together, H.
        embedding_size: of letters.
    """

    def __init__(self, attends: bool = True, hidden_size: int = 64, embedding_size: int = 32) -> None:
        super().__init__()
        self.read = nn.Embedding(PADDING + 1 + len(LETTERS), embedding_size, padding_idx=PADDING)
        self.encoder = nn.LSTM(embedding_size, hidden_size // 2, batch_first=True, bidirectional=True)
        self.reread = nn.Embedding(len(WRITTEN) + 1, embedding_size)
        self.decoder = nn.LSTMCell(embedding_size + hidden_size, hidden_size)
        self.query = nn.Linear(hidden_size, hidden_size, bias=False) if attends else None
        self.write = nn.Linear(2 * hidden_size, len(WRITTEN))

    def encode(self, letters: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Read texts.

        Args:
            letters: texts, (N, S), padded with `PADDING`.

        Returns:
            A state for each letter that depends on the letters around it, (N, S, H), and the last states of
            the two directions, (N, H).
        """
        lengths = (letters != PADDING).sum(dim=1)
        # Packed, so that the backward direction starts at a text's last letter and not in its padding.
        packed = nn.utils.rnn.pack_padded_sequence(
            self.read(letters), lengths, batch_first=True, enforce_sorted=False
        )
        states, (last, _) = self.encoder(packed)
        states, _ = nn.utils.rnn.pad_packed_sequence(states, batch_first=True)
        return states, torch.cat([last[0], last[1]], dim=1)

    def forward(
        self, letters: torch.Tensor, answers: torch.Tensor | None = None, count: int = 10
    ) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Write an answer to each text.

        Args:
            letters: texts, (N, S), padded with `PADDING`.
            answers: the right answers, (N, T), whose letters are the decoder's inputs in training; without
                them, its own letters are.
            count: how many letters to write, T.

        Returns:
            The scores of each letter to write, (N, T, letters), and the attention to each letter of the text,
            (N, T, S), or None.
        """
        states, final = self.encode(letters)
        padding = letters == PADDING
        hidden = memory = torch.zeros_like(final)
        seen = final if self.query is None else torch.zeros_like(final)
        last = torch.full((len(letters),), START)
        scores, looks = [], []
        for step in range(count):
            hidden, memory = self.decoder(torch.cat([self.reread(last), seen], dim=1), (hidden, memory))
            if self.query is not None:
                # One score per letter of the text: how well its state matches the decoder's query.
                match = (states @ self.query(hidden).unsqueeze(2)).squeeze(2)
                look = F.softmax(match.masked_fill(padding, -torch.inf), dim=1)
                seen = (look.unsqueeze(1) @ states).squeeze(1)
                looks.append(look)
            scores.append(self.write(torch.cat([hidden, seen], dim=1)))
            last = scores[-1].argmax(dim=1) if answers is None else answers[:, step]
        return torch.stack(scores, dim=1), torch.stack(looks, dim=1) if looks else None


def spell(answer: torch.Tensor) -> str:
    """Spell out the numbers of letters, (T,)."""
    return "".join(WRITTEN[number] for number in answer.tolist())


def train(model: Translator, name: str, days: list[date], options: argparse.Namespace) -> list[float]:
    """Train on new texts in every step, with the right letters as the decoder's inputs; return the losses."""
    chooser = random.Random(options.seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps)
    losses = []
    with tqdm(range(options.steps), desc=name) as bar:
        for _ in bar:
            _, letters, answers = pairs(chooser.sample(days, options.batch), chooser)
            scores, _ = model(letters, answers)
            loss = F.cross_entropy(scores.flatten(0, 1), answers.flatten())
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
            bar.set_postfix(loss=f"{losses[-1]:.4f}")
    return losses


def draw(model: Translator, texts: list[str], path: Path) -> None:
    """Plot the attention of each written letter to the letters of the text, one panel per text."""
    with torch.no_grad():
        scores, looks = model(encode(texts))
    figure = Figure(figsize=(11, 3.6 * ((len(texts) + 1) // 2)), layout="constrained")
    panels = figure.subplots((len(texts) + 1) // 2, 2, squeeze=False).flat
    for axes, text, answer, look in zip(panels, texts, scores.argmax(dim=2), looks, strict=False):
        image = axes.imshow(look[:, : len(text)].numpy(), cmap="Blues", vmin=0, vmax=1, aspect="auto")
        axes.set_xticks(range(len(text)), list(text))
        axes.set_yticks(range(len(answer)), list(spell(answer)))
        axes.set_title(f"{text}  →  {spell(answer)}")
    figure.supxlabel("input text")
    figure.supylabel("output")
    figure.colorbar(image, ax=list(panels) or figure.axes, label="attention", shrink=0.6)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def main() -> None:
    """Train two translators, measure their accuracy on held-out dates, and plot the attention of one."""
    parser = argparse.ArgumentParser(description="Learn to translate dates into ISO dates.")
    parser.add_argument("--steps", type=int, default=250, help="training steps (default: %(default)s)")
    parser.add_argument("--batch", type=int, default=64, help="dates per step (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of weights and texts (default: %(default)s)"
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out" / "translate_dates.png")
    options = parser.parse_args()

    days = [FIRST + timedelta(days=number) for number in range((LAST - FIRST).days + 1)]
    random.Random(0).shuffle(days)
    held_out, seen = days[: len(days) // 10], days[len(days) // 10 :]

    texts, letters, answers = pairs(held_out, random.Random(1))
    models, written = {}, {}
    for name in ("without attention", "with attention"):
        torch.manual_seed(options.seed)
        models[name] = Translator(attends=name == "with attention")
        train(models[name], name, seen, options)
        with torch.no_grad():
            written[name] = models[name](letters)[0].argmax(dim=2)

    print(f"{'text':<28}" + "   ".join(written))
    for text, *both in list(zip(texts, *written.values(), strict=True))[:8]:
        print(f"{text:<28}" + "          ".join(spell(answer) for answer in both))
    print(f"Of {len(texts):,} held-out dates:")
    for name, answer in written.items():
        right = (answer == answers).all(dim=1).sum().item()
        print(f"{name:<20}{right:>6} exact{len(texts) - right:>6} wrong")

    day = max(held_out, key=lambda day: len(set(day.isoformat())))  # many different digits make it clear
    draw(models["with attention"], [ways_to_write(day)[way] for way in (7, 2, 3, 6)], options.out)
    print(f"picture: {options.out}")


if __name__ == "__main__":
    main()

"""Recognise strings of spoken digits, with a bidirectional LSTM and CTC.

The sounds are synthesized here, and each is spoken by a new speaker: a digit is a sequence of phones; the
voice's pulses, or noise, pass through a filter that has the resonances (formants) of the phone. Speakers
differ in pitch, speed, size of the mouth and clarity, and there is noise in the background. It is a toy of
speech, but one with its difficulties: nobody says where a digit begins, and each is different at each time.

The network reads 50 spectra a second, two at a time, and gives for each pair the probability of each digit
and of "blank". CTC ("connectionist temporal classification") is the loss that needs no alignment: minus the
logarithm of the probability of all the ways in which the digits, in order, can be spread over the steps. To
decode, take the most probable answer of each step, then drop what is repeated, then blanks.

It is compared with the way of the time before: recordings of digits as templates, and the sequence of them
that is nearest to the sound under dynamic time warping. Both are tested with new speakers, who say up to
seven digits; those to learn from say up to four.

    python examples/spoken_digits.py --steps 250
    python examples/spoken_digits.py --wav digits.wav

Source: Graves, Fernández, Gomez & Schmidhuber 2006, "Connectionist temporal classification"; Ney 1984, "The
use of a one-stage dynamic programming algorithm for connected word recognition"; formants of vowels after
Peterson & Barney 1952.
"""

from __future__ import annotations

import argparse
import wave
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

import mytorch as torch

nn = torch.nn

RATE, HOP, WINDOW = 8000, 160, 320  # samples per second, between frames, and per frame
BANDS = 24  # of a spectrum
PAIR = 2  # so many frames are one step of the network, which makes sequences shorter and training faster
BLANK = 0  # the class of "nothing new"; digit d is class d + 1

# Milliseconds, loudness of the voice, its three formants in Hz, loudness of noise, the middle of its band.
PHONES = {
    "iy": (110, 1.0, (270, 2290, 3010), 0.0, 0),
    "ih": (70, 1.0, (390, 1990, 2550), 0.0, 0),
    "eh": (90, 1.0, (530, 1840, 2480), 0.0, 0),
    "aa": (100, 1.0, (730, 1090, 2440), 0.0, 0),
    "ah": (90, 1.0, (640, 1190, 2390), 0.0, 0),
    "ao": (110, 1.0, (570, 840, 2410), 0.0, 0),
    "uw": (110, 1.0, (300, 870, 2240), 0.0, 0),
    "w": (50, 0.6, (290, 610, 2150), 0.0, 0),
    "r": (60, 0.6, (310, 1060, 1380), 0.0, 0),
    "n": (80, 0.4, (280, 1700, 2600), 0.0, 0),
    "z": (80, 0.3, (250, 1600, 2500), 0.25, 3500),
    "v": (50, 0.4, (250, 1100, 2200), 0.05, 2800),
    "s": (110, 0.0, (320, 1390, 2530), 0.5, 3600),
    "f": (90, 0.0, (340, 1100, 2080), 0.15, 2600),
    "th": (80, 0.0, (320, 1290, 2540), 0.1, 3100),
    "-": (50, 0.0, (350, 1500, 2500), 0.0, 0),  # the lips or the tongue are closed
    "t": (25, 0.0, (400, 1600, 2600), 0.6, 3300),
    "k": (30, 0.0, (350, 1900, 2500), 0.6, 1800),
}
DIGITS = [
    *("z ih r ao uw", "w ah n", "- t uw", "th r iy", "f ao r"),
    *("f aa iy v", "s ih - k s", "s eh v ah n", "eh iy - t", "n aa iy n"),
]
FREQUENCIES = np.fft.rfftfreq(WINDOW, 1 / RATE)
HANN = np.hanning(WINDOW + 1)[:-1]  # halves that overlap add up to one


def formant_filter(formants: np.ndarray) -> np.ndarray:
    """Return how much passes of each frequency, (T, F), with the resonances (T, 3) of a mouth."""
    width = np.array([80.0, 120.0, 180.0])
    far = (FREQUENCIES - formants[..., None]) / width[:, None]
    return ((1 / (1 + far**2)) * np.array([[1.0], [0.6], [0.3]])).sum(axis=1)


def noise_filter(middle: np.ndarray) -> np.ndarray:
    """Return how much passes of each frequency, (T, F), of hissing about a middle, (T,)."""
    return np.exp(-0.5 * ((FREQUENCIES - middle[:, None]) / 600) ** 2)


def pulses(pitch: np.ndarray) -> np.ndarray:
    """Return the pulses of a voice, one per period of a changing pitch in Hz, (samples,)."""
    return np.diff(np.floor(np.cumsum(pitch) / RATE), prepend=0.0) * np.sqrt(RATE / pitch)


def speak(digits: list[int], rng: np.random.Generator) -> tuple[np.ndarray, list[tuple[int, int]]]:
    """Speak digits with the voice of a new speaker.

    Returns:
        The sound, (samples,), and the first and last frame of each digit.
    """
    size, pitch, speed = rng.uniform(0.8, 1.25), rng.uniform(90, 240), rng.uniform(0.75, 1.35)
    slurred = rng.uniform(2.0, 5.0)  # over so many frames the mouth moves
    rows, places = [], []

    def add(phone: str, milliseconds: float) -> None:
        _, voice, formants, noise, middle = PHONES[phone]
        frames = max(1, round(milliseconds / 1000 * RATE / HOP))
        rows.extend([(voice, *formants, noise, middle or 3000)] * frames)

    add("-", rng.uniform(50, 200))
    for digit in digits:
        begin = len(rows)
        for phone in DIGITS[digit].split():
            add(phone, PHONES[phone][0] * rng.uniform(0.8, 1.25) / speed * 1.2)
        places.append((begin, len(rows) - 1))
        if rng.random() < 0.5:
            add("-", rng.uniform(20, 150))
    add("-", rng.uniform(50, 200))

    track = np.array(rows, dtype=float)
    track[:, 1:4] *= rng.normal(size, 0.02, (len(track), 1)) * rng.normal(1, 0.03, 3)
    blur = np.hanning(round(slurred) + 2)[1:-1]
    padded = np.pad(track, ((len(blur), len(blur)), (0, 0)), mode="edge")
    smooth = np.array([np.convolve(column, blur / blur.sum(), mode="same") for column in padded.T])
    track[:, 1:4] = smooth.T[len(blur) : -len(blur), 1:4]

    samples = np.arange((len(track) + 1) * HOP)
    bend = 1 + 0.1 * np.sin(samples / RATE * rng.uniform(4, 8)) - 0.15 * samples / len(samples)
    voiced, breath = pulses(pitch * bend), rng.normal(size=len(samples))
    place = np.arange(len(track))[:, None] * HOP + np.arange(WINDOW)
    spectrum = np.fft.rfft(voiced[place] * HANN) * formant_filter(track[:, 1:4]) * track[:, :1]
    spectrum += np.fft.rfft(breath[place] * HANN) * noise_filter(track[:, 5]) * track[:, 4:5]
    sound = np.zeros(len(samples))
    np.add.at(sound, place, np.fft.irfft(spectrum))
    sound += rng.uniform(0.05, 0.25) * rng.normal(size=len(sound))
    return sound * rng.uniform(0.3, 1.0), places


def mel_bands() -> np.ndarray:
    """Return the weights that sum a spectrum's frequencies into bands, narrow ones below, (F, BANDS)."""
    edges = 700 * (10 ** (np.linspace(0, np.log10(1 + RATE / 2 / 700), BANDS + 2)) - 1)
    rising = (FREQUENCIES[:, None] - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - FREQUENCIES[:, None]) / (edges[2:] - edges[1:-1])
    return np.maximum(0, np.minimum(rising, falling))


MEL = mel_bands()


def spectrogram(sound: np.ndarray) -> np.ndarray:
    """Return the logarithm of the energy in each band of each frame, (T, BANDS), scaled."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]
    energy = np.abs(np.fft.rfft(frames * HANN)) ** 2 @ MEL
    bands = np.log(energy + 1e-3)
    return (bands - bands.mean(axis=0)) / bands.std()


class Recogniser(nn.Module):
    """A bidirectional LSTM that reads spectra, and a linear layer that scores digits and the blank."""

    def __init__(self, hidden_size: int = 48) -> None:
        super().__init__()
        self.lstm = nn.LSTM(PAIR * BANDS, hidden_size, bidirectional=True)
        self.scores = nn.Linear(2 * hidden_size, 1 + len(DIGITS))

    def forward(self, spectra: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        """Return the logarithms of the probability of each class at each step of (T, N, PAIR * BANDS)."""
        packed = nn.utils.rnn.pack_padded_sequence(spectra, lengths, enforce_sorted=False)
        states, _ = nn.utils.rnn.pad_packed_sequence(self.lstm(packed)[0])
        return torch.log_softmax(self.scores(states), dim=-1)


def recordings(count: int, longest: int, rng: np.random.Generator) -> list[tuple[list[int], np.ndarray]]:
    """Record strings of one to so many digits; return them with their spectra."""
    strings = [rng.integers(0, 10, rng.integers(1, longest + 1)).tolist() for _ in range(count)]
    return [(digits, spectrogram(speak(digits, rng)[0])) for digits in strings]


def batched(chosen: list[tuple[list[int], np.ndarray]]) -> tuple[torch.Tensor, ...]:
    """Pad recordings to one length.

    Returns:
        Spectra (T, N, PAIR * BANDS) and their lengths (N,); the classes of all in a row, and their
        counts (N,).
    """
    paired = [frames[: len(frames) // PAIR * PAIR].reshape(-1, PAIR * BANDS) for _, frames in chosen]
    spectra = [torch.tensor(frames, dtype=torch.get_default_dtype()) for frames in paired]
    lengths = torch.tensor([len(frames) for frames in spectra])
    classes = torch.tensor([digit + 1 for digits, _ in chosen for digit in digits])
    counts = torch.tensor([len(digits) for digits, _ in chosen])
    return nn.utils.rnn.pad_sequence(spectra), lengths, classes, counts


def train(
    model: Recogniser, known: list[tuple[list[int], np.ndarray]], options: argparse.Namespace
) -> list[float]:
    """Train on random batches; return the losses."""
    rng = np.random.default_rng(options.seed)
    loss_of = nn.CTCLoss(blank=BLANK)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, options.steps)
    losses = []
    with tqdm(range(options.steps), desc="train") as bar:
        for _ in bar:
            spectra, lengths, classes, counts = batched([known[i] for i in rng.integers(0, len(known), 16)])
            loss = loss_of(model(spectra, lengths), classes, lengths, counts)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            scheduler.step()
            losses.append(loss.item())
            bar.set_postfix(loss=f"{losses[-1]:.4f}")
    return losses


def decode(log_p: torch.Tensor) -> list[int]:
    """Take the most probable class of each frame of (T, classes), once per run, without blanks."""
    best = log_p.argmax(dim=-1).tolist()
    return [one - 1 for one, before in zip(best, [BLANK, *best], strict=False) if one not in (before, BLANK)]


def recognise(model: Recogniser, asked: list[tuple[list[int], np.ndarray]]) -> list[list[int]]:
    """Return the digits that the network hears in each recording."""
    spectra, lengths, *_ = batched(asked)
    with torch.no_grad():
        log_p = model(spectra, lengths)
    return [decode(log_p[:length, number]) for number, length in enumerate(lengths.tolist())]


class Templates:
    """Finds the sequence of templates that is nearest to a sound under dynamic time warping.

    While a frame of the sound goes by, a template may stay at its frame, go on by one, or by two; or it
    begins, where the best of all has just ended. A template of one frame, numbered -1, stands for the silence
    around each digit.

    Args:
        speakers: how many recordings of each digit to keep.
        rng: draws the speakers.
    """

    def __init__(self, speakers: int, rng: np.random.Generator) -> None:
        spoken = [(digit, *self.cut(digit, rng)) for digit in range(10) for _ in range(speakers)]
        pieces = [(digit, frames) for digit, frames, _ in spoken] + [(-1, rest) for *_, rest in spoken]
        lengths = np.array([len(frames) for _, frames in pieces])
        self.digits = [digit for digit, _ in pieces]
        self.frames = np.concatenate([frames for _, frames in pieces])
        self.ends = np.cumsum(lengths) - 1
        self.starts = self.ends - lengths + 1
        self.age = np.arange(len(self.frames)) - np.repeat(self.starts, lengths)  # of a frame in its template

    @staticmethod
    def cut(digit: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Record a digit and cut it out; return its frames, and the mean of those around it, (1, BANDS)."""
        sound, [(first, last)] = speak([digit], rng)
        bands = spectrogram(sound)
        around = np.concatenate([bands[:first], bands[last + 1 :]])
        return bands[first : last + 1], around.mean(axis=0, keepdims=True)

    def recognise(self, spectra: np.ndarray) -> list[int]:
        """Return the digits of the nearest sequence of templates to spectra (T, BANDS)."""
        far = ((spectra[:, None] - self.frames) ** 2).sum(axis=-1)
        cost = np.full(len(self.frames), np.inf)  # of the best path to each frame of a template
        began = np.zeros(len(self.frames), dtype=int)  # when that path entered its template
        ended, history = 0.0, []
        for now, distances in enumerate(far):
            ways = np.stack([np.where(self.age >= step, np.roll(cost, step), np.inf) for step in range(3)])
            began = began[np.arange(len(cost)) - ways.argmin(axis=0)]
            cost = ways.min(axis=0)
            fresh = self.starts[ended < cost[self.starts]]
            cost[fresh], began[fresh] = ended, now
            cost += distances
            best = cost[self.ends].argmin()
            ended = cost[self.ends[best]]
            history.append((self.digits[best], began[self.ends[best]]))
        found, now = [], len(far)
        while now > 0:  # from the last template back to the first
            digit, now = history[now - 1]
            found.append(digit)
        return [digit for digit in reversed(found) if digit >= 0]


def edits(heard: list[int], said: list[int]) -> int:
    """Count the digits to insert, drop or exchange to make one list of the other."""
    row = list(range(len(said) + 1))
    for count, digit in enumerate(heard, start=1):
        corner, row[0] = row[0], count
        for place, right in enumerate(said, start=1):
            exchanged = corner + (digit != right)
            corner, row[place] = row[place], min(row[place] + 1, row[place - 1] + 1, exchanged)
    return row[-1]


def error_rate(heard: list[list[int]], asked: list[tuple[list[int], np.ndarray]]) -> float:
    """Return the digits that are wrong, missing or too many, per digit that was said."""
    wrong = sum(edits(answer, digits) for answer, (digits, _) in zip(heard, asked, strict=True))
    return wrong / sum(len(digits) for digits, _ in asked)


def draw(model: Recogniser, digits: list[int], path: Path) -> None:
    """Plot a recording's spectra, and below them the probability of each digit at each frame."""
    sound, places = speak(digits, np.random.default_rng(0))
    bands = spectrogram(sound)
    spectra, lengths, *_ = batched([(digits, bands)])
    with torch.no_grad():
        shares = model(spectra, lengths).exp()[:, 0].numpy()
    seconds = (np.arange(len(shares)) + 0.5) * PAIR * HOP / RATE
    figure = Figure(figsize=(11, 5.5), layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True)
    extent = (0, len(bands) * HOP / RATE, 0, BANDS)
    upper.imshow(bands.T, origin="lower", aspect="auto", cmap="magma", extent=extent)
    upper.set(title=f"{' '.join(map(str, digits))}, said by a new speaker", ylabel="band")
    lower.plot(seconds, shares[:, BLANK], color="lightgrey", label="blank")
    for digit in range(10):
        lower.plot(seconds, shares[:, digit + 1], color=f"C{digit}", label=str(digit))
    for digit, (first, last) in zip(digits, places, strict=True):
        for axes, colour in ((upper, "white"), (lower, "grey")):
            axes.axvline(first * HOP / RATE, color=colour, linestyle=":")
            axes.axvline((last + 1) * HOP / RATE, color=colour, linestyle=":")
        upper.text((first + last + 1) / 2 * HOP / RATE, BANDS - 3, str(digit), color="white", ha="center")
    heard = " ".join(map(str, decode(torch.tensor(shares))))
    lower.set(title=f"heard as {heard}", xlabel="seconds", ylabel="probability")
    lower.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)


def save_sound(sound: np.ndarray, path: Path) -> None:
    """Write a sound to a file that a player plays."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound / np.abs(sound).max() * 32000).astype("<i2").tobytes())


def main() -> None:
    """Train a recogniser, compare it with templates, and plot what it hears in one recording."""
    parser = argparse.ArgumentParser(description="Recognise strings of spoken digits.")
    parser.add_argument("--steps", type=int, default=400, help="training steps (default: %(default)s)")
    parser.add_argument("--speakers", type=int, default=2500, help="to learn from (default: %(default)s)")
    parser.add_argument("--tests", type=int, default=200, help="strings to test with (default: %(default)s)")
    parser.add_argument("--templates", type=int, default=8, help="per digit (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches (default: %(default)s)")
    parser.add_argument("--wav", type=Path, help="write a recording of the ten digits to this file, and stop")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out" / "spoken_digits.png")
    options = parser.parse_args()

    if options.wav:
        save_sound(speak(list(range(10)), np.random.default_rng(options.seed))[0], options.wav)
        return

    known = recordings(options.speakers, 4, np.random.default_rng(1))
    asked = recordings(options.tests, 7, np.random.default_rng(2))
    torch.manual_seed(options.seed)
    model = Recogniser()
    train(model, known, options)
    templates = Templates(options.templates, np.random.default_rng(3))
    answers = {
        "templates": [templates.recognise(spectra) for _, spectra in asked],
        "LSTM": recognise(model, asked),
    }
    print(f"{'said':<16}" + "".join(f"{name:<16}" for name in answers).rstrip())
    for (digits, _), *heard in list(zip(asked, *answers.values(), strict=True))[:8]:
        print("".join(f"{' '.join(map(str, each)):<16}" for each in (digits, *heard)).rstrip())
    print(f"Digits wrong, of {sum(len(digits) for digits, _ in asked):,} that new speakers said:")
    for name, heard in answers.items():
        right = sum(answer == digits for answer, (digits, _) in zip(heard, asked, strict=True))
        print(f"{name:<12}{error_rate(heard, asked):>8.1%}   {right} of {len(asked)} strings without error")
    draw(model, [3, 1, 4, 1, 5, 9], options.out)
    print(f"picture: {options.out}")


if __name__ == "__main__":
    main()

"""Reads a bundle and compares its arrays, with nothing but Python and NumPy.

A bundle holds a copy of this file next to its repro.py, which needs it; conformance reads bundles by it too,
in running.bundle_reader.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

BUNDLE_VERSION = 7

# The keys of bundle.json, and the type of each.
KEYS = {
    "bundle_version": int,
    "sample": str,
    "implementation": str,
    "given_as": str,
    "failure": dict,
    "environment": dict,
    "inside": dict,
    "sha256": str,
}
# The parts of the names of arrays: KIND/NAME of what is given, and KIND/LANE/NAME of what is compared.
GIVEN, COMPARED = "input", ("oracle", "reference", "tolerance", "got")
_LANES = ("float64", "float32", "bfloat16", "float16")

# No file of a bundle is larger, unpacked: what is damaged may claim any size.
_LARGEST = 2**28


class DamagedError(ValueError):
    """A bundle cannot be read, or does not hold what was written; the message says what is wrong."""


def read(folder: Path) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Return what bundle.json says and the arrays of a bundle.

    Raises:
        DamagedError: a file is missing or unreadable, a key or an array is not what it should be, or the hash
            is not that of the content.
    """
    about = _read_json(_file(folder, "bundle.json"))
    arrays = _read_arrays(_file(folder, "arrays.npz"))
    for name, array in arrays.items():
        kind, _, rest = name.partition("/")
        lane, _, observable = rest.partition("/")
        if not (rest if kind == GIVEN else kind in COMPARED and lane in _LANES and observable):
            raise DamagedError(f"arrays.npz: unexpected array {name!r}")
        if kind in {"reference", "tolerance"}:
            expected = arrays.get(f"oracle/{rest}")
            if expected is None or expected.shape != array.shape:
                raise DamagedError(f"arrays.npz: {name}: there is no oracle/{rest} of shape {array.shape}")
    if about["sha256"] != digest(about, arrays):
        raise DamagedError("the content is not what was written: its hash is not the sha256 of bundle.json")
    return about, arrays


def digest(about: dict[str, Any], arrays: dict[str, np.ndarray]) -> str:
    """Return the hash of a bundle: of all that bundle.json says but the hash itself, and of the arrays."""
    said = {key: value for key, value in about.items() if key != "sha256"}
    hashed = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    for name in sorted(arrays):
        array = arrays[name]
        hashed.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        hashed.update(array.tobytes())
    return hashed.hexdigest()


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise DamagedError(f"there is no file {name}")
    if path.stat().st_size > _LARGEST:
        raise DamagedError(f"{name}: expected {_LARGEST:,} bytes at most, got {path.stat().st_size:,}")
    return path


def _read_json(path: Path) -> dict[str, Any]:
    try:
        about = json.loads(path.read_bytes().decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DamagedError(f"{path.name}: {type(error).__name__}: {error}") from error
    if not isinstance(about, dict):
        raise DamagedError(f"{path.name}: expected an object, got {type(about).__name__}")
    # Another version has other keys.
    version = about.get("bundle_version")
    if type(version) is not int or version != BUNDLE_VERSION:
        raise DamagedError(f"expected bundle_version {BUNDLE_VERSION}, got {version!r}")
    if wrong := sorted(about.keys() ^ KEYS.keys()):
        raise DamagedError(
            f"{path.name}: {'lacks' if wrong[0] in KEYS else 'has an unexpected'} {wrong[0]!r}"
        )
    for key, kind in KEYS.items():
        if type(about[key]) is not kind:
            raise DamagedError(f"{path.name}: {key}: expected {kind.__name__}, got {about[key]!r}")
    return about


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if size > _LARGEST:
                told = f"{path.name}: expected {_LARGEST:,} bytes at most, got {size:,}"
                raise DamagedError(told)  # noqa: TRY301 - not caught below
            arrays = {member.filename.removesuffix(".npy"): _array(archive, member) for member in members}
    except DamagedError:
        raise
    except Exception as error:
        # A damaged file makes zipfile, zlib and NumPy raise almost anything.
        raise DamagedError(f"{path.name}: {type(error).__name__}: {error}") from error
    if len(arrays) != len(members):
        raise DamagedError(f"{path.name}: an array is there twice")
    return arrays


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """Read an array of numbers, of no more bytes than the archive says: a header may claim any shape."""
    with archive.open(member) as file:
        version = np.lib.format.read_magic(file)
        if version != (1, 0):
            raise DamagedError(f"arrays.npz: {member.filename!r}: expected format 1.0, got {version}")
        shape, in_columns, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype.kind not in "biufc":
            raise DamagedError(f"arrays.npz: {member.filename!r}: expected numbers, got {dtype}")
        data = file.read()
    if min(shape, default=0) < 0 or len(data) != prod(shape) * dtype.itemsize:
        raise DamagedError(f"arrays.npz: {member.filename!r}: {len(data):,} bytes are not of shape {shape}")
    return np.ndarray(shape, dtype, data, order="F" if in_columns else "C").copy()


class Comparison(NamedTuple):
    """One observable compared.

    Attributes:
        reason: why it is wrong, or None.
        rows: the wrong elements, largest error first: position, expected, got, error and tolerance.
    """

    reason: str | None
    rows: list[tuple[list[int], Any, Any, float, float]]


def compare(arrays: dict[str, np.ndarray], lane: str, name: str, got: Any) -> Comparison:
    """Compare one observable with the expected array, as `conformance run` does.

    Args:
        arrays: the bundle's.
        lane: the dtype in which the subject computes.
        name: the observable's name.
        got: the subject's array, or whatever it returned instead.
    """
    expected = arrays[f"oracle/{lane}/{name}"]
    reference = arrays.get(f"reference/{lane}/{name}", expected)
    tolerance = arrays.get(f"tolerance/{lane}/{name}")
    floating = expected.dtype.kind == "f"
    # NumPy has no bfloat16; its numbers are in float32 arrays.
    dtype = np.dtype("float32" if lane == "bfloat16" else lane) if floating else expected.dtype
    if got is None:
        return Comparison("missing, or not an array of numbers", [])
    if not isinstance(got, (np.ndarray, np.generic)):
        return Comparison(f"type: expected an array, got {type(got).__name__}", [])
    if got.shape != expected.shape or got.dtype != dtype:
        return Comparison(f"form: expected {dtype} {expected.shape}, got {got.dtype} {got.shape}", [])
    if tolerance is None:
        # Draws have no tolerance per element; bundle.json has the tests that they failed.
        return Comparison(None, [])
    if not floating:
        wrong, shown = got != expected, expected
        error = np.abs(got.astype(np.float64) - expected.astype(np.float64))
    else:
        # Where the reference itself is inf or NaN in the lane's dtype, the same is expected.
        finite = np.isfinite(reference) & np.isfinite(expected)
        with np.errstate(all="ignore"):
            away = np.nan_to_num(np.abs(got.astype(np.float64) - expected), nan=np.inf, posinf=np.inf)
            same = (got == reference) | (np.isnan(got) & np.isnan(reference))
            error = np.where(finite, away, np.where(same, 0.0, np.inf))
            tolerance = np.where(finite, tolerance, 0.0)
            wrong = (error != 0) & (tolerance / np.where(error == 0, 1.0, error) < 1)
            shown = np.where(finite, expected, reference.astype(np.float64))
    # Operations on arrays without dimensions return scalars.
    wrong, error, tolerance, got = (np.asarray(each) for each in (wrong, error, tolerance, got))
    places = np.argwhere(wrong)
    order = np.argsort(-error[wrong], kind="stable")
    rows = [
        (
            [int(k) for k in place],
            shown[place].item(),
            got[place].item(),
            float(error[place]),
            float(tolerance[place]),
        )
        for place in (tuple(places[n]) for n in order)
    ]
    return Comparison(f"{len(rows)} of {expected.size} elements are wrong" if rows else None, rows)


def observables(arrays: dict[str, np.ndarray]) -> list[tuple[str, str]]:
    """Return the lane and the name of each observable."""
    names = (name.split("/", 2) for name in arrays if name.startswith("oracle/"))
    return [(lane, name) for _, lane, name in names]

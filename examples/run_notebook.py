"""Run the code of a notebook from top to bottom without Jupyter, and keep its text output and pictures.

    python examples/run_notebook.py examples/lstm_lesson.ipynb

writes the notebook with its results, and each picture as a PNG file, into the directory that `--out` names.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt


def run_cell(code: str, name: str, names: dict[str, Any]) -> tuple[str, list[bytes]]:
    """Run one cell.

    Args:
        code: the text of the cell.
        name: what a traceback calls it.
        names: the variables of the notebook so far, which the cell changes.

    Returns:
        The printed text, and the pictures as PNG.
    """
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, name, "exec"), names)  # noqa: S102  # running code is what this program is for
    pictures = []
    for number in plt.get_fignums():
        drawn = io.BytesIO()
        plt.figure(number).savefig(drawn, dpi=80)
        pictures.append(drawn.getvalue())
    plt.close("all")
    return printed.getvalue(), pictures


def main() -> None:
    """Run a notebook, and write it with its results and pictures."""
    parser = argparse.ArgumentParser(description="Run a notebook without Jupyter.")
    parser.add_argument("notebook", type=Path)
    parser.add_argument("--steps", type=int, help="value of the variable STEPS")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "out")
    options = parser.parse_args()

    plt.switch_backend("agg")  # pictures go to files, on any display
    notebook = json.loads(options.notebook.read_text(encoding="utf-8"))
    options.out.mkdir(parents=True, exist_ok=True)
    names: dict[str, Any] = {"__name__": "__main__"}
    drawn = 0
    for count, cell in enumerate((c for c in notebook["cells"] if c["cell_type"] == "code"), start=1):
        code = "".join(cell["source"])
        if options.steps is not None:
            code = re.sub(r"^STEPS = \d+$", f"STEPS = {options.steps}", code, flags=re.MULTILINE)
        printed, pictures = run_cell(code, f"{options.notebook.name}[{count}]", names)
        print(printed, end="")
        cell["execution_count"], cell["outputs"] = count, []
        if printed:
            lines = printed.splitlines(keepends=True)
            cell["outputs"].append({"output_type": "stream", "name": "stdout", "text": lines})
        for picture in pictures:
            drawn += 1
            path = options.out / f"{options.notebook.stem}_{drawn}.png"
            path.write_bytes(picture)
            print(f"picture: {path}")
            data = {"image/png": base64.b64encode(picture).decode("ascii")}
            cell["outputs"].append({"output_type": "display_data", "data": data, "metadata": {}})
    written = options.out / options.notebook.name
    written.write_text(json.dumps(notebook, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

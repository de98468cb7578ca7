"""Training scripts written for torch run with mytorch once their imports are changed, and train."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[1] / "scripts").glob("*.py"))


def ported(source: str) -> str:
    """Change the imports, which is the whole port."""
    source = re.sub(r"^import torch$", "import mytorch as torch", source, flags=re.MULTILINE)
    source = re.sub(r"^import torch\.(\S+) as", r"import mytorch.\1 as", source, flags=re.MULTILINE)
    return re.sub(r"^from torch\b", "from mytorch", source, flags=re.MULTILINE)


@pytest.mark.parametrize("framework", ["torch", "mytorch"])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_training_script_reaches_a_lower_loss(script, framework):
    source = script.read_text(encoding="utf-8")
    source = ported(source) if framework == "mytorch" else source
    assert re.search(rf"^import {framework}\b", source, flags=re.MULTILINE)
    namespace = {"__name__": script.stem}
    exec(compile(source, str(script), "exec"), namespace)  # noqa: S102 - the script is this project's
    history = namespace["main"]()
    assert history[-1] < 0.3 * history[0], history


def test_there_are_scripts():
    assert len(SCRIPTS) == 3

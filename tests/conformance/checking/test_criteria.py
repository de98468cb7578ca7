"""The document names the criteria, and the candidate's process what it is asked."""

from __future__ import annotations

import re
from pathlib import Path

from conformance.checking.criteria import CRITERIA, NAMES
from conformance.checking.layouts import LAYOUTS

DOCUMENT = Path(__file__).parents[3] / "docs/check.md"


def test_the_document_lists_the_criteria_in_their_order():
    table = DOCUMENT.read_text(encoding="utf-8").partition("| criterion |")[2].partition("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("|")]
    listed = [name for cell in cells for name in re.findall(r"`([^`]+)`", cell)]
    assert listed == [*NAMES]


def test_layouts_keep_the_numbers_and_change_the_strides():
    import torch

    tensor = torch.arange(6.0).reshape(2, 3)
    assert all(torch.equal(layout(tensor), tensor) for layout in LAYOUTS.values())
    lie = {name: (each(tensor).stride(), each(tensor).storage_offset()) for name, each in LAYOUTS.items()}
    assert lie == {
        "plain": ((3, 1), 0),
        "transposed": ((1, 2), 0),
        "stepped": ((7, 2), 1),
        "offset": ((3, 1), 6),
    }
    assert {call.layout for each in CRITERIA for call in each.calls} == {*LAYOUTS}

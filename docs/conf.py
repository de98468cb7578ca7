"""How Sphinx builds the site: ``tox run -e docs``.

The source folder is the repository, so that a link from one document to another is the same on the site as
where the repository is hosted. A link to any other file becomes a download. The API reference has the names
in `__all__`, with the docstrings of the installed packages.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import mytorch

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = html_title = "mytorch and conformance"
project_copyright = "the mytorch and conformance developers"
version = release = mytorch.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**", "examples/**.md", "reports/*.md"]
exclude_patterns = ["docs/_build", "docs/_templates", "reports/latest", "**/.*"]
html_theme = "furo"
templates_path = ["docs/_templates"]
# Dashes and dots, but no quotation marks: a prime is not one.
smartquotes_action = "De"
# As links to headings are written where the repository is hosted.
myst_heading_anchors = 4

autosummary_imported_members = True
autosummary_ignore_module_all = False
autodoc_member_order = "bysource"
# The docstrings describe every argument; annotations name types that are not public.
autodoc_typehints = "none"
napoleon_attr_annotations = False
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
# The docstrings write code in single backticks, and anything else as plain text.
default_role = "code"
_MARKUP = re.compile(r"(`[^`]*`)|[*|]")


def plain_text(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Escape stars and bars, which are part of formulas and not markup, except in examples."""
    example = False
    for number, line in enumerate(lines):
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>>"))
        if not example and not re.match(r"\s*\*{1,2}\w+:", line):  # `*args:` is a name
            lines[number] = _MARKUP.sub(lambda found: found[1] or "\\" + found[0], line)


def only_once(app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object) -> bool | None:
    """Leave a class that several modules export to the page of `mytorch`."""
    elsewhere = app.env.docname != "docs/generated/mytorch"
    return True if elsewhere and isinstance(obj, type) and getattr(mytorch, name, None) is obj else None


def setup(app: Sphinx) -> None:
    """Connect the functions above; Sphinx calls this."""
    app.connect("autodoc-process-docstring", plain_text, priority=400)  # before napoleon
    app.connect("autodoc-skip-member", only_once)

"""`parity.html`: the run as one page that people read, which works from disk and asks for nothing.

`render_page` is called by report.files after a run, and wherever a report is rendered again. Each section has
a module, which turns a report into plain data; `page.html.j2` is the only place with HTML, and escapes all
that it is given.
"""

from conformance.report.page.render import render_page

__all__ = ["render_page"]

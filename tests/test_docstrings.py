"""The examples in docstrings are run, and each public class of nn, optim and utils.data has one.

An example assumes what the docstring of mytorch says: `import mytorch`, `from mytorch import nn, optim` and
`from mytorch.utils import data`.
"""

from __future__ import annotations

import ast
import doctest
import inspect
from importlib import import_module
from operator import attrgetter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("conformance", "mytorch")
ASSUMED = ("import mytorch", "from mytorch import nn, optim", "from mytorch.utils import data")
CLASSES_OF = (
    "mytorch.distributions",
    "mytorch.nn",
    "mytorch.nn.utils.rnn",
    "mytorch.optim",
    "mytorch.optim.lr_scheduler",
    "mytorch.utils.data",
)
# The functions and methods that are used most, by namespace: each has an example, like the classes.
FUNCTIONS_OF = {
    "mytorch": """
        abs add allclose any arange argmax cat chunk clamp clone cumsum div einsum exp eye flatten flip
        from_numpy full gather linspace load log log_softmax logsumexp manual_seed masked_fill matmul max
        maximum mean mul no_grad norm ones permute pow rand randint randn randperm relu reshape round
        scatter_add sigmoid softmax sort split sqrt squeeze stack std sum tensor topk transpose tril
        unsqueeze var where zeros zeros_like
    """,
    "mytorch.Tensor": """
        add_ backward copy_ detach expand item numpy register_hook register_post_accumulate_grad_hook
        requires_grad_ size to view
    """,
    "mytorch.autograd": "Function backward detect_anomaly grad gradcheck set_detect_anomaly",
    "mytorch.distributions": "kl_divergence",
    "mytorch.nn.functional": """
        binary_cross_entropy_with_logits cross_entropy dropout embedding gelu kl_div layer_norm linear
        mse_loss nll_loss one_hot scaled_dot_product_attention
    """,
    "mytorch.nn.init": "kaiming_uniform_",
    "mytorch.nn.utils": "clip_grad_norm_",
    "mytorch.nn.utils.rnn": "pack_padded_sequence pad_packed_sequence pad_sequence",
    "mytorch.utils.data": "default_collate random_split",
}


def docstrings(text: str) -> dict[str, str]:
    """Find the docstrings of a module's text by the qualified names of its classes and functions.

    The module's own has an empty name.
    """
    module = ast.parse(text)
    found: dict[str, str] = {"": ast.get_docstring(module) or ""}

    def visit(body: list[ast.stmt], prefix: str) -> None:
        for node in body:
            if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
                found[prefix + node.name] = ast.get_docstring(node) or ""
                if isinstance(node, ast.ClassDef):
                    visit(node.body, f"{prefix}{node.name}.")

    visit(module.body, "")
    return found


def documented_by_example() -> list[str]:
    """List `module:object` for each docstring of both packages that has an example.

    The files are read, not imported: what torch is needed for is imported when its test runs.
    """
    texts = {
        path: path.read_text(encoding="utf-8")
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
    }
    return [
        f"{'.'.join(path.relative_to(ROOT).with_suffix('').parts).removesuffix('.__init__')}:{name}"
        for path, text in texts.items()
        if ">>> " in text  # few have one, and parsing them all would take a second of every session
        for name, docstring in docstrings(text).items()
        if ">>> " in docstring
    ]


def public_classes() -> list[str]:
    return sorted(
        {
            f"{module}.{name}"
            for module in CLASSES_OF
            for name in import_module(module).__all__
            if inspect.isclass(getattr(import_module(module), name))
        }
    )


def found_at(path: str) -> object:
    """Return the object at a dotted path, which begins with modules."""
    package, _, rest = path.partition(".")
    return attrgetter(rest)(import_module(package))


def failures(docstring: str) -> str:
    """Run the examples of a docstring; return the report of those that failed."""
    assumed: dict[str, object] = {}
    exec("\n".join(ASSUMED), assumed)  # noqa: S102 - the three lines above
    assumed["mytorch"].manual_seed(0)
    report: list[str] = []
    test = doctest.DocTestParser().get_doctest(docstring, assumed, "docstring", None, 0)
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(test, out=report.append)
    return "".join(report)


def complaint(example: object) -> str:
    """Say what the examples at the end of an object's docstring lack; nothing if they are complete."""
    # Not of the class above: it has an example of its own.
    docstring = inspect.cleandoc(example.__doc__ or "")
    _, heading, section = docstring.partition("\nExamples:\n")
    if not heading:
        return "has no section Examples"
    lines = [line.strip() for line in section.splitlines()]
    prompts = [line for line in lines if line.startswith((">>> ", "... "))]
    if not 2 <= len(prompts) <= 5:
        return f"has {len(prompts)} lines of input in its examples, not two to five"
    if any(line and not line.startswith("    ") for line in section.splitlines()):
        return "has a section after its examples"
    if lines[-1] in prompts:
        return "ends its examples without output"
    return ""


@pytest.mark.parametrize("name", documented_by_example())
def test_the_examples_give_the_output_that_they_show(name):
    module, _, path = name.partition(":")
    example = import_module(module)
    assert not failures(inspect.getdoc(attrgetter(path)(example) if path else example))


@pytest.mark.parametrize("name", public_classes())
def test_each_public_class_has_an_example(name):
    assert not complaint(found_at(name))


@pytest.mark.parametrize(
    "name", [f"{module}.{name}" for module, names in FUNCTIONS_OF.items() for name in names.split()]
)
def test_the_functions_used_most_have_an_example(name):
    assert not complaint(found_at(name))


def test_the_docstring_of_mytorch_says_what_examples_assume():
    assert all(f">>> {line}" in import_module("mytorch").__doc__ for line in ASSUMED)


class Silent:
    """Has no example."""


class Wrong:
    """Shows an output that does not come.

    Examples:
        >>> x = mytorch.ones(2)
        >>> x + 1
        tensor([2., 3.])
    """


class Single:
    """Has one line only.

    Examples:
        >>> mytorch.ones(2)
        tensor([1., 1.])
    """


class Endless:
    """Has too many lines.

    Examples:
        >>> x = mytorch.ones(2)
        >>> for _ in range(2):
        ...     x = x + 1
        ...     x = x + 2
        ...     x = x + 3
        >>> x
        tensor([13., 13.])
    """


class Unfinished:
    """Shows no output at its end.

    Examples:
        >>> x = mytorch.ones(2)
        >>> x += 1
    """


class Continued:
    """Goes on after its example.

    Examples:
        >>> x = mytorch.ones(2)
        >>> x + 1
        tensor([2., 2.])

    Source: a book.
    """


class Heir(Wrong):
    pass


@pytest.mark.parametrize(
    ("example", "expected"),
    [
        (Silent, "has no section Examples"),
        (Heir, "has no section Examples"),
        (Single, "has 1 lines of input in its examples, not two to five"),
        (Endless, "has 6 lines of input in its examples, not two to five"),
        (Unfinished, "ends its examples without output"),
        (Continued, "has a section after its examples"),
        (Wrong, ""),
    ],
    ids=lambda value: value.__name__ if inspect.isclass(value) else "",
)
def test_a_missing_example_is_noticed(example, expected):
    assert complaint(example) == expected


def test_a_wrong_output_is_noticed():
    report = failures(inspect.getdoc(Wrong))
    assert "Expected:\n    tensor([2., 3.])" in report
    assert "Got:\n    tensor([2., 2.])" in report


def test_an_example_is_found_wherever_it_stands():
    method = '    def f(self):\n        """F.\n\n        >>> 1 + 1\n        2\n        """\n'
    text = f'"""M."""\nclass A:\n    """A."""\n{method}'
    assert docstrings(text) == {"": "M.", "A": "A.", "A.f": "F.\n\n>>> 1 + 1\n2"}

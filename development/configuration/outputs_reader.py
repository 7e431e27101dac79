"""The fields of a job in the reader of the outputs, from the report that the program makes."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

from components.training_job.job_report import REPORTED, JobReport
from components.training_job.run.job_state import JobState
from toolchain.layout import CHECKOUT

READER = Path("examples", "downstream", "platform_outputs.py")
_BEGIN = "    # Written by `python -m development configuration` from here\n"
_END = "    # to here.\n"
_TYPES = {"Cost": "float | None"}
"""The reader's types that differ from the report's: an unknown cost is None."""


def outputs_reader() -> str:
    """The text of platform_outputs.py, with the fields of a job that a stack exports."""
    before, _, rest = (CHECKOUT / READER).read_text().partition(_BEGIN)
    _, _, after = rest.partition(_END)
    fields = "".join(
        f'    {name}: {_TYPES.get(kind, kind)}\n    """{meaning}"""\n'
        for name, kind, meaning in _reported_fields()
    )
    return f"{before}{_BEGIN}{fields}{_END}{after}"


def _reported_fields() -> Iterator[tuple[str, str, str]]:
    """Yields the exported name, the type and the meaning of each part of a job's report."""
    for model in (JobState, JobReport):
        for attribute, kind, meaning in _documented(model):
            if attribute in REPORTED:
                yield REPORTED[attribute], kind, meaning


def _documented(model: type) -> Iterator[tuple[str, str, str]]:
    """Yields the name, type and text of a class's fields and properties."""
    (node,) = ast.parse(inspect.getsource(model)).body
    body = node.body if isinstance(node, ast.ClassDef) else []
    for each, text in zip(body, [*body[1:], None], strict=True):
        if isinstance(each, ast.FunctionDef) and each.returns:
            yield each.name, ast.unparse(each.returns), ast.get_docstring(each) or ""
        elif isinstance(each, ast.AnnAssign) and isinstance(text, ast.Expr):
            meaning = str(ast.literal_eval(text.value))
            yield ast.unparse(each.target), ast.unparse(each.annotation), meaning

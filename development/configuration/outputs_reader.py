"""The fields of a job in the reader of the outputs, from the report that the program makes."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from components.training_job import job_report, tuning_report
from components.training_job.job_report import JobReport
from components.training_job.run.job_state import JobState
from components.training_job.tuning.tuning_state import TuningState
from components.training_job.tuning_report import TuningReport
from toolchain.layout import CHECKOUT

READER = Path("examples", "downstream", "platform_outputs.py")
_BEGIN = "    # Written by `python -m development configuration` from here\n"
_END = "    # to here.\n"
_OF_TUNED_JOBS = "class TuningJobOutputs:"
_TYPES = {"Cost": "float | None", "float | str": "float | None"}
"""The reader's types that differ from the report's: an unknown cost or value is None."""


def outputs_reader() -> str:
    """The text of platform_outputs.py, with the fields of the jobs that a stack exports."""
    before, tuned, after = (CHECKOUT / READER).read_text().partition(_OF_TUNED_JOBS)
    training = _reported_fields((JobState, JobReport), job_report.REPORTED)
    tuning = _reported_fields((TuningState, TuningReport), tuning_report.REPORTED)
    return _with_fields(before, training) + tuned + _with_fields(after, tuning)


def _with_fields(text: str, reported: Iterator[tuple[str, str, str]]) -> str:
    """A part of the text, with the fields of one kind of job between its marks."""
    before, _, rest = text.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    fields = "".join(
        f'    {name}: {_TYPES.get(kind, kind)}\n    """{meaning}"""\n'
        for name, kind, meaning in reported
    )
    return f"{before}{_BEGIN}{fields}{_END}{after}"


def _reported_fields(
    models: Sequence[type], reported: Mapping[str, str]
) -> Iterator[tuple[str, str, str]]:
    """Yields the exported name, the type and the meaning of each part of a job's report."""
    for model in models:
        for attribute, kind, meaning in _documented(model):
            if attribute in reported:
                yield reported[attribute], kind, meaning


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

"""The page on the stack outputs, from the docstrings of the reader of the outputs."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_INTRODUCTION = """\
<!-- Written by `python -m development configuration` from platform_outputs.py. -->
# Stack outputs

The outputs of a stack are its API. Other Pulumi programs in Python read them with
[platform_outputs.py](../examples/downstream/platform_outputs.py). Copy this one file; it needs only
Pulumi:

```python
platform = PlatformOutputs("organization/sagemaker-training/research-prod")
uri = platform.model("llm-finetune").apply(lambda model: model.model_uri)
```

If an output is missing, or has another type, the program's preview fails. The error names the
stack, the output, and the outputs that exist.
[examples/downstream](../examples/downstream/README.md) is a complete stack that uses the outputs.

Names, ARNs and URIs are fixed when a job is launched. If the stack waits for its jobs
(`waitForCompletion`), status, times, cost and metrics are from the end of the job. Otherwise they
are from the last refresh. No output is ever null.
"""
_JOB = """\
## Each of `training_jobs`

The keys are the names of the jobs in the settings. A cost without an amount is `"unknown"`, or
`"prepaid"` on a training plan. The reader returns `None` for both.
"""
_TUNING_JOB = """\
## Each of `tuning_jobs`

The keys are the names of the jobs in the settings that have a `tuning` block. The value of the
objective is `"unknown"` as long as no trial has completed; the reader returns `None`.
"""
_COLUMNS = ["| Output | Type | Meaning |", "|---|---|---|"]


def outputs_page(source: str) -> str:
    """The page in Markdown; `source` is the text of platform_outputs.py."""
    classes = {node.name: node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)}
    outputs = [*_COLUMNS, *_properties(classes["PlatformOutputs"])]
    fields = [*_COLUMNS, *_fields(classes["TrainingJobOutputs"])]
    tuned = [*_COLUMNS, *_fields(classes["TuningJobOutputs"])]
    parts = [_INTRODUCTION, *outputs, "", _JOB, *fields, "", _TUNING_JOB, *tuned, ""]
    return "\n".join(parts)


def _properties(reader: ast.ClassDef) -> Iterator[str]:
    for node in reader.body:
        if isinstance(node, ast.FunctionDef) and node.decorator_list and node.returns:
            kind = ast.unparse(node.returns).removeprefix("pulumi.Output[").removesuffix("]")
            yield _row(node.name, kind, ast.get_docstring(node) or "")


def _fields(job: ast.ClassDef) -> Iterator[str]:
    """Yields a row for each field, whose meaning is the text after it."""
    for field, text in zip(job.body, job.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
            name, kind = ast.unparse(field.target), ast.unparse(field.annotation)
            yield _row(name, kind, " ".join(str(ast.literal_eval(text.value)).split()))


def _row(name: str, kind: str, meaning: str) -> str:
    escaped = kind.replace("|", "\\|")
    return f"| `{name}` | `{escaped}` | {meaning} |"

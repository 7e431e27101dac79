"""The command with which docs/runs.md compares two runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_PAGE = Path(__file__).parents[1] / "docs" / "runs.md"


def documented_comparison(bucket: str, a: str, b: str) -> Sequence[str]:
    """The command for two runs in a bucket, each given as `<lineage>/<job>`."""
    [text] = [each for each in _PAGE.read_text().split("```") if each.startswith("bash\nrecord()")]
    text = text.removeprefix("bash\n").replace("<artifact_bucket_name>", bucket)
    return "bash", "-c", text.replace("<lineage a>/<job a>", a).replace("<lineage b>/<job b>", b)

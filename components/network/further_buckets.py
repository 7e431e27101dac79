"""Buckets that jobs may read through the network beside the stack's own, and which are refused."""

from __future__ import annotations

import re
from collections.abc import Sequence

from components.problems import Problem

BUCKET_NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]")


def bucket_problems(names: Sequence[str]) -> list[Problem]:
    """Everything that is wrong with names of further buckets; paths relative to the list."""
    problems = []
    for position, name in enumerate(names):
        path = str(position)
        if BUCKET_NAME.fullmatch(name) is None:
            rule = "is not the name of a bucket: 3 to 63 lower-case letters, digits, hyphens, dots"
            remedy = "write only the name, without s3:// and without a path or pattern"
            problems.append(Problem(path, name, rule, remedy))
        elif name in names[:position]:
            problems.append(Problem(path, name, "is in the list twice", "name each bucket once"))
    return problems

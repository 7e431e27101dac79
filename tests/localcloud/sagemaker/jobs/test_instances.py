"""The table of instance types."""

from __future__ import annotations

from pathlib import Path


def test_the_table_of_instance_types_is_the_programs_own():
    root = Path(__file__).parents[4]
    copy = root / "localcloud" / "sagemaker" / "jobs" / "instance_types.csv"

    assert copy.read_bytes() == (root / "components" / "instances.csv").read_bytes()

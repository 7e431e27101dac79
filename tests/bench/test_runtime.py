"""The measurement of the runtime: a small run of it."""

from __future__ import annotations

import re

import pytest

from bench.local_cloud import local_cloud
from bench.runtime import measurements

MEASURED = {
    "memory of the idle server": r"\d+ MB",
    "CreateTrainingJob to the first line, median": r"\d+\.\d\d s",
    "upload by boto3": r"\d+ MB/s",
    "upload of a checkpoint, from written to uploaded": r"\d+ MB/s, \d+\.\d\d of boto3's",
    "upload of a model, packed and compressed": r"\d+ MB/s, \d+\.\d\d of boto3's",
    "download of a checkpoint before the start": r"\d+ MB/s",
    "10 jobs at once, until all have ended": r"\d+\.\d\d s",
}


@pytest.mark.deep
def test_every_number_is_measured():
    with local_cloud("--checkpoint-interval", "0.1") as cloud:
        found = dict(measurements(cloud, size=1 << 20, jobs=1, rounds=1))

    assert {name: bool(re.fullmatch(form, found[name])) for name, form in MEASURED.items()} == (
        dict.fromkeys(MEASURED, True)
    )

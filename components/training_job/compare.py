"""Compares two runs by their records: `python -m components.training_job.compare A B`.

A and B are `run.json` files, on this machine or as s3:// URIs. The exit code is 0 for runs that
were made of the same, 1 for others, and 2 where a record can't be read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from components.training_job.run_record import FORMAT

DECISIVE = ("definition", "image_digest", "source_hash", "revision", "seeds")
"""What a run's result depends on. The rest is where, when and by what it was launched."""

_PLACES = ("definition.artifacts", "definition.run")
"""What is part of a definition and yet of no influence: where it writes, and the run's id."""

_OWN = ("training_job", "launched", "lineage", "definition_hash", "format")
"""What tells one run from another, or follows from the rest."""

Difference = tuple[str, Any, Any]
"""A dotted path, and the two values there; None for a value that one record lacks."""


class RecordError(Exception):
    """A record can't be read; the message says which, and what to do."""


def differences(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[Difference]:
    """Where two records differ, what is decisive first; names and times of a run don't count."""
    sections = [*DECISIVE, *sorted((one.keys() | other.keys()) - {*DECISIVE, *_OWN})]
    return [
        difference
        for section in sections
        for difference in _differences(section, one.get(section), other.get(section))
    ]


def is_decisive(difference: Difference) -> bool:
    """Whether a difference can make for another result."""
    path = difference[0]
    return path.partition(".")[0] in DECISIVE and path not in _PLACES


def read_record(location: str) -> dict[str, Any]:
    """The record in a file or under an S3 URI.

    Raises:
        RecordError: there is none, or it is of a later format.
    """
    try:
        text = (
            _read_object(location) if location.startswith("s3://") else Path(location).read_text()
        )
        record = json.loads(text)
        if record["format"] > FORMAT:
            raise RecordError(
                f"{location}: the record has the format {record['format']}, and this program knows "
                f"{FORMAT}.\nRemedy: compare with the version that wrote it."
            )
    except (OSError, ValueError, KeyError, TypeError, BotoCoreError, ClientError) as error:
        raise RecordError(
            f"{location}: it can't be read as a run's record: {error}\n"
            "Remedy: name a run.json, which lies beside the folder `output` of each job."
        ) from error
    return dict(record)


def main(arguments: list[str]) -> int:
    """Print what differs between two runs; the exit code."""
    parser = argparse.ArgumentParser(prog="compare", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("a", help="a run.json, as a path or as s3://bucket/…/run.json")
    parser.add_argument("b", help="another one")
    given = parser.parse_args(arguments)
    try:
        one, other = read_record(given.a), read_record(given.b)
    except RecordError as error:
        print(error, file=sys.stderr)
        return 2
    print(report(one, other))
    return 1 if differences(one, other) else 0


def report(one: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """What differs between two runs, for people."""
    found = differences(one, other)
    decisive = [each for each in found if is_decisive(each)]
    told = [(a, b) for _, a, b in decisive]  # the request repeats most of the definition
    rest = [each for each in found if not is_decisive(each) and each[1:] not in told]
    lines = [f"A  {one['training_job']}", f"B  {other['training_job']}"]
    lines += _section("What decides the result", decisive, "the same")
    lines += _section("Where and by what it was launched", rest, "the same")
    return "\n".join(lines)


def _section(title: str, found: list[Difference], none: str) -> Iterator[str]:
    yield f"{title}: {none if not found else f'{len(found)} differences'}"
    for path, a, b in found:
        yield f"  {path}"
        yield f"    A  {_shown(a)}"
        yield f"    B  {_shown(b)}"


def _differences(path: str, one: Any, other: Any) -> Iterator[Difference]:
    if isinstance(one or other, Mapping) and isinstance(other or one, Mapping):
        one, other = one or {}, other or {}  # one record may lack the whole of it
        for key in sorted(one.keys() | other.keys()):
            yield from _differences(f"{path}.{key}", one.get(key), other.get(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for index, (a, b) in enumerate(zip(one, other, strict=True)):
            yield from _differences(f"{path}[{index}]", a, b)
    elif one != other:
        yield path, one, other


def _shown(value: Any) -> str:
    return "(none)" if value is None else json.dumps(value, ensure_ascii=False)


def _read_object(uri: str) -> str:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    body: bytes = boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    return body.decode()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What two runs were made of, and how the second differs from the first. Pure functions.

Both are records as `run.json` holds them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]

NOTHING = "–"
"""What is shown of a value that a run does not have."""

_SAID_ELSEWHERE = ("HyperParameters", "Environment", "InputDataConfig", "OutputDataConfig")
"""Members of a request that the definition has, or that say where the run is."""
_OF_INSTANCES = ("InstanceType", "InstanceCount", "InstanceGroups", "InstancePreferences")
_NAMES = {"hyperparameters": "hyperparameter", "environment": "variable", "algorithm": ""}


@dataclass(frozen=True)
class Change:
    """One value that differs."""

    what: str
    before: str
    now: str


def changes(before: Record, now: Record) -> list[Change]:
    """What differs, what decides the result first; nothing where one of them is not known."""
    if not before or not now:
        return []
    old, new = dict(_values(before)), dict(_values(now))
    return [
        Change(what, old.get(what, NOTHING), new.get(what, NOTHING))
        for what in [*new, *(each for each in old if each not in new)]
        if old.get(what, NOTHING) != new.get(what, NOTHING)
    ]


def provenance(record: Record) -> dict[str, str]:
    """What a run was made of, by the names that people use; without what is not known."""
    if not record:
        return {}
    revision = record.get("revision", {})
    modified = revision.get("modified")
    versions = record.get("versions", {})
    found = {
        "commit": revision.get("commit", ""),
        "uncommitted changes": "yes" if modified else "no" if modified is False else "",
        "image": record.get("request", {})
        .get("AlgorithmSpecification", {})
        .get("TrainingImage", ""),
        "image digest": record.get("image_digest", ""),
        "source hash": record.get("source_hash", ""),
        "source": record.get("source_uri", ""),
        "seeds": ", ".join(f"{name} {value}" for name, value in record.get("seeds", {}).items()),
        "definition": record.get("definition_hash", ""),
        "Python and packages": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }
    return {name: text for name, value in found.items() if (text := str(value or ""))}


def hyperparameters(record: Record) -> dict[str, str]:
    """The hyperparameters of a run."""
    found = record.get("definition", {}).get("hyperparameters", {})
    return {str(name): _text(value) for name, value in found.items()}


def _values(record: Record) -> Iterator[tuple[str, str]]:
    """All that a record says of a run, except for its name and place, by what it is called."""
    definition = dict(record.get("definition", {}))
    instances = definition.pop("instances", None)
    source, run = definition.pop("source", ""), definition.pop("run", "")
    definition.pop("artifacts", None)
    for section, value in definition.items():
        yield from _leaves(_NAMES.get(section, section), value)
    if instances is not None:
        yield "instances", _instances(instances)
    yield "runId", _text(run)
    yield "source hash", _text(source)
    yield "image digest", _text(record.get("image_digest", ""))
    revision = record.get("revision", {})
    yield "commit", _text(revision.get("commit", ""))
    yield "uncommitted changes", _text(revision.get("modified", ""))
    yield from _of_the_request(record.get("request", {}))
    yield from _leaves("version of", record.get("versions", {}))


def _of_the_request(request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What a request says beside the definition: limits, place, network, and the like."""
    for member, value in request.items():
        if member in _SAID_ELSEWHERE:
            continue
        if member == "AlgorithmSpecification":
            for each in value.get("MetricDefinitions", []):
                yield f"expression of the metric {each['Name']}", each["Regex"]
        elif member == "ResourceConfig":
            rest = {key: each for key, each in value.items() if key not in _OF_INSTANCES}
            yield from _leaves(member, rest)
        else:
            yield from _leaves(member, value)


def _leaves(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """Each single value of a document, with the way to it."""
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _leaves(f"{name} {key}".strip(), each)
    elif isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value):
        for number, each in enumerate(value, start=1):
            yield from _leaves(f"{name} {number}", each)
    else:
        yield name, _text(value)


def _instances(value: Any) -> str:
    """Instances as people write them; a definition has the type and the number."""
    if isinstance(value, list) and len(value) == 2 and isinstance(value[1], int):
        return f"{value[1]} × {value[0]}"
    return _text(value)


def _text(value: Any) -> str:
    if value in (None, "", [], {}):
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

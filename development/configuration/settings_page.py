"""The settings as a page to read: a table for each section."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from components.decimals import MOST_EXACT
from components.durations import parse_duration
from components.stack.configuration import NAMESPACE
from development.configuration.request_limits import Node
from development.configuration.schema import is_duration

_WORDS = {"string": "text", "integer": "whole number", "number": "number"}
_JOB = "jobs.<name>"
_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))
_INTRODUCTION = f"""\
<!-- Written by `python -m development configuration` from the descriptions in the code. -->
# Settings

A stack is one file next to `Pulumi.yaml`, named `Pulumi.<stack>.yaml`. Its keys are under
`config`, each with the prefix `{NAMESPACE}:`. [Pulumi.dev.yaml](../Pulumi.dev.yaml) is a small
stack, [Pulumi.research-prod.yaml](../Pulumi.research-prod.yaml) a large one.
"""
FIRST_SETTINGS = ("image", "source", "instanceType", "instanceCount", "maxRuntime", "inputs")
"""The settings of a job that the page begins with."""
_FIRST = f"""\
## The six settings that a job needs

Only `image` is required (or `algorithm` instead of it). The other five can be left out, but a first
job usually sets them. This is a whole stack file, for example `Pulumi.research-dev.yaml`:

```yaml
# yaml-language-server: $schema=stack.schema.json
config:
  aws:region: us-east-1
  {NAMESPACE}:team: research
  {NAMESPACE}:jobs:
    digits:
      image: 123456789012.dkr.ecr.us-east-1.amazonaws.com/jax-training:0.10-cpu
      source: {{ dir: examples/digits, entryPoint: train.py }}
      instanceType: ml.c5.xlarge
      instanceCount: 1
      maxRuntime: 20m
      inputs:
        train: {{ path: examples/digits/data }}   # or data in S3: {{ s3Uri: s3://…/ }}
```

The job runs on spot capacity, keeps checkpoints, and its container has no network: these are the
defaults. `pulumi preview` shows the most that it can cost. Nothing is launched until
`{NAMESPACE}:enableTrainingJob` is `true`. For a job on several instances, set `distribution` too.
"""
_RULES = f"""\
The sections below list every setting. [Training jobs](training-jobs.md) has more examples.

All settings are checked before anything is created. All errors are reported at once, each with its
path, value, rule and remedy. A key that is not listed here is refused, and so is the name of a
section with nothing after it, such as `spot:`.

An editor with a YAML language server, such as VS Code with the extension YAML of Red Hat, completes
and checks keys and values while you write, by [stack.schema.json](../stack.schema.json), which the
first line of each file names. It refuses what the preview refuses, apart from what it can't see:
files, names of other sections, values compared with each other. It also refuses a key without its
prefix and a text without quotes.

A **duration** is a number of seconds, or days, hours, minutes and seconds as in `2d`, `1h30m` or
`90s`. A number below 60 is refused, because it was hardly meant in seconds: write `20m`, `20h` or
`20s`.

Write a **text** in quotes if YAML can read it as something else: `"2026-01-15"`, `"1.10"`,
`"0042"`. Without quotes, a date is refused. The other two can't be recognized: they arrive as 1.1
and 34. A **whole number** beyond ±{MOST_EXACT} is refused, because Pulumi would round it. In
`hyperparameters` it may have 64 bits.
"""
_AWS = """\
## AWS

The standard keys after `aws:`, which the provider and the jobs' own AWS session share. Other keys
of the provider are refused, with what to do instead. Before anything is created or launched, the
stack and each job ask AWS for the account of the credentials, and compare it with the two lists.
`pulumi refresh` and `pulumi destroy` use the `aws:` settings of the last `pulumi up`.
"""


def settings_page(settings: Node, aws: Node) -> str:
    """The page in Markdown."""
    inner = dict(sections("", settings))
    parts = [_INTRODUCTION, _FIRST, first_settings(inner[_JOB]), _RULES]
    parts += ["## The stack\n", _table(settings)]
    for path, node in inner.items():
        parts += [f"## `{path}`\n", f"{node['title']}\n", _table(node, path)]
    parts += [_AWS, _table(aws, "aws")]
    for path, node in sections("aws", aws):
        parts += [f"## `{path}`\n", f"{node['title']}\n", _table(node, path)]
    return "\n".join(parts)


def first_settings(job: Node) -> str:
    """The table of the first settings of a job.

    Raises:
        ValueError: a job has no setting of such a name.

    """
    if unknown := set(FIRST_SETTINGS) - job["properties"].keys():
        message = f"a job has no setting {', '.join(sorted(unknown))}; correct FIRST_SETTINGS"
        raise ValueError(message)
    first = {key: job["properties"][key] for key in FIRST_SETTINGS}
    return _table(job | {"properties": first}, _JOB)


def sections(path: str, node: Node) -> Iterator[tuple[str, Node]]:
    """Yields the sections below a section with their paths, as `jobs.<name>.spot`."""
    for key, child in node["properties"].items():
        for suffix, section in _sections_of(child):
            inner = _joined(path, key) + suffix
            yield inner, section
            yield from sections(inner, section)


def _sections_of(node: Node) -> Iterator[tuple[str, Node]]:
    """Yields the section that a value is, or that each of its names or items has, if any."""
    for branch in (node, *node.get("anyOf", ())):
        if "properties" in branch:
            yield "", branch
    inner = [(".<name>", each) for each in _named(node)]
    if "items" in node:
        inner.append((".<number>", node["items"]))
    for suffix, each in inner:
        for branch in (each, *each.get("anyOf", ())):
            if "properties" in branch:
                yield suffix, branch


def _named(node: Node) -> list[Node]:
    """The values of a mapping whose names the user chooses."""
    others = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
    return [each for each in others if isinstance(each, dict)]


def _table(node: Node, path: str = "") -> str:
    required = node.get("required", ())
    rows = ["| Setting | Type | Default | Meaning |", "|---|---|---|---|"]
    for key, child in node["properties"].items():
        default = "required" if key in required else _default(child)
        cells = (f"`{key}`", _type(child, _joined(path, key)), default, child["description"])
        rows.append(f"| {' | '.join(map(_cell, cells))} |")
    return "\n".join([*rows, ""])


def _cell(text: str) -> str:
    """A text as it can be in a table."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def _type(node: Node, path: str) -> str:
    """The type of a value in words."""
    words = list(dict.fromkeys(_types(node, path)))
    if "number" in words and "whole number" in words:
        words.remove("whole number")
    return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def _types(node: Node, path: str) -> list[str]:
    """The types that a value may have, each in words."""
    if is_duration(node):
        return ["duration"]
    if "anyOf" in node:
        return [words for each in node["anyOf"] for words in _types(each, path)]
    if "const" in node:
        return [_literal(node["const"])]
    if "enum" in node:
        return [_literal(each) for each in node["enum"]]
    match node.get("type"):
        case "boolean":
            return ["`true`", "`false`"]
        case "array":
            return [f"list of {_plural(_type(node['items'], path + '.<number>'))}"]
        case "object":
            return [_object_type(node, path)]
        case kind:
            return [_WORDS.get(str(kind), "any value")]


def _object_type(node: Node, path: str) -> str:
    if "properties" in node:
        return f"[section](#{_anchor(path)})"
    named = _named(node)
    if not named:
        return "any values by name"
    if "properties" in named[0]:
        return f"[sections](#{_anchor(path + '.<name>')}) by name"
    return f"{_plural(_type(named[0], path + '.<name>'))} by name"


def _default(node: Node) -> str:
    """The default of a value that can be left out, in words."""
    default = node.get("default")
    if default == {} and any(not suffix for suffix, _ in _sections_of(node)):
        return "its defaults"
    if default in (None, "", [], {}):
        return "none"
    return in_words(parse_duration(default)) if is_duration(node) else _literal(default)


def in_words(seconds: int) -> str:
    """A duration in words.

    >>> in_words(5400)
    '1 hour 30 minutes'
    """
    parts = []
    for unit, size in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
    return " ".join(parts) or "0 seconds"


def _literal(value: Any) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _plural(words: str) -> str:
    return re.sub(r"\b(text|number|value|mapping|(?<=\[)section)\b", r"\1s", words)


def _joined(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _anchor(heading: str) -> str:
    """The address that a heading gets on the page."""
    return re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-")

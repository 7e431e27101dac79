"""`python -m project_check FOLDER --stack STACK`: refuses files that replace the pack.

The pipeline runs this before the engine. With some keys of Pulumi.yaml and of the file
of a stack, the engine runs another program in place of its own plugins, also of the one that starts
the policy pack, or reads its settings elsewhere. Then a preview would show the pack's name, and
judge nothing. Exits with 0, or prints every problem and exits with 1.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from training_policies.problems import Problem, report
from training_policies.resource import MISSING
from training_policies.stack_identity import TAGS_SETTING, writes_tags

_REFUSED: Mapping[str, str] = {
    "plugins": "makes the engine run these programs in place of its own plugins, "
    "also of the one that starts the policy pack",
    "packages": "makes the engine run these programs in place of its own plugins",
    "stackConfigDir": "makes the engine read the stack's settings from another folder",
    "backend": "says where the state is kept, which the pipeline decides",
    "environment": "sets variables of the engine, such as the one that says which Python runs the "
    "policy pack",
}
"""Why a key of either file is refused, where the reason is known."""

_UNKNOWN = "is not among the keys that are known not to affect the policy pack"

_DESCRIBING = {"name", "description", "author", "website", "license", "template"}
PROJECT_KEYS = frozenset(
    {*_DESCRIBING, "runtime", "main", "config", "options", "requiredPulumiVersion"}
)
STACK_KEYS = frozenset({"config", "encryptionsalt", "encryptedkey", "secretsprovider"})
OPTION_KEYS = frozenset({"refresh"})
ENGINE_SETTINGS = frozenset({"autonaming", "disable-default-providers", "template"})
"""The allowed keys of the files, of `options`, and of the settings `pulumi:…` that the engine
reads. Any other is refused, because a later engine may read it, and run other policy packs."""


def problems_in(folder: Path, stack: str) -> Iterator[Problem]:
    """The problems in the files of a project and of its stack.

    Args:
        folder: where Pulumi.yaml is.
        stack: the stack's name, with or without organisation and project before it.
    """
    name = stack.split("/")[-1]
    project_file, stack_file = folder / "Pulumi.yaml", folder / f"Pulumi.{name}.yaml"
    for other in _others(folder, name):
        rule = "the engine may read it in place of the file that is checked"
        yield Problem(other.name, "is there", rule, f"keep Pulumi.yaml and {stack_file.name} only")
    for file in (project_file, stack_file):
        if file.is_symlink():
            rule = "is a link, so that another file can take its place after this check"
            yield Problem(file.name, str(file.readlink()), rule, "write a file")
    if project_file.exists():
        yield from _problems_with(project_file, PROJECT_KEYS)
    else:
        rule = "the engine would look for one in the folders above"
        yield Problem(project_file.name, "is not there", rule, f"write one in {folder}")
    if stack_file.exists():
        yield from _problems_with(stack_file, STACK_KEYS)


def _others(folder: Path, stack: str) -> list[Path]:
    """The same files in the other formats that the engine reads; it prefers JSON."""
    names = [f"{name}.{form}" for name in ("Pulumi", f"Pulumi.{stack}") for form in ("json", "yml")]
    return [folder / name for name in names if (folder / name).exists()]


def _problems_with(file: Path, allowed: frozenset[str]) -> Iterator[Problem]:
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        yield Problem(file.name, MISSING, f"can't be read: {reason}", "correct the file's syntax")
        return
    if not isinstance(content, dict):
        yield Problem(file.name, content, "is not a mapping of keys", "write keys and values")
        return
    for key, value in content.items():
        if key not in allowed:
            rule = _REFUSED.get(key, _UNKNOWN)
            yield Problem(f"{file.name}: {key}", value, rule, f"remove {key}")
    yield from _problems_with_options(file, content.get("options") or {})
    yield from _problems_with_settings(file, content.get("config") or {})


def _problems_with_options(file: Path, options: Any) -> Iterator[Problem]:
    if not isinstance(options, dict):
        rule = "is not a mapping of keys"
        yield Problem(f"{file.name}: options", options, rule, "write keys and values")
        return
    for key, value in options.items():
        if key not in OPTION_KEYS:
            yield Problem(f"{file.name}: options.{key}", value, _UNKNOWN, f"remove {key}")


def _problems_with_settings(file: Path, config: Any) -> Iterator[Problem]:
    """Settings of the engine, under either of their names, that are not known to be harmless."""
    if not isinstance(config, dict):
        rule = "names another folder of settings, or is not a mapping"
        yield Problem(f"{file.name}: config", config, rule, "write settings and values")
        return
    for key, value in config.items():
        setting = str(key).replace(":config:", ":")
        namespace, _, name = setting.partition(":")
        if setting == TAGS_SETTING:
            if writes_tags(_declared(value)):
                yield Problem(
                    f"{file.name}: config.{key}",
                    value,
                    "writes the stack's tags, which say which team's quotas count",
                    f"remove {key}, and have the tags set with `pulumi stack tag set`",
                )
        elif namespace == "pulumi" and name not in ENGINE_SETTINGS:
            yield Problem(f"{file.name}: config.{key}", value, _UNKNOWN, f"remove {key}")


def _declared(value: Any) -> Any:
    """A setting's value; Pulumi.yaml may have it in a declaration with no other member."""
    return value["value"] if isinstance(value, dict) and value.keys() == {"value"} else value


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the problems, and returns the exit code."""
    parser = argparse.ArgumentParser(prog="project_check", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of Pulumi.yaml")
    parser.add_argument("--stack", required=True, help="the stack's name")
    asked = parser.parse_args(arguments)
    problems = list(problems_in(asked.folder, asked.stack))
    if problems:
        print(report(str(asked.folder), problems), file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())

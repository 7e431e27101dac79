"""`python -m stack_run FOLDER --stack STACK --run RUN`: a stack's settings with a run's name.

The pipeline gives the engine what this prints, in place of the stack's file: so a schedule names
the run of the recurring jobs, and nothing is committed for it. Without a run the file is printed
as it is. Exits with 1 where the run is no name, or the file can't be read.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from training_policies.problems import Problem, report

SETTING = "sagemaker-training:run"
RUN = r"[a-z0-9](-?[a-z0-9])*"
MOST = 16


def with_run(text: str, run: str) -> str:
    """The text of a stack's file, with another run.

    All else stays as it is written: the engine's YAML reads texts such as `on` and `12:30`
    differently from Python's.

    Raises:
        ValueError: the file has no mapping of settings.
        yaml.YAMLError: it is no YAML.
    """
    value = f' "{run}"'  # in quotes, as 202648 is a name, too
    config = _config(yaml.compose(text, Loader=yaml.SafeLoader))
    for key, old in config.value:
        if key.value.replace(":config:", ":") == SETTING:
            return f"{text[: old.start_mark.index]}{value}{text[old.end_mark.index :]}"
    start: yaml.Mark = config.start_mark
    if config.flow_style:
        at, entry = start.index + 1, f"{SETTING}:{value}, "
    else:
        at, entry = start.index, f"{SETTING}:{value}\n{' ' * start.column}"
    return f"{text[:at]}{entry}{text[at:]}"


def _config(root: yaml.Node | None) -> yaml.MappingNode:
    pairs = root.value if isinstance(root, yaml.MappingNode) else ()
    config = next((value for key, value in pairs if key.value == "config"), None)
    if not isinstance(config, yaml.MappingNode):
        raise ValueError("has no mapping of settings, config")
    return config


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the settings, and returns the exit code."""
    parser = argparse.ArgumentParser(prog="stack_run", description=__doc__)
    parser.add_argument("folder", type=Path, help="the folder of Pulumi.yaml")
    parser.add_argument("--stack", required=True, help="the stack's name")
    parser.add_argument("--run", required=True, help="the run, empty for none")
    asked = parser.parse_args(arguments)
    file = asked.folder / f"Pulumi.{asked.stack.split('/')[-1]}.yaml"
    problem = None
    if asked.run and not (re.fullmatch(RUN, asked.run) and len(asked.run) <= MOST):
        rule = f"a run has up to {MOST} lower-case letters, digits and single hyphens"
        problem = Problem("run", asked.run, rule, "write it as 2026-w48")
    else:
        try:
            text = file.read_text(encoding="utf-8")
            print(with_run(text, asked.run) if asked.run else text, end="")
        except (OSError, ValueError, yaml.YAMLError) as error:
            reason = " ".join(str(error).split())
            problem = Problem(file.name, asked.run, reason, "correct the file")
    if problem is not None:
        print(report(str(asked.folder), [problem]), file=sys.stderr)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())

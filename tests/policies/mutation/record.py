"""Records the previews that the mutation tests break: `python -m tests.policies.mutation.record`.

Two platforms, the stack `dev` and one with every option, each before anything exists, where much
is unknown, and once it is up, where all is known. Brings both up on a local cloud of its own.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.integration.conftest import new_stacks, run_cloud
from tests.integration.engine import TIMEOUT_SECONDS, Stack
from tests.integration.full_platform.options import every_option, make_what_exists_already
from toolchain.environment import aws_variables, without_user_settings
from toolchain.layout import CHECKOUT, Layout

FOLDER = Path(__file__).parent / "recorded"
_KEPT = ("urn", "type", "parent", "inputs", "propertyDependencies")
_RANDOM = re.compile(r"(?<=[-/])(?=[a-z0-9-]*\d)[0-9a-f]{7,}(-[0-9a-f]{8})?\b")


def platforms() -> dict[str, dict[str, Any]]:
    """The settings of each platform by its name, with the launch switch off."""
    switch = {"enableTrainingJob": False}
    return {"dev": _dev() | switch, "full": every_option() | switch}


def first_preview(name: str, stack: Stack) -> dict[str, Any]:
    """The preview of a stack of which nothing exists yet."""
    if name == "full":
        make_what_exists_already(stack.client)
    return _preview(stack)


def previews(folder: Path, plugins: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each platform's previews by name, from a local cloud in a folder."""
    for url in run_cloud(folder / "cloud"):
        with new_stacks(folder, plugins, url) as make:
            for name, settings in platforms().items():
                stack = make(settings)
                yield f"{name}-first", first_preview(name, stack)
                stack.up().succeeded()
                yield f"{name}-update", _preview(stack)


def outline(preview: dict[str, Any]) -> list[tuple[str, str, tuple[str, ...]]]:
    """What must be the same in another recording: each resource and the names of its inputs."""
    return sorted(
        (
            step["newState"]["type"],
            _RANDOM.sub("…", step["newState"]["urn"].split("::")[-1]),
            tuple(sorted(step["newState"].get("inputs", {}))),
        )
        for step in preview["steps"]
    )


def _dev() -> dict[str, Any]:
    config = yaml.safe_load((CHECKOUT / "Pulumi.dev.yaml").read_text())["config"]
    settings = {name.partition(":"): value for name, value in config.items()}
    return {key: value for (space, _, key), value in settings.items() if space != "aws"}


def _preview(stack: Stack) -> dict[str, Any]:
    """What `pulumi preview --json` says of every resource, without what no policy reads."""
    stack._prepare()
    command = [
        *(str(stack.layout.pulumi_bin / "pulumi"), "--non-interactive", "preview", "--json"),
        *("--show-sames", "--stack", stack.name, "--config-file"),
        str(stack._engine.settings_file),
    ]
    done = subprocess.run(
        command,
        cwd=stack._folder,
        env=stack.environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=TIMEOUT_SECONDS,
    )
    return {"steps": [_kept(each) for each in json.loads(done.stdout)["steps"]]}


def _kept(step: dict[str, Any]) -> dict[str, Any]:
    state = {key: value for key, value in step["newState"].items() if key in _KEPT}
    inputs = state.get("inputs", {})
    kept = {key: value for key, value in inputs.items() if not key.startswith("__")}
    return {"op": step["op"], "newState": state | {"inputs": kept}}


def _written(preview: dict[str, Any]) -> str:
    """One line for each resource, so that a difference can be read."""
    lines = [json.dumps(each, sort_keys=True) for each in preview["steps"]]
    return '{"steps": [\n' + ",\n".join(lines) + "\n]}\n"


def main() -> None:
    """Writes the recordings again."""
    with tempfile.TemporaryDirectory() as folder:
        inherited = without_user_settings(os.environ)
        os.environ.clear()
        os.environ.update(inherited | aws_variables(Layout(local=Path(folder)), None))
        for name, preview in previews(Path(folder), Layout().pulumi_home / "plugins"):
            (FOLDER / f"{name}.json").write_text(_written(preview))
            print(f"Wrote {name}.json, {len(preview['steps'])} resources")


if __name__ == "__main__":
    main()

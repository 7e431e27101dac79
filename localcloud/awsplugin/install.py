"""The folder that `pulumi plugin install` takes: an executable that starts this plugin."""

from __future__ import annotations

import shlex
from pathlib import Path

VERSION = "7.51.1"
EXECUTABLE = "pulumi-resource-aws"


def launch_script(python: Path, checkout: Path) -> str:
    """Return the program that the engine starts as the plugin.

    `python` is the interpreter of the virtual environment, `checkout` the folder that holds the
    package `localcloud`.
    """
    # exec: the engine must be the plugin's parent, whose end the plugin watches.
    return (
        "#!/bin/sh\n"
        f"PYTHONPATH={shlex.quote(str(checkout))} "
        f'exec {shlex.quote(str(python))} -m localcloud.awsplugin "$@"\n'
    )


def write_plugin_folder(folder: Path, python: Path, checkout: Path) -> Path:
    """Write the plugin's executable into `folder` and return its path.

    Install it under a private PULUMI_HOME with
    `pulumi plugin install resource aws v7.51.1 --file <folder>`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / EXECUTABLE
    path.unlink(missing_ok=True)  # a link would lead what is written to another plugin
    path.write_text(launch_script(python, checkout), encoding="utf-8")
    path.chmod(0o755)
    return path

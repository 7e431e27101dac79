"""Installs the local cloud's `aws` plugin into the private PULUMI_HOME."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from tempfile import TemporaryDirectory

from toolchain.environment import engine_environment
from toolchain.layout import Layout
from toolchain.progress import Progress
from toolchain.runner import Runner, Running
from toolchain.stamps import Stamp, fingerprint

EXECUTABLE = "pulumi-resource-aws"
_REMEDY = "Run `make clean`, then `make setup`; if it fails again, the log says more."


def install_plugin(layout: Layout, progress: Progress, running: Running) -> None:
    """Installs the plugin, and again if its version or its launch script has changed."""
    version = plugin_version(layout.checkout / "requirements.txt")
    script = launch_script(layout.python, layout.checkout)
    installed = layout.pulumi_home / "plugins" / f"resource-aws-v{version}" / EXECUTABLE
    stamp = Stamp(layout.stamps / "aws-plugin", fingerprint([version, script]), (installed,))
    if stamp.is_valid():
        return
    with progress.step("aws plugin") as step:
        step.say(f"installing version {version} into {layout.pulumi_home}")
        log = layout.logs / "aws-plugin.log"
        runner = Runner(step.name, log, _REMEDY, running)
        install = ("plugin", "install", "resource", "aws", f"v{version}", "--reinstall", "--file")
        with TemporaryDirectory(prefix="aws-plugin-", dir=layout.local) as folder:
            write_plugin_folder(Path(folder), layout.python, layout.checkout)
            runner.run(
                [layout.pulumi_bin / "pulumi", *install, folder],
                environment=engine_environment(layout),
            )
        stamp.write()


def plugin_version(requirements: Path) -> str:
    """The version of pulumi-aws that requirements.txt pins: the SDK asks for that plugin.

    Raises:
        ValueError: pulumi-aws is not pinned there.

    """
    found = re.search(r"^pulumi-aws==(\S+)$", requirements.read_text(), re.MULTILINE)
    if not found:
        message = f"{requirements} doesn't pin pulumi-aws"
        raise ValueError(message)
    return found.group(1)


def write_plugin_folder(folder: Path, python: Path, checkout: Path) -> Path:
    """Writes the plugin's executable into `folder` and returns its path.

    `pulumi plugin install resource aws v<version> --file <folder>` installs it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / EXECUTABLE
    path.unlink(missing_ok=True)  # through a link, another plugin would be overwritten
    path.write_text(launch_script(python, checkout), encoding="utf-8")
    path.chmod(0o755)
    return path


def launch_script(python: Path, checkout: Path) -> str:
    """The program that the engine starts as the plugin.

    `python` is the interpreter of the virtual environment, `checkout` the folder of the package
    `localcloud`.
    """
    # exec: the engine must be the plugin's parent, because the plugin ends with its parent.
    return (
        "#!/bin/sh\n"
        f"PYTHONPATH={shlex.quote(str(checkout))} "
        f'exec {shlex.quote(str(python))} -m localcloud.awsplugin "$@"\n'
    )

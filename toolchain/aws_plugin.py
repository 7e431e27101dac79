"""Installs the local cloud's `aws` plugin into the private PULUMI_HOME."""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from development.environment import engine_environment
from development.layout import Layout
from localcloud.awsplugin.install import EXECUTABLE, launch_script, write_plugin_folder
from toolchain.commands import Runner, Running
from toolchain.progress import Progress
from toolchain.stamps import Stamp, fingerprint

_REMEDY = "Run `make clean`, then `make setup`; if it fails again, the log says more."


def plugin_version(requirements: Path) -> str:
    """Return the version of pulumi-aws that requirements.txt pins: the SDK asks for that plugin.

    Raises:
        ValueError: pulumi-aws is not pinned there.

    """
    found = re.search(r"^pulumi-aws==(\S+)$", requirements.read_text(), re.MULTILINE)
    if not found:
        message = f"{requirements} doesn't pin pulumi-aws"
        raise ValueError(message)
    return found.group(1)


def install_plugin(layout: Layout, progress: Progress, running: Running) -> None:
    """Install the plugin, anew where its version or its launch script has changed."""
    version = plugin_version(layout.checkout / "requirements.txt")
    script = launch_script(layout.python, layout.checkout)
    installed = layout.pulumi_home / "plugins" / f"resource-aws-v{version}" / EXECUTABLE
    stamp = Stamp(layout.stamps / "aws-plugin", fingerprint([version, script]), (installed,))
    if stamp.is_valid():
        return
    with progress.step("aws plugin") as step:
        step.tell(f"installing version {version} into {layout.pulumi_home}")
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

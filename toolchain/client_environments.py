"""The clients that `make test-clients` runs, each in an environment of its own.

They are AWS's, PyTorch, MLflow and Weights & Biases; `make mlflow` and `make track` run those two.

A client is a folder of tests/clients with a requirements.txt, which pins the client and all that it
needs. Its environment is made once, and again if its pins change.
"""

from __future__ import annotations

from pathlib import Path

from toolchain.layout import Layout
from toolchain.progress import Progress
from toolchain.python_packages import (
    CREATE_REMEDY,
    create_empty,
    environment_inputs,
    uv_install,
)
from toolchain.runner import Runner, Running
from toolchain.stamps import Stamp, fingerprint

_INSTALL_REMEDY = (
    "See whether the package index is reachable (`pip config list` shows which one is used) and, "
    "for the training toolkit, whether there is a C compiler; then run the command again."
)


def clients(layout: Layout) -> list[str]:
    """The names of the clients, which are those of their folders."""
    found = (layout.checkout / "tests" / "clients").glob("*/requirements.txt")
    return sorted(path.parent.name for path in found)


def client_stamp(layout: Layout, client: str) -> Stamp:
    """The mark of a complete environment of a client."""
    where = layout.clients / client
    inputs = fingerprint([environment_inputs(where), _requirements(layout, client)])
    return Stamp(where / ".complete", inputs, (where / "bin" / "python",))


def create_client_environment(
    layout: Layout, client: str, progress: Progress, running: Running
) -> None:
    """Creates the environment of a client and installs the client, unless that is complete."""
    stamp = client_stamp(layout, client)
    if stamp.is_valid():
        return
    where, requirements = layout.clients / client, _requirements(layout, client)
    with progress.step(client) as step:
        log = layout.logs / f"{client}.log"
        create_empty(where, Runner(client, log, CREATE_REMEDY, running))
        runner = Runner(client, log, _INSTALL_REMEDY, running, step.say)
        python = where / "bin" / "python"
        uv_install(layout, runner, "--requirement", requirements, python=python)
        stamp.write()


def _requirements(layout: Layout, client: str) -> Path:
    return layout.checkout / "tests" / "clients" / client / "requirements.txt"

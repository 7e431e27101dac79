"""The paths of the set-up's and the commands' files, all inside the checkout."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
"""The folder that holds Pulumi.yaml."""


@dataclass(frozen=True)
class Layout:
    """The files of one checkout that git ignores.

    `local` is a parameter because each integration test has its own folder, with the same set-up.
    """

    checkout: Path = CHECKOUT
    local: Path = CHECKOUT / ".local"

    @property
    def virtual_environment(self) -> Path:
        """The folder of the pinned Python packages."""
        return self.checkout / ".venv"

    @property
    def python(self) -> Path:
        """The interpreter that runs the program, the commands and the tests."""
        return self.virtual_environment / "bin" / "python"

    @property
    def pulumi_bin(self) -> Path:
        """The folder of `pulumi`, its Python language host and launch scripts, or links to them."""
        return self.checkout / ".local" / "pulumi" / "bin"

    @property
    def pulumi_home(self) -> Path:
        """A private PULUMI_HOME with the local `aws` plugin in it."""
        return self.local / "pulumi-home"

    @property
    def state(self) -> Path:
        """The file:// backend of the stack `dev`."""
        return self.local / "state"

    @property
    def stacks(self) -> Path:
        """Copies of the stack files, edited so that the checkout stays clean."""
        return self.local / "stacks"

    @property
    def cloud(self) -> Path:
        """The data of the local cloud."""
        return self.local / "cloud"

    @property
    def clients(self) -> Path:
        """The virtual environments of the clients that `make test-clients` runs, one for each."""
        return self.local / "clients"

    @property
    def mlflow(self) -> Path:
        """What the server of `make mlflow` keeps."""
        return self.local / "mlflow"

    @property
    def logs(self) -> Path:
        """The full output of each step of the set-up, and of the commands that run the engine."""
        return self.local / "logs"

    @property
    def stamps(self) -> Path:
        """Marks of the set-up's completed steps."""
        return self.local / "stamps"

"""The instances of one running job, and what they share: network and checkpoint prefix."""

from __future__ import annotations

import secrets
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from localcloud.clients import RoleClients
from localcloud.images import Image
from localcloud.sagemaker.locations import Location
from localcloud.sagemaker.records import TrainingJob
from localcloud.sagemaker.rules import input_mode
from localcloud.sagemaker.runtime import channels, layout
from localcloud.sagemaker.runtime.checkpoints import CheckpointSync
from localcloud.sagemaker.runtime.control import Control
from localcloud.sagemaker.runtime.failures import ClientError
from localcloud.sagemaker.runtime.instance import Instance
from localcloud.sagemaker.runtime.layout import Host
from localcloud.sagemaker.runtime.logs import LogStream
from localcloud.sagemaker.runtime.settings import Settings
from localcloud.sagemaker.sandbox.choice import make_folders, start_network, stop_network
from localcloud.sagemaker.sandbox.files import MACHINE_LEARNING, instance_mounts
from localcloud.sagemaker.sandbox.specification import Mount, Specification

_KILL_SECONDS = 10.0


class Cluster:
    """All instances of one job."""

    def __init__(
        self, job: TrainingJob, settings: Settings, access: RoleClients, folder: Path
    ) -> None:
        self._job = job
        self._settings = settings
        self._access = access
        self._isolated = bool(job.request.get("EnableNetworkIsolation"))
        self._network: subprocess.Popen[bytes] | None = None
        private = self._isolated and settings.sandbox.faithful
        if private:
            self._network = start_network()
        self.hosts = layout.make_hosts(
            job.request["ResourceConfig"],
            "127.0.0" if private else _free_network(),
            named=settings.sandbox.faithful,
        )
        self._instances = [
            Instance(host, folder / f"algo-{host.number}", settings.sandbox) for host in self.hosts
        ]
        self._image: Image | None = None

    def prepare(self, image: Image, check: Callable[[], None]) -> None:
        """Make each instance's files and download its input and the checkpoints.

        `check` runs before each object and may raise.
        """
        self._image = image
        for instance in self._instances:
            make_folders(instance.folder)
            (instance.folder / "hosts").write_text(layout.hosts_file(self.hosts))
            documents = layout.configuration(self._job, self.hosts, instance.host)
            layout.write_configuration(instance.ml, documents)
            self._download(instance, check)
            self._restore(instance, check)

    def _restore(self, instance: Instance, check: Callable[[], None]) -> None:
        config = self._job.request.get("CheckpointConfig")
        if config is None:
            return
        instance.checkpoints = CheckpointSync(
            self._access.s3,
            Location.parse(config["S3Uri"]),
            self._checkpoint_folder(instance),
            self._settings.checkpoint_interval,
        )
        instance.checkpoints.restore(check)

    def _checkpoint_folder(self, instance: Instance) -> Path:
        """Return the host's folder for LocalPath: within /opt/ml, or one that is mounted there."""
        path = PurePosixPath(layout.checkpoint_path(self._job.request))
        if path.is_relative_to(MACHINE_LEARNING):
            return instance.ml / path.relative_to(MACHINE_LEARNING)
        if not self._settings.sandbox.faithful:
            raise ClientError(f"Without namespaces, {path} can't hold checkpoints: use /opt/ml")
        return instance.folder / "checkpoints"

    def _download(self, instance: Instance, check: Callable[[], None]) -> None:
        for channel in layout.channels_of(self._job.request, instance.host):
            source = channel["DataSource"]["S3DataSource"]
            groups = source.get("InstanceGroupNames") or [host.group for host in self.hosts]
            receivers = [host for host in self.hosts if host.group in groups]
            folder = instance.ml / "input" / "data" / channel["ChannelName"]
            share = receivers.index(instance.host), len(receivers)
            channels.download(self._access.s3, source, folder, share, check)

    def start(self, control: Control, read_line: Callable[[str, float], None]) -> None:
        """Start every instance's entry point; exits go to `control`, output to `read_line`."""
        for instance in self._instances:
            stream = LogStream(self._access.logs, self._job.name, instance.host.number)
            instance.start(self._specification(instance), stream, read_line, control.exited)

    def _specification(self, instance: Instance) -> Specification:
        assert self._image is not None  # noqa: S101 - prepared before
        ml = MACHINE_LEARNING if self._settings.sandbox.faithful else str(instance.ml)
        environment = layout.environment(self._job, self._image.environment, self._aws())
        if not self._settings.sandbox.faithful:
            environment |= {"SAGEMAKER_BASE_DIR": ml, "HOME": str(instance.folder / "home")}
        return Specification(
            host=instance.host.name,
            command=tuple(_moved(word, ml) for word in layout.command(self._job.request)),
            environment={name: _moved(value, ml) for name, value in environment.items()},
            mounts=instance_mounts(instance.folder, self._image.folders, self._extra(instance)),
            root=str(instance.folder / "root"),
            network=self._network.pid if self._network else 0,
            folder="/" if self._settings.sandbox.faithful else ml,
        )

    def _aws(self) -> dict[str, str]:
        """Return how the script reaches AWS: not at all when the job is isolated."""
        if self._isolated:
            return {}
        region = {"AWS_DEFAULT_REGION": self._job.region}
        return {**region, "AWS_ENDPOINT_URL": self._settings.url, **self._access.credentials}

    def _extra(self, instance: Instance) -> list[Mount]:
        """Return the mounts over /opt/ml: the checkpoints, and read-only FastFile channels."""
        request = self._job.request
        mounts = [
            Mount(
                "read-only",
                f"{MACHINE_LEARNING}/input/data/{channel['ChannelName']}",
                str(instance.ml / "input" / "data" / channel["ChannelName"]),
            )
            for channel in layout.channels_of(request, instance.host)
            if input_mode(request, channel) == "FastFile"
        ]
        path = layout.checkpoint_path(request)
        if not PurePosixPath(path).is_relative_to(MACHINE_LEARNING):
            mounts.append(Mount("bind", path, str(self._checkpoint_folder(instance))))
        return mounts

    def stop(self, control: Control) -> None:
        """Send SIGTERM, wait for the grace, send SIGKILL, upload the last checkpoints."""
        deadline = time.monotonic() + self._settings.grace
        for instance in self._instances:
            instance.signal(signal.SIGTERM)
        while self._running() and control.next_exit(deadline - time.monotonic()):
            pass
        self.kill()
        while self._running() and control.next_exit(_KILL_SECONDS):
            pass
        self.flush(deadline - time.monotonic())

    def _running(self) -> bool:
        return any(instance.running() for instance in self._instances)

    def flush(self, seconds: float) -> None:
        """Upload the last checkpoints of instances that have ended, within `seconds`."""
        for instance in self._instances:
            if instance.checkpoints:
                instance.checkpoints.finish(seconds)
                instance.checkpoints = None

    def kill(self) -> None:
        """End every instance's processes at once."""
        for instance in self._instances:
            instance.kill()

    def close(self) -> None:
        """End what still runs, and the job's network; the instances' files stay."""
        for instance in self._instances:
            instance.close()
            if instance.checkpoints:
                instance.checkpoints.abandon()
                instance.checkpoints = None
        if self._network is not None:
            stop_network(self._network)
            self._network = None

    def folders(self, name: str) -> list[Path]:
        """Return the folder `name` of /opt/ml on each instance."""
        return [instance.ml / name for instance in self._instances]

    def failure_file(self, host: Host) -> Path:
        """Return where a host's script says why it failed."""
        return self._instances[host.number - 1].ml / "output" / "failure"


def _moved(text: str, ml: str) -> str:
    """Put the folder that stands in for /opt/ml, where there is no private file tree."""
    return text if ml == MACHINE_LEARNING else text.replace(MACHINE_LEARNING, ml)


def _free_network() -> str:
    """Return the first three numbers of loopback addresses that other jobs hardly use.

    Jobs that are not isolated share this machine's network: with addresses of their own
    they can listen at the same port.
    """
    return f"127.{64 + secrets.randbelow(64)}.{secrets.randbelow(256)}"

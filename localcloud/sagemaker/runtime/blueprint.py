"""How the instances of one job are set up: command, environment, files, network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from localcloud.sagemaker.jobs.failure_reasons import ClientError
from localcloud.sagemaker.jobs.instances import instance_types
from localcloud.sagemaker.jobs.records import TrainingJob
from localcloud.sagemaker.runtime import image_programs, layout
from localcloud.sagemaker.runtime.images import Image
from localcloud.sagemaker.runtime.layout import Host, input_mode
from localcloud.sagemaker.runtime.role_clients import RoleClients
from localcloud.sagemaker.runtime.settings import Settings
from localcloud.sagemaker.sandbox.file_tree import MACHINE_LEARNING, instance_mounts
from localcloud.sagemaker.sandbox.specification import Mount, Namespaces, Specification

_GIB = 1 << 30
_CACHE = f"{MACHINE_LEARNING}/sagemaker/warmpoolcache"


@dataclass(frozen=True)
class Blueprint:
    """The set-up that all instances of one job share."""

    job: TrainingJob
    settings: Settings
    access: RoleClients
    image: Image

    @property
    def isolated(self) -> bool:
        """Whether the containers have neither network nor credentials."""
        return bool(self.job.request.get("EnableNetworkIsolation"))

    def specification(
        self, host: Host, folder: Path, namespaces: Namespaces | None
    ) -> Specification:
        """The specification of the instance `host`, whose files are in `folder` of this machine.

        `namespaces` are those of the host's network; None for this machine's network.
        """
        ml = folder / "ml"
        instance_type = instance_types()[host.instance_type]
        environment = layout.environment(self.job, self.image.environment, self._aws())
        command = image_programs.command(self.job.request, self.image.environment, ml)
        if not self.settings.sandbox.faithful:
            command = tuple(_moved(word, ml) for word in command)
            environment = {name: _moved(value, ml) for name, value in environment.items()}
            environment |= {"SAGEMAKER_BASE_DIR": str(ml), "HOME": str(folder / "home")}
        return Specification(
            host=host.name,
            command=command,
            environment=environment,
            mounts=instance_mounts(folder, self.image.folders, self._mounts(host, folder)),
            root=str(folder / "root"),
            namespaces=namespaces,
            memory=int(instance_type.memory_gib * _GIB),
            processors=instance_type.vcpus,
            folder="/" if self.settings.sandbox.faithful else str(ml),
        )

    def checkpoint_folder(self, folder: Path) -> Path:
        """The machine's folder for LocalPath: within /opt/ml, or one mounted there.

        Raises ClientError if nothing can be mounted, as jobs have no namespaces.
        """
        path = PurePosixPath(layout.checkpoint_path(self.job.request))
        if path.is_relative_to(MACHINE_LEARNING):
            return folder / "ml" / path.relative_to(MACHINE_LEARNING)
        if not self.settings.sandbox.faithful:
            raise ClientError(
                f"Without namespaces, checkpoints can't be in {path}: use a folder in /opt/ml"
            )
        return folder / "checkpoints"

    def cache_folder(self, host: Host) -> Path | None:
        """The machine's folder that an instance of a warm pool keeps; None without a pool."""
        pool = self.job.warm_pool
        return self.settings.jobs / pool.folder / f"algo-{host.number}" if pool else None

    def _aws(self) -> dict[str, str]:
        """The variables with which the script reaches AWS; none if the job is isolated."""
        if self.isolated:
            return {}
        region = {"AWS_DEFAULT_REGION": self.job.region}
        return {**region, "AWS_ENDPOINT_URL": self.settings.url, **self.access.credentials}

    def _mounts(self, host: Host, folder: Path) -> list[Mount]:
        """The mounts over /opt/ml: FastFile channels, read-only, and the checkpoints."""
        request = self.job.request
        channels = PurePosixPath("input/data")
        mounts = [
            Mount("read-only", f"{MACHINE_LEARNING}/{path}", str(folder / "ml" / path))
            for channel in layout.channels_of(request, host)
            if input_mode(request, channel) == "FastFile"
            for path in (channels / channel["ChannelName"],)
        ]
        if cache := self.cache_folder(host):
            mounts.append(Mount("bind", _CACHE, str(cache)))
        path = layout.checkpoint_path(request)
        if not PurePosixPath(path).is_relative_to(MACHINE_LEARNING):
            mounts.append(Mount("bind", path, str(self.checkpoint_folder(folder))))
        return mounts


def _moved(text: str, ml: Path) -> str:
    """A text with another folder in place of /opt/ml, for a sandbox without private files."""
    return text.replace(MACHINE_LEARNING, str(ml))

"""What the service says about the job, in the container's configuration files."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from launching import LaunchError
from launching.trial import NOT_THE_SCRIPTS, OBJECTIVE_PARAMETER

MEETING_PORT = "7777"


class Job:
    """The job as the service describes it in the container's configuration files."""

    def __init__(self, base: Path, distribution_groups: Sequence[str] = ()) -> None:
        """Reads the files under the base folder.

        `distribution_groups` names the instance groups whose hosts the distribution joins, none
        for all hosts.

        Raises:
            LaunchError: if a file is missing or is not what the service writes.
        """
        self.base = base
        self.resources = self._read("resourceconfig.json")
        self.inputs = self._read("inputdataconfig.json", default={})
        self.hosts: list[str] = list(self.resources.get("hosts", []))
        self.host = str(self.resources.get("current_host"))
        if self.host not in self.hosts:
            raise LaunchError(f"resourceconfig.json: {self.host!r} is not one of {self.hosts}")
        self.rank = self.hosts.index(self.host)
        self.instance_type = str(self.resources.get("current_instance_type", "local"))
        self.network_interface = str(self.resources.get("network_interface_name", "eth0"))
        self.groups: dict[str, dict[str, Any]] = {
            each["instance_group_name"]: each for each in self.resources.get("instance_groups", [])
        }
        self.distribution_groups = list(distribution_groups)
        self.peers = self._hosts_of(self.distribution_groups) or self.hosts
        written = self._read("hyperparameters.json", default={})
        self.is_trial = OBJECTIVE_PARAMETER in written
        values = {
            name: _decoded(value) for name, value in written.items() if name not in NOT_THE_SCRIPTS
        }
        platform = {name for name in values if name.startswith("sagemaker_")}
        self.hyperparameters = {name: values[name] for name in values if name not in platform}
        self.framework_parameters = {name: values[name] for name in platform}

    def _read(self, name: str, default: dict[str, Any] | None = None) -> dict[str, Any]:
        path = self.base / "input" / "config" / name
        if default is not None and not path.exists():
            return default
        try:
            content = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            raise LaunchError(f"{path} is missing: is this a training job's container?") from None
        except ValueError as error:
            raise LaunchError(f"{path} is not JSON: {error}") from error
        if not isinstance(content, dict):
            raise LaunchError(f"{path} holds no JSON object")
        return content

    def _hosts_of(self, groups: Sequence[str]) -> list[str]:
        """The hosts of some instance groups, in the order of all hosts."""
        missing = [name for name in groups if name not in self.groups]
        if missing:
            raise LaunchError(f"resourceconfig.json has no instance group {', '.join(missing)}")
        chosen = {host for name in groups for host in self.groups[name]["hosts"]}
        return [host for host in self.hosts if host in chosen]

    def checkpoint_folder(self) -> Path:
        """The folder that the service synchronises with S3, if the job has asked for it.

        All trials of a tuning job have the same prefix in S3, so each has a folder of its own.
        """
        path = self._read("checkpointconfig.json", default={}).get("LocalPath")
        parts = PurePosixPath(path or "/opt/ml/checkpoints").parts
        folder = self.base.joinpath(*(parts[3:] if parts[:3] == ("/", "opt", "ml") else parts))
        return folder / os.environ.get("TRAINING_JOB_NAME", "") if self.is_trial else folder

    def meeting_point(self) -> tuple[str, str]:
        """The address and the port where the hosts' processes find each other."""
        address = os.environ.get("MASTER_ADDR", self.peers[0])
        return address, os.environ.get("MASTER_PORT", MEETING_PORT)


def _decoded(value: Any) -> Any:
    """A hyperparameter's value: SDKs encode it as JSON, other clients write it as it is.

    What is text that no process can get, once it is decoded, stays as it is written.
    """
    try:
        decoded = json.loads(value)
        json.dumps(decoded, ensure_ascii=False).encode("utf-8")
    except (TypeError, ValueError, RecursionError):
        return value
    return value if isinstance(decoded, str) and "\0" in decoded else decoded

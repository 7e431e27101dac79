"""What an instance has at its start: hosts, configuration files and environment.

Pure functions, except the one that writes the files.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.sagemaker.jobs.instances import instance_groups
from localcloud.sagemaker.jobs.records import TrainingJob
from localcloud.sagemaker.sandbox.file_tree import HOME, MACHINE_LEARNING

Document = dict[str, Any]

CHECKPOINTS = f"{MACHINE_LEARNING}/checkpoints"
_SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# AWS's images set it, so that output appears when it is printed.
_IMAGE_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PYTHONUNBUFFERED": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONIOENCODING": "UTF-8",
}


@dataclass(frozen=True)
class Host:
    """One instance of a job."""

    name: str
    """Its name for the job's instances: algo-1, or an address without sandbox."""
    address: str
    interface: str
    """The network interface that has the address."""
    group: str
    instance_type: str
    number: int
    """The instance's number, from 1."""


def make_hosts(
    resources: Document, network: str, interface: str, *, named: bool
) -> tuple[Host, ...]:
    """The job's hosts, numbered through its instance groups.

    `network` is the first three numbers of their addresses, "127.0.0".
    """
    groups = resources.get("InstanceGroups") or [
        {
            "InstanceGroupName": "homogeneousCluster",
            **instance_groups({"ResourceConfig": resources})[0],
        }
    ]
    members = [group for group in groups for _ in range(group["InstanceCount"])]
    return tuple(
        Host(
            name=f"algo-{number}" if named else f"{network}.{number}",
            address=f"{network}.{number}",
            interface=interface,
            group=group["InstanceGroupName"],
            instance_type=group["InstanceType"],
            number=number,
        )
        for number, group in enumerate(members, 1)
    )


def configuration(job: TrainingJob, hosts: tuple[Host, ...], host: Host) -> dict[str, Document]:
    """The documents of /opt/ml/input/config, by file name without .json."""
    request = job.request
    documents = {
        "hyperparameters": request.get("HyperParameters", {}),
        "resourceconfig": _resources(hosts, host),
        "inputdataconfig": {
            channel["ChannelName"]: _channel(request, channel)
            for channel in channels_of(request, host)
        },
    }
    if checkpoints := request.get("CheckpointConfig"):
        documents["checkpointconfig"] = {
            "LocalPath": checkpoint_path(request),
            "S3Uri": checkpoints["S3Uri"],
        }
    return documents


def checkpoint_path(request: Document) -> str:
    """The folder of the checkpoints in the instance."""
    path: str = request.get("CheckpointConfig", {}).get("LocalPath", CHECKPOINTS)
    return path.rstrip("/")


def input_mode(request: Document, channel: Document) -> str:
    """The input mode of a channel: its own, or else the algorithm's."""
    mode: str = channel.get("InputMode") or request["AlgorithmSpecification"]["TrainingInputMode"]
    return mode


def channels_of(request: Document, host: Host) -> list[Document]:
    """The channels that the host's instance group receives."""
    return [
        channel
        for channel in request.get("InputDataConfig", [])
        if host.group
        in (channel["DataSource"]["S3DataSource"].get("InstanceGroupNames") or [host.group])
    ]


def _resources(hosts: tuple[Host, ...], host: Host) -> Document:
    groups: dict[str, list[Host]] = {}
    for member in hosts:
        groups.setdefault(member.group, []).append(member)
    return {
        "current_host": host.name,
        "current_instance_type": host.instance_type,
        "current_group_name": host.group,
        # In alphabetical order, as SageMaker writes them: algo-10 before algo-2.
        "hosts": sorted(member.name for member in hosts),
        "instance_groups": [
            {
                "instance_group_name": name,
                "instance_type": members[0].instance_type,
                "hosts": sorted(member.name for member in members),
            }
            for name, members in groups.items()
        ],
        "network_interface_name": host.interface,
        "topology": None,
    }


def _channel(request: Document, channel: Document) -> Document:
    source = channel["DataSource"]["S3DataSource"]
    document = {
        "TrainingInputMode": input_mode(request, channel),
        "S3DistributionType": source.get("S3DataDistributionType", "FullyReplicated"),
        "RecordWrapperType": channel.get("RecordWrapperType", "None"),
    }
    content = {"ContentType": channel["ContentType"]} if "ContentType" in channel else {}
    return {**document, **content}


def write_configuration(ml: Path, documents: dict[str, Document]) -> None:
    """Creates the folders of /opt/ml and writes its configuration files."""
    for name in ("input/config", "input/data", "model", "output/data", "code", "checkpoints"):
        (ml / name).mkdir(parents=True, exist_ok=True)
    for name, document in documents.items():
        (ml / "input" / "config" / f"{name}.json").write_text(json.dumps(document))


def hosts_file(hosts: tuple[Host, ...]) -> str:
    """The instances' /etc/hosts."""
    lines = ["127.0.0.1 localhost", *(f"{host.address} {host.name}" for host in hosts)]
    return "\n".join(lines) + "\n"


def environment(job: TrainingJob, image: Path, access: dict[str, str]) -> dict[str, str]:
    """The entry point's environment: the image's, the platform's and the request's.

    `image` is the Python environment in place of the container image; `access` has the variables
    with which the script reaches AWS, none for an isolated job.
    """
    return {
        "PATH": f"{image / 'bin'}:{_SYSTEM_PATH}",
        "HOME": HOME,
        **_IMAGE_ENVIRONMENT,
        "TRAINING_JOB_NAME": job.name,
        "TRAINING_JOB_ARN": job.arn,
        "AWS_REGION": job.region,
        **access,
        **job.request.get("Environment", {}),
    }


def command(request: Document) -> tuple[str, ...]:
    """The entry point and its arguments; an image's own is `train`."""
    algorithm = request["AlgorithmSpecification"]
    entry_point = algorithm.get("ContainerEntrypoint", [])
    arguments = algorithm.get("ContainerArguments", [] if entry_point else ["train"])
    return (*entry_point, *arguments)

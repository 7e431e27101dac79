"""A local cloud for the clients, its role, and data of the user's own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.server import daemon
from tests.clients.clients import environment_of
from tests.localcloud.cloud import TRUST, Cloud, policy

IMAGES = ("pytorch-training", "toolkit")
"""The images that have AWS's training toolkit as their entry point."""


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud in which the images of the training toolkit have it."""
    data = tmp_path_factory.mktemp("clients") / "cloud"
    data.mkdir()
    toolkit = environment_of("training_toolkit").resolve()  # its scripts name the real folder
    lines = (f'"*/{image}:*" = "{toolkit}"' for image in IMAGES)
    (data / "images.toml").write_text("\n".join(["[images]", *lines, ""]))
    yield Cloud(daemon.start(data, "--role-delay", "0"), data)
    daemon.stop(data)


@pytest.fixture(scope="session")
def role(cloud: Cloud) -> str:
    """The ARN of an execution role: SDK 3 reads only trust policies with a list of statements."""
    iam = cloud.client("iam")
    trust = TRUST | {"Statement": [TRUST["Statement"]]}
    made = iam.create_role(RoleName="clients", AssumeRolePolicyDocument=json.dumps(trust))
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.put_role_policy(
        RoleName="clients", PolicyName="everything", PolicyDocument=policy(everything)
    )
    return str(made["Role"]["Arn"])


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder of the user's with two files, one of them in a folder."""
    folder = tmp_path / "data"
    (folder / "more").mkdir(parents=True)
    (folder / "a.csv").write_text("1,2")
    (folder / "more" / "b.csv").write_text("3,4")
    return folder

"""A lineage that really runs on the local cloud, and the reader that shows it on a server."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.clients.clients import environment_of
from tests.localcloud.cloud import Cloud, checkpoints
from tests.localcloud.spot import SPOT
from toolchain.environment import client_environment
from toolchain.layout import CHECKOUT, Layout

LINEAGE = "research-dev-steps"
STEPS = 60
SCRIPT = Path(__file__).with_name("tracked_training.py").read_text()
SYNC_SECONDS = 120.0


def launch(cloud: Cloud, attempt: int, lineage: str = LINEAGE, **parameters: str) -> str:
    """Starts the next job of a lineage, as the program names and tags it."""
    name = f"{lineage}-01234567-{attempt}"
    request = cloud.request(SCRIPT, **SPOT)
    request["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": "speed", "Regex": r"speed=(\S+)"},
        {"Name": "step", "Regex": r"step=(\d+)"},
    ]
    changes = {
        "TrainingJobName": name,
        "CheckpointConfig": checkpoints(f"checkpoints/{lineage}/"),
        "HyperParameters": {"steps": str(STEPS), "fail_at": "0", **parameters},
        "Tags": [{"Key": "sagemaker-training:lineage", "Value": lineage}],
    }
    cloud.sagemaker.create_training_job(**request | changes)
    return name


def wait_for_step(cloud: Cloud, name: str, step: int) -> None:
    """Waits until a job has reported a step."""
    cloud.wait_for_line(name, f"step={step} speed={step / 2}")


@dataclass(frozen=True)
class Reader:
    """`python -m tracking sync` with the client of a product."""

    client: str
    """The client's environment."""
    cloud: Cloud
    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def start(self, to: str, experiment: str, lineage: str = LINEAGE) -> subprocess.Popen[str]:
        """Starts a synchronization."""
        python = environment_of(self.client) / "bin" / "python"
        options = ("--lineage", lineage, "--to", to, "--experiment", experiment)
        layout = Layout(local=self.folder)
        environment = client_environment(layout, endpoint_url=self.cloud.server.url)
        return subprocess.Popen(
            [python, "-m", "tracking", "sync", *options],
            cwd=CHECKOUT,
            env={**environment, **self.variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def sync(self, to: str, experiment: str, lineage: str = LINEAGE) -> str:
        """Runs a synchronization to its end, and returns what it printed."""
        process = self.start(to, experiment, lineage)
        output, _ = process.communicate(timeout=SYNC_SECONDS)
        assert process.returncode == 0, output
        return output

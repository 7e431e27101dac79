"""The fine-tuning example with PyTorch itself: on several numbers of instances, and its saves."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from components.training_job.code_channel.content import write_archive
from components.training_job.code_channel.launcher_archive import write_launcher
from localcloud.server import daemon
from tests.clients.clients import environment_of
from tests.localcloud.cloud import Cloud, channel, checkpoints, eventually, resources
from tests.localcloud.spot import interrupt

pytestmark = pytest.mark.clients

PATIENCE_SECONDS = 240.0
HERE = Path(__file__).parent
ROOT = HERE.parents[2]
EXAMPLE = ROOT / "examples" / "finetune"
LAUNCHER = "components/training_job/code_channel/launcher"
IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/huggingface-pytorch-training:2.11"
HYPERPARAMETERS = {
    "epochs": "4",
    "sequences-per-step": "8",
    "batch-size": "2",
    "sequence-length": "32",
    "learning-rate": "0.003",
    "warm-up-steps": "10",
    "checkpoint-every": "10",
}
SPOT: dict[str, Any] = {
    "EnableManagedSpotTraining": True,
    "StoppingCondition": {"MaxRuntimeInSeconds": 600, "MaxWaitTimeInSeconds": 600},
}
STEP = re.compile(r"step=(\d+) loss=([0-9.]+)")


@pytest.fixture(scope="module")
def pytorch() -> Path:
    return environment_of("pytorch") / "bin"


@pytest.fixture(scope="module")
def cloud(pytorch: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A local cloud whose image has PyTorch; with a random model, a text, and the example."""
    data = tmp_path_factory.mktemp("pytorch") / "cloud"
    data.mkdir()
    (data / "images.toml").write_text(f'[images]\n"{IMAGE}" = "{pytorch.parent.resolve()}"\n')
    cloud = Cloud(daemon.start(data, "--role-delay", "0"), data)
    inputs = data.with_name("inputs")
    subprocess.run([pytorch / "python", HERE / "random_model.py", inputs], check=True)
    code = inputs / "code"
    code.mkdir()
    write_launcher(code / "launcher.py")
    sources = {path.name: path for path in sorted(EXAMPLE.glob("*.py"))}
    write_archive(sources, code / "source.tar.gz")
    for path in inputs.rglob("*"):
        if path.is_file():
            cloud.put(f"inputs/{path.relative_to(inputs)}", path.read_bytes())
    yield cloud
    daemon.stop(data)


def train(
    cloud: Cloud,
    lineage: str,
    instances: int,
    distribution: str = "torchrun",
    hyperparameters: dict[str, str] | None = None,
    model: str = "model",
    **changes: Any,
) -> str:
    """Starts a job of a lineage and returns its name."""
    launcher = ["python3", "/opt/ml/input/data/code/launcher.py", "--distribution", distribution]
    return cloud.create(
        AlgorithmSpecification={
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
            "ContainerEntrypoint": [*launcher, "--entry-point", "train.py", "--"],
        },
        InputDataConfig=[
            channel("code", "inputs/code/"),
            channel("model", f"inputs/{model}/"),
            channel("train", "inputs/train/"),
        ],
        ResourceConfig=resources(instances),
        CheckpointConfig=checkpoints(f"checkpoints/{lineage}"),
        HyperParameters=HYPERPARAMETERS | (hyperparameters or {}),
        Environment={"OMP_NUM_THREADS": "1"},
        **{"StoppingCondition": {"MaxRuntimeInSeconds": 600}, **changes},
    )


def losses(cloud: Cloud, job: str) -> dict[int, float]:
    """The loss of each step that a job has printed so far."""
    found = (STEP.search(line) for line in cloud.lines(job))
    return {int(match[1]): float(match[2]) for match in found if match}


def stopped_after(cloud: Cloud, job: str, step: int) -> dict[int, float]:
    """Stops a job once it has done a step; returns the losses of all steps that it did."""
    eventually(lambda: True if max(losses(cloud, job), default=0) >= step else None)
    ended = cloud.stop(job)
    assert ended["TrainingJobStatus"] == "Stopped", (ended, cloud.lines(job))
    return losses(cloud, job)


def completed(cloud: Cloud, job: str) -> dict[int, float]:
    """Waits for a job's success; returns the losses of all steps that it did."""
    ended = cloud.ended(job, PATIENCE_SECONDS)
    assert ended["TrainingJobStatus"] == "Completed", (ended, cloud.lines(job))
    return losses(cloud, job)


@pytest.fixture(scope="module")
def undisturbed(cloud: Cloud) -> dict[int, float]:
    """The loss of each step of a run that nothing interrupts."""
    return completed(cloud, train(cloud, "undisturbed", instances=2))


def test_a_lineage_goes_on_with_another_number_of_instances(
    cloud: Cloud, undisturbed: dict[int, float], report: Callable[[str], None]
) -> None:
    first = stopped_after(cloud, train(cloud, "elastic", instances=2), 20)
    second = stopped_after(cloud, train(cloud, "elastic", instances=1), max(first) + 20)
    third = completed(cloud, train(cloud, "elastic", instances=2))

    assert [*first, *second, *third] == list(undisturbed), "no step twice, and none left out"
    together = first | second | third
    assert together == pytest.approx(undisturbed, rel=0.01)
    assert together[max(together)] < 0.5 * together[1], "it learns"
    differences = {step: abs(loss / undisturbed[step] - 1) for step, loss in together.items()}
    report(
        f"2 instances to step {max(first)}, 1 to {max(second)}, 2 to {max(third)}: the loss "
        f"differs from an undisturbed run's by at most {max(differences.values()):.3%}, at the "
        f"end by {differences[max(together)]:.3%}"
    )


def test_a_run_that_loses_its_instances_at_once_goes_on_from_a_whole_save(
    cloud: Cloud, undisturbed: dict[int, float]
) -> None:
    job = train(cloud, "lost", instances=2, **SPOT)
    eventually(lambda: True if max(losses(cloud, job), default=0) >= 35 else None)
    assert interrupt(cloud, job, "--abrupt").exit_code == 0

    together = completed(cloud, job)

    [goes_on] = {line for line in cloud.lines(job) if line.startswith("goes on after step ")}
    assert int(goes_on.split()[4]) % int(HYPERPARAMETERS["checkpoint-every"]) == 0
    assert together == pytest.approx(undisturbed, rel=0.01)


def test_a_checkpoint_that_cant_be_continued_is_the_failure_reason(cloud: Cloud) -> None:
    job = train(cloud, "refused", instances=1, distribution="none")
    stopped_after(cloud, job, 1)

    job = train(cloud, "refused", instances=2, hyperparameters={"seed": "7"})

    assert re.fullmatch(
        r"AlgorithmError: train.py: the checkpoint of step \d+ was made with seed 0 and can't be "
        r"continued with seed 7: go back to those values, or set fresh, which begins another "
        r"lineage without a checkpoint",
        failure_of(cloud, job),
    )

    job = train(cloud, "refused", instances=2, model="wider-model")

    assert re.fullmatch(
        r"AlgorithmError: train.py: the checkpoint of step \d+ can't be read into this model "
        r"\([^\n]+\): go back to the model that it was made with, or set fresh, which begins "
        r"another lineage without a checkpoint",
        failure_of(cloud, job),
    )


def test_a_checkpoint_of_the_scripts_earlier_form_is_the_failure_reason(cloud: Cloud) -> None:
    cloud.put(f"checkpoints/earlier/step-000000120.rank-0.sha256-{'0' * 64}", b"a state")

    job = train(cloud, "earlier", instances=1)

    assert failure_of(cloud, job).startswith(
        "AlgorithmError: train.py: the checkpoints are of an earlier form of this script"
    )


def failure_of(cloud: Cloud, job: str) -> str:
    """Waits for a job's failure; returns its reason, without the exit code."""
    ended = cloud.ended(job, PATIENCE_SECONDS)
    assert ended["TrainingJobStatus"] == "Failed", (ended, cloud.lines(job))
    return str(ended["FailureReason"].partition(", exit code")[0])


def on_ranks(pytorch: Path, ranks: int, *arguments: str) -> dict[str, Any]:
    """What the ranks of `ranks_of_saves.py` print."""
    modules = os.pathsep.join(map(str, (EXAMPLE, ROOT / LAUNCHER / "modules")))
    torchrun = (pytorch / "python", "-m", "torch.distributed.run", "--standalone")
    done = subprocess.run(
        [*torchrun, "--nproc_per_node", str(ranks), HERE / "ranks_of_saves.py", *arguments],
        env=os.environ | {"PYTHONPATH": modules, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
    return found


@pytest.fixture(scope="module")
def folders(pytorch: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Folders with saves of 3 ranks, steps 2 and 3, by what became of step 3."""
    folder = tmp_path_factory.mktemp("saves")
    on_ranks(pytorch, 3, "write", str(folder / "whole"))

    def changed(name: str, change: Callable[[Path], object]) -> None:
        shutil.copytree(folder / "whole", folder / name)
        [newest] = (folder / name).glob("step-000000003.*")
        change(newest)

    def flip(save: Path) -> None:
        content = bytearray((save / "__1_0.distcp").read_bytes())
        content[-1] ^= 1
        (save / "__1_0.distcp").write_bytes(content)

    def tear(path: Path) -> None:
        path.write_bytes(path.read_bytes()[:-1])

    changed("flipped", flip)
    changed("torn", lambda save: tear(save / "__2_0.distcp"))
    changed("missing", lambda save: (save / "__0_0.distcp").unlink())
    changed("without metadata", lambda save: (save / "metadata").unlink())
    changed("unfinished", lambda save: (save / "manifest.json").unlink())
    changed("torn manifest", lambda save: tear(save / "manifest.json"))
    shutil.copytree(folder / "whole", folder / "none whole")
    for each in (folder / "none whole").iterdir():
        tear(each / "metadata")
    names = [path.name for path in folder.iterdir()]
    (folder / "one host").mkdir()
    shutil.copytree(folder / "missing", folder / "one host" / "0")
    for host in (1, 2):
        shutil.copytree(folder / "whole", folder / "one host" / str(host))
    return {name: str(folder / name) for name in names} | {
        "one host": f"{folder}/one host/{{rank}}"
    }


@pytest.mark.parametrize("ranks", [1, 2, 3])
def test_any_number_of_ranks_reads_the_newest_save_that_is_whole_on_all_hosts(
    pytorch: Path, folders: dict[str, str], ranks: int
) -> None:
    found = on_ranks(pytorch, ranks, "read", *folders.values())
    steps = {name: found[folder] for name, folder in folders.items()}
    assert steps == dict.fromkeys(folders, 2) | {"whole": 3, "none whole": 0}


def test_the_newest_two_saves_are_kept_and_the_newest_that_all_hosts_have_uploaded(
    pytorch: Path, tmp_path: Path
) -> None:
    [kept] = on_ranks(pytorch, 2, "keep", f"{tmp_path}/{{rank}}").values()
    assert kept == [[2, 3], [3, 4], [3, 5, 6]]

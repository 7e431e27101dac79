"""The launcher in a trial of a tuning job, started as the image's entry point or by the toolkit."""

from __future__ import annotations

import json
import shutil

import pytest

from components.training_job.request.definition import LAUNCHER, MACHINE_LEARNING_ROOT
from components.training_job.request.training_request import launcher_arguments, training_request
from components.training_job.request.tuning_request import (
    LAUNCHER_VARIABLE,
    OBJECTIVE_PARAMETER,
    tuning_config,
    tuning_request,
)
from components.training_job.settings.job_settings import JobSettings
from tests.components.training_job.code_channel.container import (
    SAVES_ON_SIGTERM,
    WAIT_SECONDS,
    Container,
    wait_until,
)
from tests.components.training_job.conftest import IMAGE, PLACEMENT

TRIAL = "t0123456-digits-01234567-1-001-89abcdef"
JOB = JobSettings.model_validate(
    {
        "image": IMAGE,
        "source": {"dir": "src", "entryPoint": "train.py", "arguments": ["--fast"]},
        "hyperparameters": {"epochs": 3},
        "metrics": {"loss": "loss=(.*)"},
        "tuning": {
            "objective": {"minimize": "loss"},
            "ranges": {"optimizer": {"values": ["adamw", "sgd"]}},
            "maxTrials": 2,
        },
    }
)
REPORT = """
import json, os, sys
json.dump([sys.argv[1:], dict(os.environ)], open(os.environ['SM_OUTPUT_DIR'] + '/report', 'w'))
"""


@pytest.fixture
def trial(container: Container) -> Container:
    """A container with what the service puts into that of a trial of the job."""
    assert JOB.tuning is not None
    made = tuning_request(training_request(JOB, PLACEMENT), tuning_config(JOB.tuning))
    definition = made["TrainingJobDefinition"]
    chosen = {"optimizer": "adamw", OBJECTIVE_PARAMETER: "loss"}
    container.configure("hyperparameters", definition["StaticHyperParameters"] | chosen)
    path = f"{MACHINE_LEARNING_ROOT}/checkpoints"
    container.configure("checkpointconfig", {"S3Uri": "s3://a/b/", "LocalPath": path})
    container.environment |= definition["Environment"] | {"TRAINING_JOB_NAME": TRIAL}
    container.environment["SM_TRAINING_ENV"] = "the toolkit's view of the launcher"
    return container


def reported(container: Container, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """The arguments and the environment of the script of a launcher that is started so."""
    container.pack({"train.py": REPORT})
    (container.base / "output").mkdir()
    done = container.run(*arguments)
    assert done.returncode == 0, done.stderr
    report = json.loads((container.base / "output" / "report").read_text())
    return report[0], report[1]


ROUTES: dict[str, list[str]] = {
    "image": ["train"],
    "nothing": [],
    "toolkit": ["--epochs", "3", "--optimizer", "adamw"],
    "names like its own": ["--distribution", "none", "--optimizer", "adamw"],
}


@pytest.mark.parametrize("route", ROUTES)
def test_the_script_gets_its_hyperparameters_and_nothing_of_the_tuning(
    trial: Container, route: str
) -> None:
    arguments, environment = reported(trial, *ROUTES[route])
    assert arguments == ["--epochs", "3", "--optimizer", "adamw", "--fast"]
    assert json.loads(environment["SM_HPS"]) == {"epochs": 3, "optimizer": "adamw"}
    assert json.loads(environment["SM_FRAMEWORK_PARAMS"]) == {}
    assert {name for name in environment if name.startswith("SM_HP_")} == {
        "SM_HP_EPOCHS",
        "SM_HP_OPTIMIZER",
    }
    assert not any(OBJECTIVE_PARAMETER in each.lower() for each in (*arguments, *environment))
    assert not {LAUNCHER_VARIABLE, "SM_TRAINING_ENV"} & environment.keys()


@pytest.mark.parametrize("written", ["adamw", '"adamw"'])
def test_a_category_is_the_same_whether_a_client_quotes_it_or_not(
    trial: Container, written: str
) -> None:
    content = {"optimizer": written, OBJECTIVE_PARAMETER: "loss"}
    trial.configure("hyperparameters", content)
    assert reported(trial, "train")[0] == ["--optimizer", "adamw", "--fast"]


def test_each_trial_has_a_checkpoint_folder_of_its_own(trial: Container) -> None:
    folder = trial.base / "checkpoints" / TRIAL
    _, environment = reported(trial, "train")
    assert environment["SM_CHECKPOINT_DIR"] == str(folder)
    assert folder.is_dir()


def test_a_job_that_is_no_trial_has_the_folder_that_is_synchronised(trial: Container) -> None:
    trial.configure("hyperparameters", {})
    assert reported(trial, "train")[1]["SM_CHECKPOINT_DIR"] == str(trial.base / "checkpoints")


def test_arguments_of_its_own_count_and_not_the_variable(container: Container) -> None:
    assert JOB.source is not None
    container.environment[LAUNCHER_VARIABLE] = '["--module", "nowhere"]'
    assert reported(container, *launcher_arguments(JOB, JOB.source))[0] == ["--fast"]


@pytest.mark.parametrize("variable", ["", "train.py", "{}", "[7]"])
def test_a_variable_that_is_no_list_of_texts_is_named(container: Container, variable: str) -> None:
    container.environment[LAUNCHER_VARIABLE] = variable
    assert container.run("train").returncode == 1
    assert "LAUNCHER_ARGUMENTS" in container.failure


def test_sigterm_reaches_the_script_where_the_launcher_is_the_entry_point(
    trial: Container,
) -> None:
    trial.pack({"train.py": SAVES_ON_SIGTERM.format(folder=trial.base, name="a", code=0)})
    process = trial.start("train")
    wait_until((trial.base / "ready-a").exists)
    process.terminate()
    process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 0
    assert (trial.base / "saved-a").exists()


def test_a_file_of_the_source_with_the_launchers_name_does_no_harm_to_a_copy_of_it(
    trial: Container,
) -> None:
    """The toolkit copies the code channel to the folder that the source is unpacked to."""
    script = "from training_checkpoints import Checkpoints; print('imported')"
    trial.pack({"train.py": script, LAUNCHER: "raise SystemExit('not the launcher')"})
    code = trial.base / "code"
    shutil.copytree(trial.channel, code)
    trial.channel = code  # from where it is started
    done = trial.run("--epochs", "3")
    assert done.stdout.endswith("imported\n"), done.stderr

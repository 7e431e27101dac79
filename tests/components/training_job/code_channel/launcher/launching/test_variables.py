"""What a script finds: variables, arguments, its own modules and the launcher's."""

from __future__ import annotations

import json

import pytest

from tests.components.training_job.code_channel.container import SHOW, Container, shown


def test_a_script_finds_its_folders_and_hosts_in_the_toolkits_variables(
    container: Container,
) -> None:
    group = {"instance_group_name": "g", "instance_type": "ml.m5.xlarge", "hosts": ["localhost"]}
    container.configure(
        "resourceconfig",
        {
            "current_host": "localhost",
            "hosts": ["localhost"],
            "current_group_name": "g",
            "current_instance_type": "ml.m5.xlarge",
            "instance_groups": [group],
            "topology": None,
        },
    )
    container.environment["TRAINING_JOB_NAME"] = "job-1"
    environment, _, folder = shown(container)
    base = str(container.base)
    assert folder == f"{base}/code"
    expected = {
        "SM_HOSTS": '["localhost"]',
        "SM_CURRENT_HOST": "localhost",
        "SM_HOST_COUNT": "1",
        "SM_CURRENT_HOST_RANK": "0",
        "SM_CURRENT_INSTANCE_TYPE": "ml.m5.xlarge",
        "SM_CURRENT_INSTANCE_GROUP_HOSTS": '["localhost"]',
        "SM_INSTANCE_GROUPS": '["g"]',
        "SM_IS_HETERO": "false",
        "SM_TOPOLOGY": "",
        "SM_CHANNELS": '["code","train"]',
        "SM_CHANNEL_TRAIN": f"{base}/input/data/train",
        "SM_MODEL_DIR": f"{base}/model",
        "SM_OUTPUT_DATA_DIR": f"{base}/output/data",
        "SM_CHECKPOINT_DIR": f"{base}/checkpoints",
        "SM_USER_ENTRY_POINT": "train.py",
        "SM_NUM_GPUS": "0",
        "SAGEMAKER_JOB_NAME": "job-1",
        "PYTHONUNBUFFERED": "1",
    }
    assert {name: environment.get(name) for name in expected} == expected


def test_the_variable_of_the_checkpoints_follows_the_jobs_own_folder(container: Container) -> None:
    container.configure("checkpointconfig", {"LocalPath": "/opt/ml/kept", "S3Uri": "s3://b/p"})
    environment, _, _ = shown(container)
    assert environment["SM_CHECKPOINT_DIR"] == str(container.base / "kept")


def test_hyperparameters_become_sorted_arguments_before_the_users_own(container: Container) -> None:
    container.configure(
        "hyperparameters",
        {
            "rate": "0.10",
            "epochs": "3",
            "name": '"wide"',
            "k": "v w",
            "layers": '{"b": 2, "a": 1}',
            "nesterov": "true",
            "sagemaker_mpi_enabled": "false",
        },
    )
    environment, argv, _ = shown(container, "--", "--dry-run", "--", "x")
    assert argv[1:] == [
        *("--epochs", "3", "-k", "v w", "--layers", "a=1,b=2", "--name", "wide"),
        *("--nesterov", "True", "--rate", "0.1", "--dry-run", "--", "x"),
    ]
    assert environment["SM_HP_NAME"] == "wide"
    assert environment["SM_FRAMEWORK_PARAMS"] == '{"sagemaker_mpi_enabled":false}'


def test_a_variable_that_is_too_long_for_linux_is_left_out_and_the_log_says_so(
    container: Container,
) -> None:
    container.configure("hyperparameters", {f"p{number}": "x" * 2400 for number in range(60)})
    report = container.base / "report.json"
    done = container.run_script(SHOW.format(report))
    assert done.returncode == 0, done.stderr
    environment, argv, _ = json.loads(report.read_text())
    assert len(argv) == 1 + 2 * 60
    assert environment["SM_HP_P59"] == "x" * 2400
    assert not {"SM_HPS", "SM_USER_ARGS"} & set(environment)
    for name in ("SM_HPS", "SM_USER_ARGS"):
        assert f"launcher: {name} is left out: it has 14" in done.stdout


@pytest.mark.parametrize(
    ("hyperparameters", "message"),
    [
        ({"a=b": "1"}, "the hyperparameter 'a=b' can't be passed to the script: rename it"),
        ({"": "1"}, "the hyperparameter '' can't be passed to the script: rename it"),
        ({"a": "x\0y"}, "the script can't be started: embedded null byte"),
        ({f"p{number}": "x" * 100_000 for number in range(40)}, "Argument list too long"),
    ],
    ids=["=", "no name", "NUL", "too many"],
)
def test_hyperparameters_that_no_script_can_get_are_the_failures_reason(
    container: Container, hyperparameters: dict[str, str], message: str
) -> None:
    container.configure("hyperparameters", hyperparameters)
    done = container.run_script("")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert container.failure.startswith("launcher: ")
    assert message in container.failure


def test_what_is_no_text_when_it_is_decoded_stays_as_it_was_written(container: Container) -> None:
    written = {"a": r'"\ud800"', "b": r'"x\u0000y"', "c": "[" * 2000}
    container.configure("hyperparameters", written)
    _, argv, _ = shown(container)
    assert argv[1:] == ["-a", written["a"], "-b", written["b"], "-c", written["c"]]

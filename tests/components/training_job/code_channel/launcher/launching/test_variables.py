"""What a script finds: variables, arguments, its own modules and the launcher's."""

from __future__ import annotations

from tests.components.training_job.code_channel.container import Container, shown


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

"""What the launcher hands to a script, and what it refuses to start."""

from __future__ import annotations

import ast
import os
import stat
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from components.training_job.launcher_files import launcher_files
from tests.components.training_job.container import (
    WAIT_SECONDS,
    Container,
    add,
    shown,
)


@pytest.fixture
def container(tmp_path: Path) -> Container:
    return Container(tmp_path / "ml")


# --- what the script finds ------------------------------------------------------------------


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


def test_a_script_imports_its_neighbours_and_keeps_executable_bits(container: Container) -> None:
    with tarfile.open(container.channel / "source.tar.gz", "w:gz") as tar:
        add(tar, "jobs/train.py", b"import common; import os; assert os.access('tool', os.X_OK)")
        add(tar, "common.py", b"")
        add(tar, "tool", b"", mode=0o4755)
    container.environment["PYTHONSAFEPATH"] = "1"  # the launcher has neighbours too
    done = container.run("--entry-point", "jobs/train.py")
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((container.base / "code" / "tool").stat().st_mode) == 0o755


def test_output_appears_while_the_script_still_runs(container: Container) -> None:
    container.pack({"train.py": "import time; print('step=1'); time.sleep(60)"})
    process = container.start("--entry-point", "train.py")
    assert process.stdout is not None
    assert [process.stdout.readline(), process.stdout.readline()][1] == "step=1\n"
    process.terminate()
    process.communicate(timeout=WAIT_SECONDS)


# --- archives -------------------------------------------------------------------------------

UNSAFE: dict[str, dict[str, Any]] = {
    "an absolute path": {"name": "/tmp/escape.py"},  # noqa: S108
    "a path that leads up": {"name": "a/../../escape.py"},
    "a link that leads up": {"name": "a", "type": tarfile.SYMTYPE, "linkname": "../x"},
    "a link to an absolute path": {"name": "a", "type": tarfile.SYMTYPE, "linkname": "/etc"},
    "a hard link": {"name": "a", "type": tarfile.LNKTYPE, "linkname": "train.py"},
    "a pipe": {"name": "a", "type": tarfile.FIFOTYPE},
    "a device": {"name": "a", "type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3},
}


@pytest.mark.parametrize("member", UNSAFE.values(), ids=UNSAFE.keys())
def test_an_archive_is_refused_whole_for(container: Container, member: dict[str, Any]) -> None:
    with tarfile.open(container.channel / "source.tar.gz", "w:gz") as tar:
        add(tar, "train.py", b"")
        add(tar, member["name"], b"", **{k: v for k, v in member.items() if k != "name"})
    done = container.run("--entry-point", "train.py")
    assert done.returncode == 1
    assert repr(member["name"]) in container.failure
    assert "Traceback" not in done.stderr
    assert not (container.base / "code").exists()


def test_a_link_that_leads_further_down_is_kept(container: Container) -> None:
    with tarfile.open(container.channel / "source.tar.gz", "w:gz") as tar:
        add(tar, "lib/common.py", b"")
        add(tar, "common.py", b"", type=tarfile.SYMTYPE, linkname="lib/common.py")
        add(tar, "train.py", b"import common")
    assert container.run("--entry-point", "train.py").returncode == 0


def test_files_are_never_written_through_a_link_that_is_there_already(container: Container) -> None:
    outside = container.base.parent / "outside"
    outside.write_text("untouched")
    (container.base / "code").mkdir()
    (container.base / "code" / "train.py").symlink_to(outside)
    assert container.run_script("print('ran')").returncode == 0
    assert outside.read_text() == "untouched"


def test_a_torn_archive_is_reported_in_one_line(container: Container) -> None:
    container.pack({"train.py": "print(1)" * 1000, "b.py": os.urandom(5000).hex()})
    archive = container.channel / "source.tar.gz"
    archive.write_bytes(archive.read_bytes()[:3000])
    done = container.run("--entry-point", "train.py")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "source.tar.gz can't be unpacked" in container.failure


def test_a_missing_archive_is_reported(container: Container) -> None:
    assert container.run("--entry-point", "train.py").returncode == 1
    assert container.failure == "launcher: there is no source.tar.gz beside the launcher"


# --- what goes wrong ------------------------------------------------------------------------


@pytest.mark.parametrize("entry_point", ["tain.py", "../code/train.py", "/etc/passwd", "."])
def test_a_missing_entry_point_is_named_with_what_there_is(
    container: Container, entry_point: str
) -> None:
    container.pack({"train.py": "", "lib/model.py": ""})
    done = container.run("--entry-point", entry_point)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"{entry_point!r} is not in the source folder" in container.failure
    assert "lib/model.py, train.py" in container.failure


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("resourceconfig", "{", "is not JSON"),
        ("resourceconfig", "[]", "no JSON object"),
        ("resourceconfig", {"current_host": "algo-3", "hosts": ["algo-1"]}, "'algo-3' is not one"),
        ("hyperparameters", "nonsense", "is not JSON"),
    ],
)
def test_a_broken_configuration_file_is_named(
    container: Container, name: str, content: Any, message: str
) -> None:
    container.configure(name, content)
    done = container.run_script("")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"{name}.json" in container.failure
    assert message in container.failure


@pytest.mark.parametrize(
    ("script", "code", "failure"),
    [
        ("raise SystemExit(7)", 7, "train.py: exit code 7"),
        ("raise SystemExit('no such data set')", 1, "train.py: no such data set"),
        ("print(1 / 0)", 1, "train.py: ZeroDivisionError: division by zero"),
        ("import nothing_there", 1, "No module named 'nothing_there'"),
        ("try:\n  {}[1]\nexcept KeyError:\n  raise ValueError('a\\n\\nb')", 1, "ValueError: a"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", 137, "out of memory"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", 139, "exit code 139"),
    ],
)
def test_a_failing_script_gives_its_exit_code_and_says_why(
    container: Container, script: str, code: int, failure: str
) -> None:
    assert container.run_script(script).returncode == code
    assert failure in container.failure


def test_the_scripts_own_failure_text_is_kept_and_its_errors_are_shown(
    container: Container,
) -> None:
    report = container.base / "output" / "failure"
    done = container.run_script(
        f"import pathlib; p = pathlib.Path('{report}'); p.parent.mkdir(); p.write_text('mine')\n"
        "raise ValueError('not this')"
    )
    assert container.failure == "mine"
    assert "ValueError: not this" in done.stderr


def test_a_long_message_fits_into_what_the_service_shows(container: Container) -> None:
    assert container.run_script("raise ValueError('x' * 5000)").returncode == 1
    assert len(container.failure) == 1000


def test_a_script_that_ends_well_leaves_no_failure(container: Container) -> None:
    assert container.run_script("import sys; print('only a warning', file=sys.stderr)")
    assert not (container.base / "output" / "failure").exists()


# --- what it is made of ---------------------------------------------------------------------


@pytest.mark.parametrize("name", launcher_files())
def test_it_needs_only_the_standard_library_and_the_syntax_of_python_3_8(name: str) -> None:
    tree = ast.parse(launcher_files()[name].read_text(), feature_version=(3, 8))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else names(node))
    }
    assert imported <= {*sys.stdlib_module_names, "boto3", "botocore", "launching"}


def test_it_asks_for_boto3_only_where_there_are_secrets(container: Container) -> None:
    container.environment["PYTHONPATH"] = str(container.base)
    (container.base / "boto3.py").write_text("raise ImportError")
    assert container.run_script("").returncode == 0
    container.environment["SECRET_ARN_TOKEN"] = "arn"
    assert container.run_script("").returncode == 1
    assert "the image has no boto3" in container.failure


def names(node: ast.Import) -> list[str]:
    return [alias.name for alias in node.names]

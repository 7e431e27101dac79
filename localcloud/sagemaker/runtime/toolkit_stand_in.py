"""Runs a script within an instance, as AWS's training toolkit does; it needs no other module.

The hyperparameter `sagemaker_program` names the script, and `sagemaker_submit_directory` a folder
of the instance, or an archive in S3 or in the instance, that has it. The script gets the other
hyperparameters as arguments. As with the toolkit, signals don't reach it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

_ON_AWS = "/".join(("", "opt", "ml"))
"""The folder's name on AWS, in pieces: a sandbox without private files replaces it in this text."""
ML = Path(os.environ.get("SAGEMAKER_BASE_DIR", _ON_AWS))
CODE = ML / "code"
_PREFIX = "sagemaker_"
_OBJECTIVE = "_tuning_objective_metric"
_LONGEST_FAILURE = 1024


def main() -> None:
    """Runs the script, and exits as it does."""
    given = {name: _decoded(text) for name, text in _configuration("hyperparameters").items()}
    program = str(given["sagemaker_program"])
    _fetch(str(given.get("sagemaker_submit_directory", CODE)).replace(_ON_AWS, str(ML)))
    hyperparameters = {
        name: value
        for name, value in given.items()
        if not name.startswith(_PREFIX) and name != _OBJECTIVE
    }
    words = arguments(hyperparameters)
    command = ["python3", program] if program.endswith(".py") else ["/bin/sh", f"./{program}"]
    environment = os.environ | variables(hyperparameters, program, words)
    code = subprocess.run([*command, *words], cwd=CODE, env=environment, check=False).returncode
    if code:
        _report(f'ExecuteUserScriptError:\nExitCode {code}\nCommand "{" ".join(command)}"')
    sys.exit(abs(code))


def arguments(hyperparameters: dict[str, Any]) -> list[str]:
    """The script's arguments, in the order of their names."""
    return [
        word
        for name in sorted(hyperparameters)
        for word in (f"-{name}" if len(name) == 1 else f"--{name}", str(hyperparameters[name]))
    ]


def variables(hyperparameters: dict[str, Any], program: str, words: list[str]) -> dict[str, str]:
    """The variables of the script's environment that say where its files and hosts are."""
    resources = _configuration("resourceconfig")
    channels = {name: str(ML / "input/data" / name) for name in _configuration("inputdataconfig")}
    documents = {
        "HOSTS": resources["hosts"],
        "CURRENT_HOST": resources["current_host"],
        "CURRENT_INSTANCE_TYPE": resources["current_instance_type"],
        "CURRENT_INSTANCE_GROUP": resources["current_group_name"],
        "NETWORK_INTERFACE_NAME": resources["network_interface_name"],
        "RESOURCE_CONFIG": resources,
        "INPUT_DATA_CONFIG": _configuration("inputdataconfig"),
        "INPUT_DIR": str(ML / "input"),
        "INPUT_CONFIG_DIR": str(ML / "input/config"),
        "OUTPUT_DIR": str(ML / "output"),
        "OUTPUT_DATA_DIR": str(ML / "output/data"),
        "MODEL_DIR": str(ML / "model"),
        "MODULE_DIR": str(CODE),
        "USER_ENTRY_POINT": program,
        "USER_ARGS": words,
        "CHANNELS": sorted(channels),
        "NUM_CPUS": len(os.sched_getaffinity(0)),
        "NUM_GPUS": 0,
        "HPS": hyperparameters,
        **{f"HP_{name.upper()}": value for name, value in hyperparameters.items()},
        **{f"CHANNEL_{name.upper()}": path for name, path in channels.items()},
    }
    return {f"SM_{name}": _encoded(value) for name, value in documents.items()}


def _fetch(source: str) -> None:
    """Fills the folder of the code, unless it has something."""
    CODE.mkdir(parents=True, exist_ok=True)
    if any(CODE.iterdir()):
        return
    if source.startswith("s3://"):
        import boto3

        bucket, _, key = source.removeprefix("s3://").partition("/")
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder) / "source.tar.gz"
            boto3.client("s3").download_file(bucket, key, str(archive))
            _extract(archive)
    elif Path(source).is_dir():
        shutil.copytree(source, CODE, dirs_exist_ok=True)
    else:
        _extract(Path(source))


def _extract(archive: Path) -> None:
    with tarfile.open(archive) as opened:
        # Python has this filter from 3.11.4 on. The job runs the archive's code in any case.
        opened.extraction_filter = getattr(tarfile, "data_filter", lambda member, _path: member)
        opened.extractall(CODE)  # noqa: S202


def _configuration(name: str) -> dict[str, Any]:
    path = ML / "input/config" / f"{name}.json"
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def _decoded(text: str) -> Any:
    """A hyperparameter: the SageMaker SDK writes them as JSON, other clients as they are."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _encoded(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _report(failure: str) -> None:
    """Says why the script failed, unless it said so itself."""
    path = ML / "output/failure"
    if not path.exists():
        path.write_text(failure[:_LONGEST_FAILURE])


if __name__ == "__main__":
    main()

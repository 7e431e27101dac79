"""Stores the state of a real run: `python -m tests.integration.stored_states.record`.

It is that of a platform with every option, once its jobs have ended. The file has the name of the
version in pyproject.toml. docs/releasing.md says when to run this.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.integration.conftest import copy_program, new_stacks, run_cloud
from tests.integration.engine import Stack
from tests.integration.full_platform.options import every_option, make_what_exists_already
from tests.integration.settings import JOB_FOLDER, counting_job
from tests.integration.stored_states.stored_run import (
    LAUNCHES,
    OBJECT,
    OBJECTS,
    SETTINGS,
    SOURCE,
    STATE,
    STORED_STATES,
)
from toolchain.environment import aws_variables, without_user_settings
from toolchain.layout import CHECKOUT, Layout

_KINDS = (
    ("TrainingJob", "training_job"),
    ("HyperParameterTuningJob", "hyper_parameter_tuning_job"),
)
"""The kinds of jobs, as the API and as the client's methods call them."""
_ADDED_BY_THE_SERVICE = "_tuning_objective_metric"


def settings() -> dict[str, Any]:
    """The settings of the stack whose state is stored: all kinds of jobs, each with an end."""
    source = {"dir": SOURCE, "entryPoint": "steps.py"}
    everything = every_option(source=source)
    jobs = everything["jobs"]
    jobs["work"]["inputs"]["local"] = {"path": SOURCE}
    jobs["tuned"]["source"] = source
    jobs["weekly"] = counting_job(recurring=True, source=source)
    artifacts = everything["artifacts"] | {"retain": False}
    return everything | {"artifacts": artifacts, "run": "2026-w48"}


def store(stack: Stack, file: Path) -> None:
    """Writes a stack's state, and what its account is made from again, into a file."""
    state = stack.export_state()
    # No resource has a secret, so none must be decrypted with this stack's passphrase.
    del state["deployment"]["secrets_providers"]
    documents = {
        STATE: state,
        SETTINGS: stack.settings,
        LAUNCHES: list(_launches(stack.client("sagemaker"), json.dumps(state))),
    }
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, document in documents.items():
            archive.writestr(name, json.dumps(document, indent=1))
        for each in stack.resources():
            if each["type"] == OBJECT:
                bucket, key = each["inputs"]["bucket"], each["inputs"]["key"]
                content = stack.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
                archive.writestr(f"{OBJECTS}{key}", content)


def _launches(sagemaker: Any, state: str) -> Iterator[dict[str, Any]]:
    """The operations that launched the jobs of a state, with their requests; not the trials."""
    for kind, method in _KINDS:
        name, operation = f"{kind}Name", f"Create{kind}"
        members = sagemaker.meta.service_model.operation_model(operation).input_shape.members
        for summary in getattr(sagemaker, f"list_{method}s")()[f"{kind}Summaries"]:
            described = getattr(sagemaker, f"describe_{method}")(**{name: summary[name]})
            if f'"{summary[name]}"' in state and "TuningJobArn" not in described:
                tags = sagemaker.list_tags(ResourceArn=summary[f"{kind}Arn"])["Tags"]
                request = {key: value for key, value in described.items() if key in members}
                static = request.get("TrainingJobDefinition", {}).get("StaticHyperParameters", {})
                static.pop(_ADDED_BY_THE_SERVICE, None)
                yield {"create": f"create_{method}", "request": request | {"Tags": tags}}


def main() -> None:
    """Brings the stack up on a local cloud of its own, and stores its state."""
    version = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        inherited = without_user_settings(os.environ)
        os.environ.clear()
        os.environ.update(inherited | aws_variables(Layout(local=folder), None))
        program = copy_program(folder / "program")
        (program / ".venv").symlink_to(CHECKOUT / ".venv")
        shutil.copytree(CHECKOUT / JOB_FOLDER, program / SOURCE)
        for url in run_cloud(folder / "cloud"):
            with new_stacks(folder, Layout().pulumi_home / "plugins", url) as make:
                stack = make(settings(), project=program)
                make_what_exists_already(stack.client)
                stack.up().succeeded()
                store(stack, STORED_STATES / f"{version}.zip")
    print(f"Stored the state of {version}.")


if __name__ == "__main__":
    main()

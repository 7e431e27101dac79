"""What the script gets: the job's hyperparameters as arguments, all else in variables."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from typing import Any

from launching import ARCHIVE, LaunchError
from launching.job_description import Job

LONGEST_VARIABLE = 128 * 1024 - 1  # bytes of name=value: Linux starts no process with a longer one


def hyperparameter_arguments(hyperparameters: dict[str, Any]) -> list[str]:
    """The hyperparameters as the toolkit passes them: sorted, `--name value`, `-n value`.

    Raises:
        LaunchError: if a name can be neither an argument nor part of a variable's name.
    """
    arguments: list[str] = []
    for name, value in sorted(hyperparameters.items()):
        if not name or set(name) & {"=", "\0"}:
            raise LaunchError(
                f"the hyperparameter {name!r} can't be passed to the script: rename it, "
                "without '='; a name is not empty"
            )
        if isinstance(value, dict):
            value = ",".join(f"{key}={item}" for key, item in sorted(value.items()))
        arguments += ["-" + name if len(name) == 1 else "--" + name]
        arguments += ["" if value is None else str(value)]
    return arguments


def toolkit_variables(job: Job, entry_point: str) -> dict[str, str]:
    """The SM_* variables of the SageMaker training toolkit and of the SDK that follows it.

    All but SM_TRAINING_ENV, which repeats the others.
    """
    inputs, output = job.base / "input", job.base / "output"
    group = job.resources.get("current_group_name", "homogeneousCluster")
    address, port = job.meeting_point()
    values: dict[str, Any] = {
        "hosts": job.hosts,
        "host_count": len(job.hosts),
        "current_host": job.host,
        "current_host_rank": job.rank,
        "current_instance_type": job.instance_type,
        "current_instance_group": group,
        "current_instance_group_hosts": job.groups.get(group, {}).get("hosts", []),
        "instance_groups": list(job.groups),
        "instance_groups_dict": job.groups,
        "distribution_instance_groups": job.distribution_groups,
        "is_hetero": len(job.groups) > 1,
        "network_interface_name": job.network_interface,
        "topology": job.resources.get("topology"),
        "master_addr": address,
        "master_port": port,
        "hps": job.hyperparameters,
        "user_args": hyperparameter_arguments(job.hyperparameters),
        "user_entry_point": entry_point,
        "module_name": re.sub(r"^-m |\.py$", "", entry_point),
        "module_dir": str(job.base / "code"),
        "framework_module": None,
        "framework_params": job.framework_parameters,
        "resource_config": job.resources,
        "input_data_config": job.inputs,
        "channels": sorted(job.inputs),
        "input_dir": str(inputs),
        "input_config_dir": str(inputs / "config"),
        "model_dir": str(job.base / "model"),
        "output_dir": str(output),
        "output_data_dir": str(output / "data"),
        "output_intermediate_dir": str(output / "intermediate"),
        "checkpoint_dir": str(job.checkpoint_folder()),  # the toolkit has none
        "num_cpus": os.cpu_count(),
        "num_gpus": _count_gpus(),
        "num_neurons": _count_neuron_cores(),
        "log_level": 20,
    }
    values.update({f"channel_{name}": str(inputs / "data" / name) for name in job.inputs})
    values.update({f"hp_{name}": value for name, value in job.hyperparameters.items()})
    return {f"SM_{name.upper()}": _as_text(value) for name, value in values.items()}


def fitting(variables: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """The variables that a process can get, and a message for each of the others."""
    sizes = {name: len(os.fsencode(f"{name}={value}")) for name, value in variables.items()}
    fit = {name: value for name, value in variables.items() if sizes[name] <= LONGEST_VARIABLE}
    messages = [
        f"{name} is left out: it has {sizes[name]} bytes, and Linux takes {LONGEST_VARIABLE}. "
        "The files in SM_INPUT_CONFIG_DIR have the same values"
        for name in variables
        if name not in fit
    ]
    return fit, messages


def _as_text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _count_gpus() -> int:
    lines = _output_of("nvidia-smi", "--list-gpus").splitlines()
    return sum(line.startswith("GPU ") for line in lines)


def _count_neuron_cores() -> int:
    with contextlib.suppress(ValueError, TypeError, KeyError):
        return sum(int(device["nc_count"]) for device in json.loads(_output_of("neuron-ls", "-j")))
    return 0


def _output_of(*command: str) -> str:
    """What a command prints; nothing if this image hasn't got it or it fails."""
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace")


def script_variables(job: Job) -> dict[str, str]:
    """What any script wants to find: its names, its modules, its output at once in the log.

    The launcher's own modules come last, so that the script's and the image's are never hidden.
    """
    modules = [str(job.base / "code"), os.environ.get("PYTHONPATH", ""), str(ARCHIVE / "modules")]
    return {
        "CURRENT_HOST": job.host,
        "SAGEMAKER_JOB_NAME": os.environ.get("TRAINING_JOB_NAME", ""),
        "SAGEMAKER_REGION": os.environ.get("AWS_REGION", ""),
        "PYTHONPATH": os.pathsep.join(folder for folder in modules if folder),
        "PYTHONUNBUFFERED": "1",
    }

"""Starts a training script inside a SageMaker training container, and looks after it.

The container runs it as its first process, from the input channel `code`:

    python3 /opt/ml/input/data/code/launcher.py --distribution jax --entry-point train.py -- …

With `--module trainer.finetune` in place of the entry point it runs a module, as `python -m` does.

It unpacks `source.tar.gz`, which lies beside it, to /opt/ml/code, describes the job to the
script in SM_* variables and `--hyperparameter value` arguments as the SageMaker training toolkit
does, and adds what the distribution needs to find the other hosts. From then on it does what a
first process has to: it passes SIGTERM on to every rank, which the toolkit doesn't, reaps
orphans, returns the script's exit code, and says in /opt/ml/output/failure what went wrong.

A variable SECRET_ARN_<NAME> names a secret of Secrets Manager. The launcher reads it as the job's
execution role and gives it only to the script, as the variable <NAME>.

The script can import the modules of the archive's folder `modules`, unless it has others of the
same names.

In a trial of a tuning job, whose request can't name an entry point, the image starts the launcher:

    python3 /opt/ml/input/data/code/launcher.py train

or, as the program of the training toolkit, with the hyperparameters as arguments. The arguments
above are then in the variable LAUNCHER_ARGUMENTS, as a list in JSON.

SAGEMAKER_BASE_DIR replaces /opt/ml; MASTER_ADDR and MASTER_PORT replace the first host's name
and port 7777 as the place where the hosts meet.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from launching import ARCHIVE, LaunchError
from launching.distribution import (
    command_line,
    distribution_variables,
    names_needed,
    wait_for_hosts,
)
from launching.failure import reason, write_failure
from launching.fetched_secrets import fetch_secrets, without_secrets
from launching.job_description import Job
from launching.process import Child
from launching.source_archive import find_script, unpack
from launching.trial import inherited_variables, leave_the_copy, own_arguments
from launching.variables import (
    fitting,
    hyperparameter_arguments,
    script_variables,
    toolkit_variables,
)

HOST_NAMES_TIMEOUT_SECONDS = 15 * 60


def launch(base: Path, options: argparse.Namespace, user_arguments: list[str]) -> int:
    """Starts the script as the options say and returns its exit code.

    Raises:
        LaunchError: if it can't be started.
    """
    child, code_folder = Child(), base / "code"
    unpack(ARCHIVE.with_name("source.tar.gz"), code_folder)
    job = Job(base, options.groups)
    if job.is_trial:
        job.checkpoint_folder().mkdir(parents=True, exist_ok=True)
    entry_point = f"-m {options.module}" if options.module else options.entry_point
    script = (
        ["-m", options.module]
        if options.module
        else [str(find_script(options.entry_point, code_folder))]
    )
    wait_for_hosts(names_needed(job), child, HOST_NAMES_TIMEOUT_SECONDS)
    if child.stop_signal:
        return 128 + child.stop_signal
    secrets = fetch_secrets()
    distribution = options.distribution if job.host in job.peers else "none"
    variables = {
        **toolkit_variables(job, entry_point),
        **script_variables(job),
        **distribution_variables(distribution, job),
    }
    accelerators = int(variables["SM_NUM_GPUS"]) or int(variables["SM_NUM_NEURONS"])
    arguments = hyperparameter_arguments(job.hyperparameters) + user_arguments
    command = command_line(distribution, job, [*script, *arguments], accelerators)
    variables, left_out = fitting(variables)
    for message in left_out:
        print(f"launcher: {message}", flush=True)
    print(f"{job.host}, host {job.rank + 1} of {len(job.hosts)}:", *command, flush=True)
    environment = {**inherited_variables(), **variables, **secrets}
    code = child.run(command, environment, code_folder, torchrun=distribution == "torchrun")
    if code:
        why = reason(entry_point, code, child.tail.lines(), bool(child.stop_signal))
        write_failure(base, without_secrets(why, secrets.values()))
    return code


def main(arguments: list[str]) -> int:
    """Reads the arguments, launches, and reports what went wrong in one line."""
    base = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
    leave_the_copy(base, arguments)
    try:
        arguments = own_arguments(arguments)
        end = arguments.index("--") if "--" in arguments else len(arguments)
        return launch(base, _options(arguments[:end]), arguments[end + 1 :])
    except LaunchError as error:
        print(f"launcher: {error}", file=sys.stderr, flush=True)
        write_failure(base, f"launcher: {error}")
        return 1


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog=ARCHIVE.name, description=__doc__.split("\n")[0])
    parser.add_argument("--distribution", choices=["none", "jax", "torchrun"], default="none")
    parser.add_argument("--groups", type=lambda names: names.split(","), default=[])
    entry = parser.add_mutually_exclusive_group(required=True)
    entry.add_argument("--entry-point", metavar="FILE")
    entry.add_argument("--module", metavar="NAME")
    return parser.parse_args(arguments)

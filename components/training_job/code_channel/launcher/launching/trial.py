"""A trial of a tuning job: the service takes no entry point, and adds a hyperparameter of its own.

So the image starts the launcher, in one of two ways. An image whose entry point it is gets the
argument `train`. The SageMaker training toolkit starts it as its program, with the hyperparameters
as arguments. In both cases the launcher's own arguments are in a variable.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from launching import ARCHIVE, LaunchError

LAUNCHER_VARIABLE = "LAUNCHER_ARGUMENTS"
OBJECTIVE_PARAMETER = "_tuning_objective_metric"
NOT_THE_SCRIPTS = (OBJECTIVE_PARAMETER, "sagemaker_program", "sagemaker_submit_directory")
"""The hyperparameters that are there for the service and for the training toolkit."""

_ABOUT_THE_LAUNCHER = (LAUNCHER_VARIABLE, "SM_TRAINING_ENV")
"""Its own variable, and that in which the training toolkit describes it as its script."""


def inherited_variables() -> dict[str, str]:
    """The variables of the launcher that the script gets too."""
    return {name: os.environ[name] for name in os.environ if name not in _ABOUT_THE_LAUNCHER}


def leave_the_copy(base: Path, arguments: list[str]) -> None:
    """Goes on as the launcher in the code channel, where this one is a copy of it.

    The training toolkit copies the channel to the folder that the source is unpacked to, where a
    file of the source could take the copy's place.
    """
    original = base / "input" / "data" / "code" / ARCHIVE.name
    if original.is_file() and original.resolve() != ARCHIVE:
        os.execv(sys.executable, [sys.executable, str(original), *arguments])  # noqa: S606


def own_arguments(arguments: list[str]) -> list[str]:
    """The launcher's own arguments: those it is started with, or those in the variable.

    Raises:
        LaunchError: if the variable holds something else.
    """
    text = os.environ.get(LAUNCHER_VARIABLE)
    if text is None or _are_own(arguments):
        return arguments
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise LaunchError(f"{LAUNCHER_VARIABLE} is {text!r}, and not a list of texts in JSON")
    return found


def _are_own(arguments: list[str]) -> bool:
    """Whether a training job's request starts the launcher with them, always in this order."""
    return arguments[:1] == ["--distribution"] and arguments[2:3] in (
        ["--entry-point"],
        ["--module"],
    )

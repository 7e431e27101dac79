"""What runs in place of a container image's own entry point.

An image is a Python environment here, so it has no entry point. Jobs without one of their own run
`train`, as on AWS: it is in the environments of AWS's training toolkit. An environment without it
can still run a script as an image of AWS would, or as an image of the user's own whose entry point
is the launcher in its code channel.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from localcloud.sagemaker.runtime import layout
from localcloud.sagemaker.sandbox.file_tree import MACHINE_LEARNING

_TRAIN = "train"
_PROGRAM = "sagemaker_program"
_TOOLKIT = Path(__file__).with_name("toolkit_stand_in.py")
_LAUNCHER = "input/data/code/launcher.py"


def command(request: dict[str, Any], environment: Path, ml: Path) -> tuple[str, ...]:
    """The entry point and its arguments.

    `environment` is the Python environment in place of the image; `ml` is the folder of this
    machine that is the instance's /opt/ml, with the job's input.
    """
    words = layout.command(request)
    if words != (_TRAIN,) or (environment / "bin" / _TRAIN).exists():
        return words
    if _PROGRAM in request.get("HyperParameters", {}):
        return ("python3", "-c", _TOOLKIT.read_text())
    if (ml / _LAUNCHER).is_file():
        return ("python3", f"{MACHINE_LEARNING}/{_LAUNCHER}", _TRAIN)
    return words

"""Connects to Weights & Biases, or to a W&B server of one's own.

The client is an optional package, which is imported only here. It takes the server's address and
the API key as it always does: from WANDB_BASE_URL, WANDB_API_KEY, or what `wandb login` has kept.
"""

from __future__ import annotations

import os
import re
import tempfile
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from tracking.errors import TrackingError
from tracking.servers import INSTALL, Server, refusal
from tracking.wandb_tracking import WandbTracking

SCHEME = "wandb:"
"""What the name of a place in W&B begins with."""

_PLACE = re.compile(rf"{SCHEME}//([\w.-]+)(?:/([\w. -]+))?", re.ASCII)
_REMEDY = (
    "Set WANDB_API_KEY or run `wandb login`; for a server of your own, also set WANDB_BASE_URL; "
    "or correct the address."
)
_SETTINGS = {
    # W&B would send errors of its client to its makers.
    "WANDB_ERROR_REPORTING": "false",
    # Its client would try to reach a server that is not there for minutes.
    "WANDB_INIT_TIMEOUT": "30",
}


def connect(uri: str, experiment: str) -> Server:
    """A project of an entity, which is a team or a person.

    Args:
        uri: wandb://entity/project, or wandb://entity.
        experiment: the project, where the address names none.

    Raises:
        TrackingError: the client is missing, the server can't be reached, or it refuses.
    """
    place = _PLACE.fullmatch(uri)
    if place is None:
        message = (
            f"{uri} is no place in Weights & Biases: write wandb://entity/project, where the "
            f"entity is a team or a person."
        )
        raise TrackingError(message)
    entity, project = place[1], place[2] or experiment
    if find_spec("wandb") is None:
        install = INSTALL.format(file="requirements-wandb.txt")
        message = f"The client of Weights & Biases is not installed: {install}."
        raise TrackingError(message)
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    # The client makes folders of its own for each run that it writes or finds.
    os.environ["WANDB_DIR"] = _folder().name
    wandb, service = import_module("wandb"), import_module("wandb.apis.public.service_api")
    name, errors = (
        f"Weights & Biases at {entity}/{project}",
        (wandb.Error, service.WandbApiFailedError),
    )
    try:
        tracking = WandbTracking(wandb, entity, project)
    except errors as error:
        raise refusal(name, error, _REMEDY) from error
    return Server(name, name, tracking, errors, _REMEDY)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that is removed when the command ends."""
    return tempfile.TemporaryDirectory(prefix="wandb-")

"""Connects to an MLflow server: one of the user's own, or one that SageMaker manages.

The client is an optional package, which is imported only here.
"""

from __future__ import annotations

import logging
import os
from importlib import import_module
from importlib.util import find_spec

from tracking.errors import TrackingError
from tracking.mlflow_tracking import MlflowTracking
from tracking.servers import INSTALL, Server, refusal

_INSTALL = INSTALL.format(file="requirements-tracking.txt")
_REMEDY = "Start it, or correct its address."
_SETTINGS = {
    # MLflow would send how it is used to its makers.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # It prints an address at the end of each run.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    # Its client would try to reach a server that is not there for minutes.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
}


def connect(uri: str, experiment: str) -> Server:
    """The experiment of a server, which is made if there is none.

    Args:
        uri: the server's address, as http://127.0.0.1:5000, or the ARN of a managed one.
        experiment: the experiment's name.

    Raises:
        TrackingError: a package is missing, the server can't be reached, or it refuses.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    if find_spec("mlflow") is None:
        message = f"MLflow's client is not installed: {_INSTALL}."
        raise TrackingError(message)
    if uri.startswith("arn:") and find_spec("sagemaker_mlflow") is None:
        message = (
            f"{uri} is managed by SageMaker, and MLflow's client needs the plugin sagemaker-mlflow "
            f"for it: {_INSTALL}."
        )
        raise TrackingError(message)
    mlflow, entities = import_module("mlflow"), import_module("mlflow.entities")
    if not uri.startswith("arn:"):
        # The plugin warns in each request to a server that it is not for.
        logging.getLogger("mlflow.tracking.request_header.registry").setLevel(logging.ERROR)
    # The plugin signs requests for the server that is set for the whole process.
    mlflow.set_tracking_uri(uri)
    name = f"MLflow at {uri}"
    try:
        tracking = MlflowTracking(mlflow.MlflowClient(), entities, experiment)
    except mlflow.MlflowException as error:
        raise refusal(name, error, _REMEDY) from error
    is_address = uri.startswith(("http://", "https://"))
    runs = f"{uri.rstrip('/')}/#/experiments/{tracking.experiment_id}/runs"
    where = runs if is_address else f"{uri}, experiment {experiment}"
    return Server(name, f"MLflow at {where}", tracking, (mlflow.MlflowException,), _REMEDY)

"""Trains with an Estimator of the SageMaker Python SDK 2, and prints what came of it as JSON.

`estimator.py ROLE DATA EPOCHS`
"""

import json
import sys
from pathlib import Path

from sagemaker import Session
from sagemaker.exceptions import UnexpectedStatusException
from sagemaker.pytorch import PyTorch

role, data, epochs = sys.argv[1:]
session = Session()
estimator = PyTorch(
    entry_point="train.py",
    source_dir=str(Path(__file__).with_name("source")),
    framework_version="2.5",
    py_version="py311",
    role=role,
    instance_type="ml.m5.large",
    instance_count=1,
    base_job_name="sdk-2",
    hyperparameters={"epochs": int(epochs), "name": "the script"},
    metric_definitions=[{"Name": "loss", "Regex": r"loss=([0-9.]+)"}],
)
error = ""
try:
    estimator.fit({"train": session.upload_data(data, key_prefix="sdk-2/data")})
except UnexpectedStatusException as raised:
    error = str(raised)
job = estimator.latest_training_job
print()
print(
    json.dumps(
        {
            "job": job.name,
            "image": estimator.training_image_uri(),
            "model": estimator.model_data,
            "metrics": [] if error else job.describe()["FinalMetricDataList"],
            "error": error,
        },
        default=str,
    )
)

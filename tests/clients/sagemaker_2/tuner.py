"""Tunes with a HyperparameterTuner of the SageMaker Python SDK 2, and prints what came of it.

`tuner.py ROLE DATA`
"""

import json
import sys
from pathlib import Path

from sagemaker import Session
from sagemaker.pytorch import PyTorch
from sagemaker.tuner import (
    CategoricalParameter,
    ContinuousParameter,
    HyperparameterTuner,
    IntegerParameter,
)

role, data = sys.argv[1:]
session = Session()
estimator = PyTorch(
    entry_point="tuned.py",
    source_dir=str(Path(__file__).with_name("source")),
    framework_version="2.5",
    py_version="py311",
    role=role,
    instance_type="ml.m5.large",
    instance_count=1,
    hyperparameters={"epochs": 2},
)
tuner = HyperparameterTuner(
    estimator,
    objective_metric_name="loss",
    objective_type="Minimize",
    metric_definitions=[{"Name": "loss", "Regex": r"loss=([0-9.]+)"}],
    hyperparameter_ranges={
        "rate": ContinuousParameter(0.001, 0.1, scaling_type="Logarithmic"),
        "layers": IntegerParameter(1, 4),
        "kind": CategoricalParameter(["plain", "wide"]),
    },
    max_jobs=4,
    max_parallel_jobs=2,
    base_tuning_job_name="sdk-2",
    random_seed=7,
)
tuner.fit({"train": session.upload_data(data, key_prefix="sdk-2/data")})
described = tuner.describe()
print()
print(
    json.dumps(
        {
            "status": described["HyperParameterTuningJobStatus"],
            "best": tuner.best_training_job(),
            "values": tuner.best_estimator().hyperparameters(),
            "trials": tuner.analytics().dataframe().to_dict("records"),
        },
        default=str,
    )
)

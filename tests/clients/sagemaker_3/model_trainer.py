"""Trains with ModelTrainer of the SageMaker Python SDK 3, and prints what came of it as JSON.

`model_trainer.py ROLE DATA CHECKPOINTS EPOCHS`
"""

import json
import logging
import sys
from pathlib import Path

from sagemaker.core.shapes import CheckpointConfig, StoppingCondition
from sagemaker.train import ModelTrainer
from sagemaker.train.configs import Compute, InputData, SourceCode

logging.basicConfig(level=logging.INFO)  # ModelTrainer writes the job's log there
role, data, checkpoints, epochs = sys.argv[1:]
trainer = ModelTrainer(
    training_image="123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1",
    role=role,
    base_job_name="sdk-3",
    source_code=SourceCode(
        source_dir=str(Path(__file__).with_name("source")), entry_script="train.py"
    ),
    compute=Compute(
        instance_type="ml.m5.large", instance_count=2, enable_managed_spot_training=True
    ),
    stopping_condition=StoppingCondition(max_runtime_in_seconds=600, max_wait_time_in_seconds=1200),
    checkpoint_config=CheckpointConfig(s3_uri=checkpoints),
    hyperparameters={"epochs": int(epochs)},
)
error = ""
try:
    trainer.train(input_data_config=[InputData(channel_name="train", data_source=data)])
except Exception as raised:
    error = f"{type(raised).__name__}: {raised}"
job = trainer._latest_training_job
job.refresh()
print()
print(
    json.dumps(
        {
            "job": job.training_job_name,
            "status": job.training_job_status,
            "error": error,
        }
    )
)

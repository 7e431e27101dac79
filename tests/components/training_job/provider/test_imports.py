"""What the provider's host loads at every engine run."""

from __future__ import annotations

import subprocess
import sys


def test_the_providers_host_loads_neither_the_settings_model_nor_the_aws_sdk():
    loaded = (
        "import sys, pulumi.dynamic, components.training_job.provider, "
        "components.training_job.tuning.tuning_provider, components.training_job.completion; "
        "print(*{'pydantic', 'boto3', 'pulumi_aws', 'jinja2', 'regex', "
        "'components.training_job.settings.job_settings'} "
        "& sys.modules.keys())"
    )
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []

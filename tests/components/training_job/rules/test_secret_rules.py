"""The secrets of a job, and what looks like one elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.raw_settings import SECRET_ARN, SECRETS, WITH_ENDPOINT, problems, stack

WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"environment": {"HF_TOKEN": "x"}}, "jobs.digits.environment.HF_TOKEN", "Secrets Manager"),
    ({"hyperparameters": {"key": "AKIA0123456789ABCDEF"}}, "jobs.digits.hyperparameters.key",
     "Secrets Manager"),
    ({**SECRETS, "networkIsolation": True}, "jobs.digits.networkIsolation", "input channel"),
    (SECRETS | {"secrets": {"HF_TOKEN": "hf_in_plain"}}, "jobs.digits.secrets.HF_TOKEN",
     "(hidden)"),
    (SECRETS | {"secrets": {"HF_TOKEN": SECRET_ARN[:-7]}}, "jobs.digits.secrets.HF_TOKEN",
     "last six characters"),
    (SECRETS | {"secrets": {"HF-TOKEN": SECRET_ARN}}, "jobs.digits.secrets.HF-TOKEN",
     "only letters, digits and _, and may not begin with a digit.\n"
     "    Remedy: choose another name, as HF_TOKEN."),
    (SECRETS | {"secrets": {"2ND-TOKEN": SECRET_ARN}}, "jobs.digits.secrets.2ND-TOKEN",
     "as _2ND_TOKEN"),
    (SECRETS | {"environment": {"SECRET_ARN_HF_TOKEN": "7"}}, "jobs.digits.secrets.HF_TOKEN",
     "remove environment.SECRET_ARN_HF_TOKEN"),
    (SECRETS | {"secrets": {"HF_TOKEN": {"arn": SECRET_ARN, "keyArn": "key"}}},
     "jobs.digits.secrets.HF_TOKEN.keyArn", "arn:aws:kms"),
    ({"source": {"dir": "src", "entryPoint": "train.py", "arguments": ["--api-key=secret"]}},
     "jobs.digits.source.arguments.0", "Secrets Manager"),
    ({"extra": {"ExperimentConfig": {"RunName": "ghp_" + "a" * 36}}},
     "jobs.digits.extra.ExperimentConfig.RunName", "Secrets Manager"),
    ({"tags": {"password": "open sesame"}}, "jobs.digits.tags.password", "Secrets Manager"),
]  # fmt: skip


@pytest.mark.parametrize(("job", "path", "hint"), WRONG, ids=[row[1] for row in WRONG])
def test_a_wrong_secret_is_refused_with_path_rule_and_remedy(
    project: Path, job: dict[str, Any], path: str, hint: str
) -> None:
    found = problems(stack(job, network=WITH_ENDPOINT), project)
    assert list(found) == [path]
    assert hint in str(found[path])


def test_what_only_sounds_secret_is_accepted(project: Path) -> None:
    environment = {
        "TOKEN_ARN": SECRET_ARN,
        "max_tokens": "7",
        "pad_token": "<pad>",
        "token_dropout": "0.1",
        "hub_token": "false",
        "NAME": "multi-task-learning-rate-0123456789-sweep",
    }
    job = {"environment": environment}
    assert problems(stack(job), project) == {}

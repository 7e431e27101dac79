"""The documents about a model: its registry entry, and the policies of who may read it.

Pure functions of plain values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from platform_outputs import ModelOutputs

_MODEL = re.compile(r"s3://(?P<bucket>[^/]+)/(?P<output>.+/)output/model(\.tar\.gz|/)")
_PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(root|(role|user)/[\w+=,.@/-]+)")


def registry_entry(platform: str, model: ModelOutputs) -> str:
    """A model's registry entry, as JSON with sorted keys.

    That of a tuned job's best trial has the tuning job and the hyperparameters too.
    """
    entry: dict[str, Any] = {
        "platform_stack": platform,
        "training_job": model.training_job,
        "training_job_arn": model.training_job_arn,
        "model_uri": model.model_uri,
        "metrics": model.metrics,
    }
    if model.tuning_job:
        entry |= {"tuning_job": model.tuning_job, "hyperparameters": model.hyperparameters}
    return json.dumps(entry, sort_keys=True)


def consumer_trust(consumers: Sequence[str]) -> str:
    """The trust policy of the consumer role; an account's root means those whom its IAM allows.

    Raises:
        ValueError: there is no consumer, or one is not the ARN of a single account, role or user.
    """
    wrong = [each for each in consumers if not _PRINCIPAL.fullmatch(each)]
    if wrong or not consumers:
        raise ValueError(
            f"consumers: {json.dumps(wrong or list(consumers))} — one or more ARNs are expected, "
            "each of an account's root, a role or a user.\n"
            "Remedy: write, for example, arn:aws:iam::123456789012:root."
        )
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": sorted(consumers)},
        "Action": "sts:AssumeRole",
    }
    return _document([statement])


def consumer_policy(model_uri: str, key_arn: str) -> str:
    """The policy that allows reading one job's output, and nothing else.

    The names of a model's files can be listed where it is not one archive. The key encrypts the
    whole bucket, so it can be used only through S3, for these objects.

    Raises:
        ValueError: the URI is not that of a training job's model.
    """
    model = _MODEL.fullmatch(model_uri)
    if model is None:
        raise ValueError(f"{model_uri} is not s3://bucket/…/<job>/output/model.tar.gz, or …/model/")
    _, partition, _, region, _, _ = key_arn.split(":", 5)
    domain = "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    read = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": f"arn:{partition}:s3:::{model['bucket']}/{model['output']}*",
    }
    decrypt = {
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": key_arn,
        "Condition": {"StringEquals": {"kms:ViaService": f"s3.{region}.{domain}"}},
    }
    names = {
        "Effect": "Allow",
        "Action": "s3:ListBucket",
        "Resource": f"arn:{partition}:s3:::{model['bucket']}",
        "Condition": {"StringLike": {"s3:prefix": f"{model['output']}output/model/*"}},
    }
    return _document([read, decrypt, *([names] if model_uri.endswith("/") else [])])


def _document(statements: Sequence[object]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})

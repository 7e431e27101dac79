"""What a request on hyperparameter tuning jobs demands (Service Authorization Reference)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from localcloud.authorization.demands import Demand
from localcloud.authorization.sessions import Session

Document = Mapping[str, Any]
Context = dict[str, str | Sequence[str]]

_NAME = "HyperParameterTuningJobName"
_SERVICE = "sagemaker.amazonaws.com"
_OF_ALL = "sagemaker:ListHyperParameterTuningJobs"
"""A policy allows it only with the resource "*"."""


def is_about_tuning(action: str, document: Document) -> bool:
    """Whether an action of SageMaker is one on tuning jobs."""
    tagged = document.get("ResourceArn")
    return "HyperParameterTuningJob" in action or (
        isinstance(tagged, str) and ":hyper-parameter-tuning-job/" in tagged
    )


def demands(action: str, document: Document, session: Session) -> Iterator[Demand]:
    """The demands of a request. The tags of a job that exists are not known."""
    if action == _OF_ALL:
        yield Demand(action)
    elif action == "sagemaker:CreateHyperParameterTuningJob":
        yield from _creation(action, document, session)
    elif "ResourceArn" in document:
        yield Demand(action, document["ResourceArn"], _about_tags(document))
    else:
        yield Demand(action, _arn(document, session))


def _creation(action: str, document: Document, session: Session) -> Iterator[Demand]:
    arn, definition = _arn(document, session), _part(document, "TrainingJobDefinition")
    yield Demand(action, arn, {**_about_definition(definition), **_about_tags(document)})
    yield Demand(
        "iam:PassRole",
        str(definition.get("RoleArn", "")),
        {"iam:PassedToService": _SERVICE, "iam:AssociatedResourceArn": arn},
    )
    if document.get("Tags"):
        yield Demand("sagemaker:AddTags", arn, _about_tags(document))


def _about_definition(definition: Document) -> Context:
    """The condition keys of a definition; those that it does not have are absent."""
    network = _part(definition, "VpcConfig")
    tuned = _part(definition, "HyperParameterTuningResourceConfig")
    resources = _part(definition, "ResourceConfig") or tuned
    choices = [resources, *(tuned.get("InstanceConfigs") or [])]
    types = [each["InstanceType"] for each in choices if "InstanceType" in each]
    found = {
        "InstanceTypes": types or None,
        "VolumeKmsKey": resources.get("VolumeKmsKeyId"),
        "OutputKmsKey": _part(definition, "OutputDataConfig").get("KmsKeyId"),
        "VpcSubnets": network.get("Subnets"),
        "VpcSecurityGroupIds": network.get("SecurityGroupIds"),
        "NetworkIsolation": _flag(definition, "EnableNetworkIsolation"),
        "InterContainerTrafficEncryption": _flag(
            definition, "EnableInterContainerTrafficEncryption"
        ),
        "MaxRuntimeInSeconds": _number(definition),
    }
    return {f"sagemaker:{name}": value for name, value in found.items() if value is not None}


def _about_tags(document: Document) -> Context:
    """The condition keys of the tags in a request."""
    tags = document.get("Tags") or []
    keys = [tag["Key"] for tag in tags] or document.get("TagKeys") or []
    values = {f"aws:RequestTag/{tag['Key']}": str(tag.get("Value", "")) for tag in tags}
    return {**values, **({"aws:TagKeys": keys} if keys else {})}


def _flag(definition: Document, name: str) -> str:
    return str(bool(definition.get(name))).lower()


def _number(definition: Document) -> str | None:
    found = _part(definition, "StoppingCondition").get("MaxRuntimeInSeconds")
    return None if found is None else str(found)


def _part(document: Document, name: str) -> Document:
    """A member that is a structure; an empty one if it is none, which the service refuses."""
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}


def _arn(document: Document, session: Session) -> str:
    name = document.get(_NAME, "")
    return f"arn:aws:sagemaker:{session.region}:{session.account}:hyper-parameter-tuning-job/{name}"

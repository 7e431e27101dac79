"""Checks of what a request names: image, experiment, and its S3 URIs as the job's role.

They are made when the job is created.

Inputs are listed with their prefix, as the service's own message says. AWS doesn't say how the
service checks the bucket of the output: here the bucket itself is listed, which needs s3:ListBucket
without a condition on the prefix. The service checks from its own network: when a job is created,
it has no interface in the job's network yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from localcloud.authorization.access import refusal_of
from localcloud.authorization.demands import Demand
from localcloud.authorization.sessions import Session
from localcloud.moto_data import identities, resources
from localcloud.protocol.errors import ServiceError, validation_error
from localcloud.sagemaker.data.locations import Location
from localcloud.sagemaker.runtime.images import ecr_image

_ABSENT = "because no identity-based policy"
_REGION = "The bucket is in this region:"
_OUTPUTS = ("OutputDataConfig", "DebugHookConfig", "TensorBoardOutputConfig", "ProfilerConfig")


def check_image(request: dict[str, Any]) -> None:
    """Raises the service's ValidationException for an image that its repository does not have."""
    uri = request["AlgorithmSpecification"]["TrainingImage"]
    image = ecr_image(uri)
    if image is not None and not resources.has_image(**asdict(image)):
        raise validation_error(
            f"Cannot find the requested image: {uri}. Please ensure that the image exists in ECR"
        )


def check_experiment(request: dict[str, Any], account: str, region: str) -> None:
    """Raises the service's ResourceNotFound for an experiment or a trial that does not exist."""
    config = request.get("ExperimentConfig", {})
    for member, find in (
        ("ExperimentName", resources.experiment),
        ("TrialName", resources.trial),
    ):
        name = config.get(member)
        if name is not None and find(name, account, region) is None:
            message = f"{member.removesuffix('Name')} {name!r} does not exist"
            raise ServiceError("ResourceNotFound", message)


def check_data(request: dict[str, Any], session: Session, role: identities.Role | None) -> None:
    """Raises the service's ValidationException for input or output that can't be used.

    `role` is the session's role as the service sees it. Raises PolicyError if its policies
    can't be evaluated.
    """
    for channel in request.get("InputDataConfig", []):
        uri = channel["DataSource"]["S3DataSource"]["S3Uri"]
        location = _location(uri)
        prefix = {"s3:prefix": location.key}
        refusal = _listing_refusal(location.bucket, prefix, session, role)
        refusal = refusal or _elsewhere(location.bucket, session.region)
        if refusal and _ABSENT not in refusal and _REGION not in refusal:
            raise validation_error(f'Unauthorized to List objects under S3 URL "{uri}". {refusal}')
        if refusal or not _has_objects(location):
            raise validation_error(
                f'No S3 objects found under S3 URL "{uri}" given in input data source. Please '
                "ensure that the bucket exists in the selected region, that objects exist "
                "under that S3 prefix, and that the role has s3:ListBucket permissions on it."
                + (f" Error message from S3: {refusal}" if refusal else "")
            )
    if checkpoints := request.get("CheckpointConfig"):
        uri = checkpoints["S3Uri"]
        if refusal := _elsewhere(_location(uri).bucket, session.region):
            raise validation_error(f"Invalid CheckpointConfig S3Uri: {uri}. {refusal}")
    for member in _OUTPUTS:
        path = request.get(member, {}).get("S3OutputPath")
        if path is not None:
            _check_output(member, _location(path), session, role)


def _check_output(
    member: str, output: Location, session: Session, role: identities.Role | None
) -> None:
    if resources.bucket(output.bucket) is None or _listing_refusal(
        output.bucket, {}, session, role
    ):
        raise validation_error(f"Access denied to {member} S3 bucket: {output.bucket}")
    if refusal := _elsewhere(output.bucket, session.region):
        raise validation_error(f"Invalid {member} S3 bucket: {output.bucket}. {refusal}")


def _location(uri: str) -> Location:
    try:
        return Location.parse(uri)
    except ValueError as error:
        raise validation_error(str(error)) from error


def _elsewhere(bucket: str, region: str) -> str:
    """S3's refusal of a bucket that is in another region than the job; empty if it is not."""
    found = resources.bucket(bucket)
    if found is None or found.region_name == region:
        return ""
    return f"{_REGION} {found.region_name}. Please use this region to retry the request"


def _listing_refusal(
    bucket: str, context: Mapping[str, str], session: Session, role: identities.Role | None
) -> str:
    """Why the role may not list a bucket from outside the job's network; empty if it may."""
    demand = Demand("s3:ListBucket", f"arn:aws:s3:::{bucket}", context)
    return refusal_of(replace(session, subnets=()), demand, role)


def _has_objects(location: Location) -> bool:
    bucket = resources.bucket(location.bucket)
    names = [] if bucket is None else list(dict(bucket.keys))
    below = (name for name in names if name.startswith(location.key))
    return any(resources.stored_object(location.bucket, name, None) is not None for name in below)

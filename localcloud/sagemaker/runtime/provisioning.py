"""What the service does with a job's role before the script runs, other than reading input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from localcloud.authorization.access import require
from localcloud.authorization.demands import Demand
from localcloud.authorization.sessions import Session
from localcloud.moto_data import resources
from localcloud.protocol.errors import ServiceError
from localcloud.sagemaker.jobs.failure_reasons import ClientError
from localcloud.sagemaker.runtime.images import ecr_image

Document = dict[str, Any]

_NO_IMAGE = (
    "Cannot pull algorithm container. Either the image does not exist or its permissions are "
    "incorrect. "
)
_LOOKS = ("DhcpOptions", "NetworkInterfaces", "SecurityGroups", "Subnets", "Vpcs")
_PULLS = ("BatchCheckLayerAvailability", "BatchGetImage", "GetDownloadUrlForLayer")


def provision(request: Document, session: Session) -> None:
    """Raises ClientError unless the role may attach the job to its network and volumes."""
    _require([*_network(request, session), *_volume(request)], session, "")


def pull_image(request: Document, session: Session) -> None:
    """Raises ClientError unless the role may pull the job's image."""
    _require(_image(request["AlgorithmSpecification"]["TrainingImage"]), session, _NO_IMAGE)


def _require(demands: Iterable[Demand], session: Session, before: str) -> None:
    try:
        for demand in demands:
            require(session, demand)
    except ServiceError as error:
        raise ClientError(f"{before}{error.message}") from error


def _image(uri: str) -> Iterator[Demand]:
    """The demands of a pull; none for an image that is not in ECR."""
    image = ecr_image(uri)
    if image is None:
        return
    repository = f"arn:aws:ecr:{image.region}:{image.account}:repository/{image.repository}"
    yield Demand("ecr:GetAuthorizationToken")
    for action in _PULLS:
        yield Demand(f"ecr:{action}", repository)


def _network(request: Document, session: Session) -> Iterator[Demand]:
    """The demands of interfaces in the job's subnets.

    Also those of their deletion: a role that may only create them would leave them behind.
    """
    config = request.get("VpcConfig")
    if config is None:
        return
    start = f"arn:aws:ec2:{session.region}:{session.account}"
    interface = f"{start}:network-interface/eni-0"
    for kind in _LOOKS:
        yield Demand(f"ec2:Describe{kind}")
    for group in config["SecurityGroupIds"]:
        yield Demand("ec2:CreateNetworkInterface", f"{start}:security-group/{group}")
    for name in config["Subnets"]:
        subnet = f"{start}:subnet/{name}"
        vpc = resources.vpc_of(name, session.account, session.region)
        context = {"ec2:Subnet": subnet, "ec2:Vpc": f"{start}:vpc/{vpc}"}
        yield Demand("ec2:CreateNetworkInterface", subnet)
        yield Demand("ec2:CreateNetworkInterface", interface, context)
        yield Demand("ec2:CreateNetworkInterfacePermission", interface, context)
        yield Demand("ec2:DeleteNetworkInterface", interface, context)
        yield Demand("ec2:DeleteNetworkInterfacePermission", interface)


def _volume(request: Document) -> Iterator[Demand]:
    if key := request["ResourceConfig"].get("VolumeKmsKeyId"):
        yield Demand("kms:CreateGrant", None, {"kms:GrantIsForAWSResource": "true"}, key=key)

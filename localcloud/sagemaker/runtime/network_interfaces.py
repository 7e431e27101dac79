"""The network interfaces of jobs with a VpcConfig, which stay for some time after their job.

They are moto's interfaces, with the job and its role as additional attributes, so that snapshots
keep them. They are deleted with the role's permissions; without these, the service detaches and
leaves them. AWS documents neither their description nor how long they stay.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from localcloud.authorization.access import require
from localcloud.authorization.demands import Demand
from localcloud.authorization.sessions import Session
from localcloud.moto_data import backends
from localcloud.moto_data.moto_lock import in_moto
from localcloud.protocol.errors import ServiceError
from localcloud.sagemaker.jobs import statuses
from localcloud.sagemaker.jobs.failure_reasons import ClientError
from localcloud.sagemaker.jobs.instances import instance_groups
from localcloud.sagemaker.jobs.records import TrainingJob

_JOB, _ROLE = "training_job", "training_role"
_POLL_SECONDS = 0.25
_log = logging.getLogger(__name__)


@in_moto()
def attach(job: TrainingJob) -> None:
    """Gives each instance of a job an interface, unless the instances have some already.

    Raises ClientError for a subnet or group that does not exist, or that is in another VPC.
    """
    config = job.request.get("VpcConfig")
    if config is None or any(getattr(each, _JOB) == job.arn for _, each in _made()):
        return
    from moto.ec2.models import ec2_backends

    ec2 = ec2_backends[job.account][job.region]
    groups = config["SecurityGroupIds"]
    _require_network(ec2, config["Subnets"], groups)
    # All instances of a job are in one zone. AWS does not document in which.
    subnet = ec2.get_subnet(config["Subnets"][-1])
    count = sum(group["InstanceCount"] for group in instance_groups(job.request))
    for number in range(1, count + 1):
        description = f"[DO NOT DELETE] ENI managed by SageMaker for {job.arn} - algo-{number}"
        interface = ec2.create_network_interface(
            subnet, "", group_ids=groups, description=description
        )
        setattr(interface, _JOB, job.arn)
        setattr(interface, _ROLE, job.request["RoleArn"])
        interface.status = "in-use"


@in_moto()
def hand_over(earlier: TrainingJob, job: TrainingJob) -> None:
    """Gives a job the interfaces of the job whose instances it takes."""
    for _, each in _made():
        if getattr(each, _JOB) == earlier.arn:
            setattr(each, _JOB, job.arn)


def start(
    find: Callable[[str], TrainingJob | None], delay: float, changed: Callable[[], None]
) -> None:
    """Starts to remove interfaces, some seconds after their jobs; calls `changed` after each.

    `find` returns the job with an ARN.
    """

    def work() -> None:
        while True:
            time.sleep(_POLL_SECONDS)
            try:
                if remove(find, time.time() - delay):
                    changed()
            except Exception:
                _log.exception("Network interfaces could not be removed; the next pass tries again")

    threading.Thread(target=work, name="network interfaces", daemon=True).start()


def remove(find: Callable[[str], TrainingJob | None], since: float) -> bool:
    """Removes the interfaces of jobs without instances since a time; returns whether it did.

    Interfaces of jobs without a record are removed too.
    """
    with in_moto():
        made = list(_made())
    gone = [(ec2, each) for ec2, each in made if _free_from(find(getattr(each, _JOB))) <= since]
    for ec2, each in gone:
        _let_go(ec2, each)
    return bool(gone)


def _free_from(job: TrainingJob | None) -> float:
    """When the last of a job's instances was, or will be, released; 0 without a record."""
    if job is None:
        return 0.0
    end = statuses.training_end(job)
    if end is None:
        return math.inf
    pool = job.warm_pool
    return max(end, pool.until) if pool is not None and not pool.reused_by else end


@in_moto()
def _let_go(ec2: Any, interface: Any) -> None:
    """Removes an interface with its role's permissions; without them, leaves it for ever."""
    place = f"arn:aws:ec2:{ec2.region_name}:{ec2.account_id}"
    context = {
        "ec2:Subnet": f"{place}:subnet/{interface.subnet.id}",
        "ec2:Vpc": f"{place}:vpc/{interface.subnet.vpc_id}",
    }
    resource = f"{place}:network-interface/{interface.id}"
    session = Session(getattr(interface, _ROLE), ec2.region_name)
    try:
        require(session, Demand("ec2:DeleteNetworkInterface", resource, context))
    except ServiceError as error:
        _log.warning("%s stays: %s", interface.id, error.message)
        delattr(interface, _JOB)
        interface.status = "available"
    else:
        ec2.enis.pop(interface.id, None)


def _made() -> Iterator[tuple[Any, Any]]:
    """The interfaces that the service created and has not left, each with its EC2 backend."""
    for _, _, ec2 in backends.all_of("ec2"):
        for each in list(ec2.enis.values()):
            if hasattr(each, _JOB):
                yield ec2, each


def _require_network(ec2: Any, subnets: Iterable[str], groups: Iterable[str]) -> None:
    """Raises ClientError unless all subnets and groups exist, in one VPC."""
    found = {
        name: each.vpc_id for zone in list(ec2.subnets.values()) for name, each in zone.items()
    }
    networks = {}
    for subnet in subnets:
        if subnet not in found:
            raise ClientError(f"The subnet ID '{subnet}' does not exist")
        networks[subnet] = found[subnet]
    for group in groups:
        known = ec2.get_security_group_from_id(group)
        if known is None:
            raise ClientError(f"The security group '{group}' does not exist")
        networks[group] = known.vpc_id
    if len(set(networks.values())) > 1:
        shown = ", ".join(f"{name} in {network}" for name, network in networks.items())
        raise ClientError(
            f"You have specified two resources that belong to different networks: {shown}"
        )

"""What NCCL and libfabric need to use the network between the hosts of a job."""

from __future__ import annotations

import os
import pkgutil

from launching.job_description import Job

EFA_TYPES = "efa_types.txt"
"""The archive's list of the instance types that have an Elastic Fabric Adapter, one a line."""


def fabric_variables(job: Job) -> dict[str, str]:
    """The variables for hosts that compute together; what the job's environment sets stays.

    Two that AWS's own launchers set are left out. FI_EFA_USE_DEVICE_RDMA is for old versions of
    libfabric; newer ones use RDMA where the adapter has it, and with the variable they abort where
    it has not. NCCL_PROTO is set by the plugin between NCCL and libfabric itself, where an adapter
    delivers out of order; setting it slows down all the others.
    """
    if len(job.peers) == 1:
        return {}
    variables = {"NCCL_SOCKET_IFNAME": job.network_interface}
    if job.instance_type in _efa_types():
        variables["FI_PROVIDER"] = "efa"
    return {name: value for name, value in variables.items() if name not in os.environ}


def _efa_types() -> list[str]:
    return (pkgutil.get_data("launching", EFA_TYPES) or b"").decode().split()

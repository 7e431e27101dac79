"""The resource types, a module for each service or part of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from localcloud.awsplugin.resource_type import ResourceType
from localcloud.awsplugin.resources import (
    cost_budget,
    dashboard,
    ec2_gateway,
    ec2_network,
    ec2_route,
    ec2_security_group,
    ec2_security_group_rule,
    event_rule,
    flow_log,
    iam_role,
    kms,
    log_group,
    metric_alarm,
    s3_bucket,
    s3_lifecycle,
    s3_object,
    s3_settings,
    slack_channel,
    sns,
    ssm_parameter,
    state_machine,
    vpc_endpoint,
)

_MODULES = (
    cost_budget,
    dashboard,
    ec2_gateway,
    ec2_network,
    ec2_route,
    ec2_security_group,
    ec2_security_group_rule,
    event_rule,
    flow_log,
    iam_role,
    kms,
    log_group,
    metric_alarm,
    s3_bucket,
    s3_lifecycle,
    s3_object,
    s3_settings,
    slack_channel,
    sns,
    ssm_parameter,
    state_machine,
    vpc_endpoint,
)

RESOURCE_TYPES: Final[Mapping[str, ResourceType]] = {
    kind.type: kind for module in _MODULES for kind in module.TYPES
}
"""All resource types by token, such as aws:s3/bucket:Bucket."""

"""The resource types, one module a service or part of it."""

from __future__ import annotations

from localcloud.awsplugin.resources import (
    ec2_gateway,
    ec2_network,
    ec2_route,
    ec2_security_group,
    ec2_security_group_rule,
    flow_log,
    iam_policy,
    iam_role,
    kms,
    logs,
    s3_bucket,
    s3_lifecycle,
    s3_object,
    s3_settings,
    vpc_endpoint,
)

MODULES = (
    ec2_gateway,
    ec2_network,
    ec2_route,
    ec2_security_group,
    ec2_security_group_rule,
    flow_log,
    iam_policy,
    iam_role,
    kms,
    logs,
    s3_bucket,
    s3_lifecycle,
    s3_object,
    s3_settings,
    vpc_endpoint,
)

"""Policies for the resources around the training jobs."""

from __future__ import annotations

from training_policies.platform_rules.bucket_policies import NOT_PUBLIC, OTHER_KEYS, TRANSPORT
from training_policies.platform_rules.bucket_settings import ENCRYPTION, LIFECYCLE
from training_policies.platform_rules.control_resources import BUCKET_CONTROLS, VPC_CONTROLS
from training_policies.platform_rules.destinations import DESTINATIONS
from training_policies.platform_rules.key_policies import KEY_POLICY
from training_policies.platform_rules.platform_values import PLATFORM_VALUES
from training_policies.platform_rules.required_resources import (
    PERMISSIONS_BOUNDARY,
    REQUIRED_ALERTS,
    REQUIRED_BUDGET,
)
from training_policies.platform_rules.resource_policies import RESOURCE_POLICIES
from training_policies.platform_rules.role_conditions import ROLE_CONDITIONS
from training_policies.platform_rules.role_policies import (
    MANAGED_POLICIES,
    WILDCARD_ACTIONS,
    WILDCARD_RESOURCES,
)
from training_policies.platform_rules.role_trust import ROLE_TRUST
from training_policies.platform_rules.security_groups import SECURITY_GROUPS
from training_policies.platform_rules.topic_policies import TOPIC_POLICY
from training_policies.platform_rules.vpc import ENDPOINTS, GATEWAYS, OTHER_NETWORKS
from training_policies.policy import Policy, StackPolicy

PLATFORM_POLICIES: tuple[Policy | StackPolicy, ...] = (
    *PLATFORM_VALUES,
    ENCRYPTION,
    LIFECYCLE,
    TRANSPORT,
    NOT_PUBLIC,
    OTHER_KEYS,
    BUCKET_CONTROLS,
    KEY_POLICY,
    RESOURCE_POLICIES,
    WILDCARD_ACTIONS,
    WILDCARD_RESOURCES,
    ROLE_CONDITIONS,
    MANAGED_POLICIES,
    ROLE_TRUST,
    PERMISSIONS_BOUNDARY,
    GATEWAYS,
    OTHER_NETWORKS,
    SECURITY_GROUPS,
    ENDPOINTS,
    VPC_CONTROLS,
    TOPIC_POLICY,
    DESTINATIONS,
    REQUIRED_BUDGET,
    REQUIRED_ALERTS,
)

"""Policies for the resources around the training jobs."""

from __future__ import annotations

from training_policies.platform_rules.bucket_policies import NOT_PUBLIC, OTHER_KEYS, TRANSPORT
from training_policies.platform_rules.bucket_settings import (
    ACCESS_LISTS,
    ENCRYPTION,
    LIFECYCLE,
    OWNERSHIP,
    PUBLIC_ACCESS,
    VERSIONING,
)
from training_policies.platform_rules.companions import BUCKET_CONTROLS, VPC_CONTROLS
from training_policies.platform_rules.keys import KEY_DELETION, KEY_POLICY, KEY_ROTATION
from training_policies.platform_rules.network import (
    DEFAULT_GROUP,
    ENDPOINTS,
    FLOW_LOGS,
    GATEWAYS,
    SUBNETS,
)
from training_policies.platform_rules.retention import RETENTION
from training_policies.platform_rules.role_conditions import ROLE_CONDITIONS
from training_policies.platform_rules.role_policies import (
    MANAGED_POLICIES,
    WILDCARD_ACTIONS,
    WILDCARD_RESOURCES,
)
from training_policies.platform_rules.role_trust import ROLE_TRUST
from training_policies.platform_rules.security_groups import SECURITY_GROUPS
from training_policies.platform_rules.topics_and_logs import (
    LOG_ENCRYPTION,
    LOG_RETENTION,
    TOPIC_ENCRYPTION,
    TOPIC_POLICY,
)
from training_policies.policy import Policy, StackPolicy

PLATFORM_POLICIES: tuple[Policy | StackPolicy, ...] = (
    PUBLIC_ACCESS,
    OWNERSHIP,
    ACCESS_LISTS,
    VERSIONING,
    ENCRYPTION,
    LIFECYCLE,
    TRANSPORT,
    NOT_PUBLIC,
    OTHER_KEYS,
    BUCKET_CONTROLS,
    RETENTION,
    KEY_ROTATION,
    KEY_DELETION,
    KEY_POLICY,
    WILDCARD_ACTIONS,
    WILDCARD_RESOURCES,
    ROLE_CONDITIONS,
    MANAGED_POLICIES,
    ROLE_TRUST,
    SUBNETS,
    GATEWAYS,
    DEFAULT_GROUP,
    SECURITY_GROUPS,
    FLOW_LOGS,
    ENDPOINTS,
    VPC_CONTROLS,
    TOPIC_ENCRYPTION,
    TOPIC_POLICY,
    LOG_RETENTION,
    LOG_ENCRYPTION,
)

"""Policies for training jobs."""

from __future__ import annotations

from training_policies.policy import Policy, StackPolicy
from training_policies.training_rules.debugging import REMOTE_DEBUG
from training_policies.training_rules.encryption import OUTPUT_KEY, VOLUME_KEY
from training_policies.training_rules.images import IMAGES
from training_policies.training_rules.limits import RUNTIME_LIMIT, WARM_POOL
from training_policies.training_rules.locations import ARTIFACT_LOCATIONS
from training_policies.training_rules.network import (
    NETWORK_ISOLATION,
    PRIVATE_SUBNETS,
    TRAFFIC_ENCRYPTION,
)
from training_policies.training_rules.secrets import NO_SECRETS
from training_policies.training_rules.spot import SPOT_CHECKPOINTS, SPOT_WAIT
from training_policies.training_rules.tags import REQUIRED_TAGS

TRAINING_POLICIES: tuple[Policy | StackPolicy, ...] = (
    SPOT_CHECKPOINTS,
    SPOT_WAIT,
    RUNTIME_LIMIT,
    WARM_POOL,
    PRIVATE_SUBNETS,
    NETWORK_ISOLATION,
    TRAFFIC_ENCRYPTION,
    OUTPUT_KEY,
    VOLUME_KEY,
    IMAGES,
    ARTIFACT_LOCATIONS,
    NO_SECRETS,
    REQUIRED_TAGS,
    REMOTE_DEBUG,
)

"""Policies for training jobs."""

from __future__ import annotations

from training_policies.policy import Policy, StackPolicy
from training_policies.training_rules.images import IMAGES
from training_policies.training_rules.job_network import PRIVATE_SUBNETS
from training_policies.training_rules.job_values import JOB_VALUES
from training_policies.training_rules.locations import ARTIFACT_LOCATIONS, OWN_ROLE
from training_policies.training_rules.no_secrets import NO_SECRETS
from training_policies.training_rules.spot import SPOT_WAIT
from training_policies.training_rules.tags import REQUIRED_TAGS
from training_policies.training_rules.volumes import VOLUMES

TRAINING_POLICIES: tuple[Policy | StackPolicy, ...] = (
    *JOB_VALUES,
    SPOT_WAIT,
    PRIVATE_SUBNETS,
    IMAGES,
    VOLUMES,
    ARTIFACT_LOCATIONS,
    OWN_ROLE,
    NO_SECRETS,
    REQUIRED_TAGS,
)

"""Policies for the resources around the training jobs."""

from __future__ import annotations

from training_policies.policy import Policy, StackPolicy

PLATFORM_POLICIES: tuple[Policy | StackPolicy, ...] = ()

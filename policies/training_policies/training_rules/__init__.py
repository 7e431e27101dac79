"""Policies for training jobs."""

from __future__ import annotations

from training_policies.policy import Policy, StackPolicy

TRAINING_POLICIES: tuple[Policy | StackPolicy, ...] = ()

"""Policies for how much a team may train at once, and for how much money."""

from __future__ import annotations

from training_policies.policy import Policy, StackPolicy

QUOTA_POLICIES: tuple[Policy | StackPolicy, ...] = ()

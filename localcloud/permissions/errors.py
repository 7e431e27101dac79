"""What is wrong with a policy."""

from __future__ import annotations


class PolicyError(Exception):
    """A policy can't be read, or holds what can't be judged: that is never taken for a yes."""

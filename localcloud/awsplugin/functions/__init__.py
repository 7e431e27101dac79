"""The functions: what a program may ask the provider without owning it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from localcloud.awsplugin.functions import caller, lookups, policy_document, prefix_lists
from localcloud.awsplugin.functions.common import Function

FUNCTIONS: Final[Mapping[str, Function]] = {
    **caller.FUNCTIONS,
    **lookups.FUNCTIONS,
    **policy_document.FUNCTIONS,
    **prefix_lists.FUNCTIONS,
}

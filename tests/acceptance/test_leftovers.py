from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from acceptance import leftovers
from acceptance.leftovers import Leftover
from acceptance.scene import Scene


@pytest.fixture
def logs(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The log groups of the account, the only kind that is looked for."""
    names: list[str] = []

    def paginate() -> list[dict[str, Any]]:
        return [{"logGroups": [{"logGroupName": name} for name in names]}]

    client = SimpleNamespace(get_paginator=lambda _: SimpleNamespace(paginate=paginate))
    monkeypatch.setattr(scene, "_clients", {"logs": client})
    monkeypatch.setattr(leftovers, "_KINDS", {"log group": leftovers._log_groups})
    return names


def test_only_what_has_the_stacks_prefix_is_left_over(scene: Scene, logs: list[str]):
    logs += [f"/vpc/{scene.prefix}-network", f"/vpc/{scene.prefix}9-network", "/vpc/research-dev"]
    name = f"/vpc/{scene.prefix}-network"
    delete = f"aws logs delete-log-group --log-group-name {name} --region eu-west-1"
    assert leftovers.leftovers(scene) == [Leftover(f"log group {name}", delete)]


def test_a_kind_that_cannot_be_looked_at_is_not_taken_for_gone(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    def refuse(_: Scene) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListRoles")

    monkeypatch.setattr(leftovers, "_KINDS", {"role": refuse})
    [left] = leftovers.leftovers(scene)
    assert left.what == "role: could not be looked at (AccessDenied)"
    assert left.command.startswith("look at it in https://")

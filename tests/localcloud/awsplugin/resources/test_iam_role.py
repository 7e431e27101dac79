from __future__ import annotations

import pytest

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.plugin import TAGS, TRUST, InputsError, Plugin, RefusedError, allow

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"


def test_a_role_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:iam/role:Role",
        {"assumeRolePolicy": TRUST, "description": "runs jobs", "tags": TAGS},
        change={"description": "runs", "maxSessionDuration": 7200, "tags": {"a": "b"}},
        replace={"path": "/ml/"},
    )


def test_a_role_with_its_policies_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:iam/role:Role",
        {
            "assumeRolePolicy": TRUST,
            "inlinePolicies": [{"name": "one", "policy": allow()}],
            "managedPolicyArns": [],
        },
        change={
            "inlinePolicies": [
                {"name": "one", "policy": allow("s3:*")},
                {"name": "two", "policy": allow()},
            ]
        },
        replace={"name": "another"},
    )


def test_a_policy_of_a_role_lives_from_its_creation_to_its_end(plugin: Plugin) -> None:
    plugin.assert_lifecycle(
        "aws:iam/rolePolicy:RolePolicy",
        {"role": plugin.role().id, "policy": allow()},
        change={"policy": allow("s3:PutObject")},
        replace={"role": plugin.role().id},
    )


@pytest.mark.parametrize(
    ("kind", "inputs", "message"),
    [
        (ROLE, {"assumeRolePolicy": "{}"}, "has no Statement"),
        (ROLE, {"assumeRolePolicy": allow()}, "neither Principal nor NotPrincipal"),
        (ROLE, {"assumeRolePolicy": TRUST, "maxSessionDuration": 60}, "3600"),
        (POLICY, {"role": "r", "policy": "{"}, "invalid JSON"),
        (POLICY, {"role": "r", "policy": allow(Effect="Permit")}, "not Allow or Deny"),
    ],
)
def test_a_wrong_input_is_refused_before_anything_is_made(
    plugin: Plugin, kind: str, inputs: Properties, message: str
) -> None:
    with pytest.raises(InputsError, match=message):
        plugin.check(kind, inputs)


def test_a_role_with_a_policy_that_it_does_not_list_stays(plugin: Plugin) -> None:
    role = plugin.create(ROLE, {"assumeRolePolicy": TRUST})
    plugin.create(POLICY, {"role": role.id, "policy": allow()})
    with pytest.raises(RefusedError, match="DeleteConflict"):
        plugin.delete(role)
    plugin.update(role, {"assumeRolePolicy": TRUST, "forceDetachPolicies": True})
    plugin.delete(role)
    assert plugin.refresh(role) is None

from __future__ import annotations

import pytest
from pulumi.runtime.proto import provider_pb2

from localcloud.awsplugin.properties import UNKNOWN
from localcloud.awsplugin.resources import RESOURCE_TYPES
from tests.localcloud.awsplugin.alert_cases import ALERT_CASES
from tests.localcloud.awsplugin.engine import Engine, Resource
from tests.localcloud.awsplugin.identity_cases import IDENTITY_CASES
from tests.localcloud.awsplugin.network_cases import NETWORK_CASES
from tests.localcloud.awsplugin.storage_cases import STORAGE_CASES
from tests.localcloud.awsplugin.world import Case, World

NONE = provider_pb2.DiffResponse.DIFF_NONE
CASES = [*NETWORK_CASES, *STORAGE_CASES, *IDENTITY_CASES, *ALERT_CASES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.type.rpartition(":")[2])
def test_a_resource_lives_from_its_creation_to_its_end(
    case: Case, world: World, engine: Engine
) -> None:
    kind = RESOURCE_TYPES[case.type]
    inputs = case.inputs(world)

    planned = engine.preview(case.type, "one", inputs)
    assert {name for name in kind.outputs if planned[name] is UNKNOWN} == kind.outputs

    resource = world.make(case.type, inputs, "one")
    _is_as_asked(engine, resource, inputs)

    if case.update:
        inputs = case.update(world, inputs)
        expected = engine.diff(resource, inputs)
        assert expected.detailedDiff
        assert not expected.replaces
        engine.update(resource, inputs)
        _is_as_asked(engine, resource, inputs)

    if case.replace:
        assert case.replaced in engine.diff(resource, case.replace(world, inputs)).replaces

    found = engine.find(case.type, case.import_id(resource))
    assert found is not None
    assert found.state.keys() >= kind.required

    engine.delete(resource)
    assert (engine.read(resource) is None) != case.stays
    engine.delete(resource)


def _is_as_asked(engine: Engine, resource: Resource, inputs: dict[str, object]) -> None:
    """Nothing is left to do, before a refresh as after it, and the refresh finds no change."""
    assert engine.diff(resource, inputs).changes == NONE
    refreshed = engine.read(resource)
    assert refreshed == resource
    assert engine.diff(refreshed, inputs).changes == NONE


def test_every_resource_type_has_a_case() -> None:
    assert RESOURCE_TYPES.keys() == {case.type for case in CASES}

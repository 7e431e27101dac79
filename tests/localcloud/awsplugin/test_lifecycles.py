from __future__ import annotations

from collections.abc import Iterator

import pytest
from pulumi.runtime.proto import provider_pb2

from localcloud.awsplugin.differ import DEFAULTS
from localcloud.awsplugin.properties import UNKNOWN
from localcloud.awsplugin.registry import resource_types
from tests.localcloud.awsplugin.cases import FIRST_CASES, Case, World
from tests.localcloud.awsplugin.engine import Engine
from tests.localcloud.awsplugin.more_cases import MORE_CASES

NONE = provider_pb2.DiffResponse.DIFF_NONE
CASES = [*FIRST_CASES, *MORE_CASES]


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    made = World(engine)
    yield made
    made.clear()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.type.rpartition(":")[2])
def test_a_resource_lives_from_its_creation_to_its_end(
    case: Case, world: World, engine: Engine
) -> None:
    inputs = case.inputs(world)
    planned = engine.preview(case.type, "one", inputs)
    resource = world.make(case.type, inputs, "one")

    assert planned.keys() - {DEFAULTS} >= resource_types()[case.type].outputs
    assert all(planned[name] is UNKNOWN for name in resource_types()[case.type].outputs)
    assert engine.diff(resource, inputs).changes == NONE

    refreshed = engine.read(resource)
    assert refreshed == resource
    assert engine.diff(refreshed, inputs).changes == NONE

    if case.update:
        inputs = case.update(world, inputs)
        expected = engine.diff(resource, inputs)
        assert expected.changes != NONE
        assert not expected.replaces
        assert expected.detailedDiff
        engine.update(resource, inputs)
        assert engine.diff(resource, inputs).changes == NONE
        assert engine.read(resource) == resource

    if case.replace:
        expected = engine.diff(resource, case.replace(world, inputs))
        assert case.replaced in expected.replaces

    found = engine.find(case.type, case.import_id(resource))
    assert found is not None
    assert found.state.keys() >= resource_types()[case.type].required

    engine.delete(resource)
    assert (engine.read(resource) is None) != case.stays
    engine.delete(resource)

from __future__ import annotations

from components import instances as program
from training_policies import instances as pack


def test_the_pack_and_the_program_have_the_same_table():
    assert pack._TABLE.read_bytes() == program._TABLE.read_bytes()


def test_every_type_is_read_as_the_program_reads_it():
    assert pack.instance_types().keys() == program.training_instance_types().keys()
    for name, theirs in program.training_instance_types().items():
        ours = pack.instance_types()[name]
        assert ours.accelerators == theirs.accelerators
        assert ours.accelerator == theirs.accelerator_name
        assert ours.has_local_storage == theirs.has_local_storage
        assert ours.usd_per_hour == theirs.on_demand_usd_per_hour
        assert pack.family_of(name) == program.family_of(name)


def test_an_unknown_price_is_not_zero():
    unpriced = [each for each in pack.instance_types().values() if each.usd_per_hour is None]
    assert unpriced
    assert not [each for each in pack.instance_types().values() if each.usd_per_hour == 0]

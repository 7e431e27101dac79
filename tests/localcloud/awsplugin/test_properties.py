from __future__ import annotations

from pathlib import Path

from google.protobuf import struct_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.awsplugin.properties import (
    ASSET,
    OUTPUT,
    SECRET,
    SIGNATURE,
    UNKNOWN,
    UNKNOWN_MARKS,
    UNKNOWN_STRING,
    Asset,
    contains_unknown,
    decode,
    encode,
    known,
    secret_names,
)

scalars = st.booleans() | st.integers(-(2**50), 2**50) | st.text() | st.just(UNKNOWN)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)


def struct(**fields: object) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(fields)
    return made


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.text(), values))
def test_properties_come_back_from_the_wire_as_they_went(properties: dict[str, object]) -> None:
    assert decode(encode(properties)) == properties


def test_every_mark_of_an_unknown_value_is_read() -> None:
    marked = struct(**{f"p{i}": mark for i, mark in enumerate(sorted(UNKNOWN_MARKS))})
    assert set(decode(marked).values()) == {UNKNOWN}


def test_an_unknown_value_is_written_with_the_mark_of_a_string() -> None:
    assert encode({"a": [UNKNOWN]})["a"][0] == UNKNOWN_STRING


def test_whole_numbers_are_integers_and_others_are_not() -> None:
    decoded = decode(struct(whole=30.0, part=2.5))
    assert decoded == {"whole": 30, "part": 2.5}
    assert isinstance(decoded["whole"], int)


def test_a_secret_is_unwrapped_and_its_property_named() -> None:
    secret = {SIGNATURE: SECRET, "value": "hidden"}
    given_struct = struct(tags={"token": secret}, plain="seen")
    assert decode(given_struct) == {"tags": {"token": "hidden"}, "plain": "seen"}
    assert secret_names(given_struct) == {"tags"}


def test_a_property_named_as_secret_is_marked_on_the_wire() -> None:
    encoded = encode({"value": "hidden", "name": "seen"}, frozenset({"value"}))
    assert encoded["value"][SIGNATURE] == SECRET
    assert encoded["name"] == "seen"


def test_an_output_without_a_value_is_unknown() -> None:
    assert decode(struct(a={SIGNATURE: OUTPUT, "value": "x"})) == {"a": "x"}
    assert decode(struct(a={SIGNATURE: OUTPUT})) == {"a": UNKNOWN}


def test_an_asset_is_read_from_its_file_or_its_text(tmp_path: Path) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"\x00one")
    file = decode(struct(a={SIGNATURE: ASSET, "hash": "1", "path": str(path)}))["a"]
    text = decode(struct(a={SIGNATURE: ASSET, "hash": "2", "text": "two"}))["a"]
    assert (file.read(), text.read()) == (b"\x00one", b"two")
    assert decode(encode({"a": file, "b": text})) == {"a": file, "b": text}


def test_an_absent_value_is_left_out_on_the_wire() -> None:
    assert decode(encode({"a": None, "b": {"c": None, "d": 1}})) == {"b": {"d": 1}}


def test_unknown_values_are_found_however_deep() -> None:
    properties = {"a": [{"b": UNKNOWN}], "c": [1], "d": Asset("h", text="")}
    assert contains_unknown(properties)
    assert known(properties) == {"c": [1], "d": Asset("h", text="")}

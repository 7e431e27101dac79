"""Resource properties on the wire and in memory.

The engine sends properties as protobuf structs in which assets, secrets, outputs and values
that are not known yet are marked by signatures. In memory they are plain JSON values, `UNKNOWN`
and `Asset`.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from google.protobuf import struct_pb2

Properties = dict[str, Any]

DEFAULTS: Final = "__defaults"  # the property that names what the provider filled in
SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a signature, no secret
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
RESOURCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"

# One mark for each type of value: boolean, number, string, array, asset, archive, object.
UNKNOWN_MARKS: Final = frozenset(
    {
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
UNKNOWN_STRING: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


class Unknown:
    """The type of `UNKNOWN`: a value that only the update will bring."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __deepcopy__(self, memo: object) -> Unknown:
        return self


UNKNOWN: Final = Unknown()


@dataclass(frozen=True)
class Asset:
    """A file or a text that the program passes as an asset."""

    hash: str
    path: str = ""
    text: str | None = None

    def read(self) -> bytes:
        """The content; OSError if the file cannot be read."""
        return Path(self.path).read_bytes() if self.path else (self.text or "").encode()


def decode(struct: struct_pb2.Struct) -> Properties:
    """The properties of `struct`, secrets unwrapped."""
    return {name: _decode_value(value) for name, value in struct.fields.items()}


def secret_names(struct: struct_pb2.Struct) -> frozenset[str]:
    """The names of the top-level properties of `struct` that are or hold a secret."""
    return frozenset(name for name, value in struct.fields.items() if _holds_secret(value))


def encode(
    properties: Mapping[str, Any], secrets: frozenset[str] = frozenset()
) -> struct_pb2.Struct:
    """`properties` as a struct, the ones named in `secrets` marked as secret."""
    struct = struct_pb2.Struct()
    for name, value in properties.items():
        if value is None:
            continue
        plain = _encode_value(value)
        struct[name] = {SIGNATURE: SECRET, "value": plain} if name in secrets else plain
    return struct


def contains_unknown(value: Any) -> bool:
    """Whether `value` is or holds `UNKNOWN`."""
    if isinstance(value, Mapping):
        return any(contains_unknown(item) for item in value.values())
    if isinstance(value, list):
        return any(contains_unknown(item) for item in value)
    return value is UNKNOWN


def known(properties: Properties) -> Properties:
    """The properties whose value is wholly known."""
    return {name: value for name, value in properties.items() if not contains_unknown(value)}


def _decode_value(value: struct_pb2.Value) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        return _decode_struct(value.struct_value)
    if kind == "list_value":
        return [_decode_value(item) for item in value.list_value.values]
    if kind == "string_value":
        return UNKNOWN if value.string_value in UNKNOWN_MARKS else value.string_value
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return value.bool_value if kind == "bool_value" else None


def _decode_struct(struct: struct_pb2.Struct) -> Any:
    fields = struct.fields
    signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
    if signature == SECRET:
        return _decode_value(fields["value"])
    if signature == OUTPUT:
        return _decode_value(fields["value"]) if "value" in fields else UNKNOWN
    if signature == RESOURCE:
        return _decode_value(fields["id"]) if "id" in fields else fields["urn"].string_value
    if signature == ASSET:
        return _decode_asset(fields)
    return {name: _decode_value(value) for name, value in fields.items()}


def _decode_asset(fields: Mapping[str, struct_pb2.Value]) -> Asset:
    def text(name: str) -> str:
        return fields[name].string_value if name in fields else ""

    return Asset(
        hash=text("hash"), path=text("path"), text=text("text") if "text" in fields else None
    )


def _holds_secret(value: struct_pb2.Value) -> bool:
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        return any(_holds_secret(item) for item in value.list_value.values)
    if kind != "struct_value":
        return False
    fields = value.struct_value.fields
    signature = fields[SIGNATURE].string_value if SIGNATURE in fields else ""
    if signature == SECRET or (signature == OUTPUT and fields["secret"].bool_value):
        return True
    return any(_holds_secret(item) for item in fields.values())


def _encode_value(value: Any) -> Any:
    if value is UNKNOWN:
        return UNKNOWN_STRING
    if isinstance(value, Asset):
        return dict(_asset_fields(value))
    if isinstance(value, Mapping):
        return {name: _encode_value(item) for name, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_encode_value(item) for item in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return value


def _asset_fields(asset: Asset) -> Iterator[tuple[str, str]]:
    yield SIGNATURE, ASSET
    yield "hash", asset.hash
    if asset.path:
        yield "path", asset.path
    else:
        yield "text", asset.text or ""

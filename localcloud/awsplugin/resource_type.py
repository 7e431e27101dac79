"""The description of a resource type, which check, diff, create, read and delete use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.awsplugin.api_members import Call
from localcloud.awsplugin.autonaming import Autoname
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.json_documents import same_document
from localcloud.awsplugin.plugin_errors import Failure
from localcloud.awsplugin.properties import Properties

Create = Callable[[Cloud, Properties], str]
Read = Callable[[Cloud, str, Properties], Properties | None]
Update = Callable[[Cloud, str, Properties, Properties], None]
Delete = Callable[[Cloud, str, Properties], None]
Settle = Callable[[Cloud, str, Properties], None]
Plan = Callable[[Cloud, Properties, Properties], None]
ReplacesIf = Callable[[Properties, Properties], frozenset[str]]
Validate = Callable[[Properties], Iterable[Failure]]
Same = Callable[[Any, Any], bool]


def names(text: str) -> frozenset[str]:
    """The set of the words in `text`."""
    return frozenset(text.split())


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """A resource type.

    Paths name a property, or one inside it (`rules.expiration.days`), without list positions.

    `create` makes the resource and returns its id; `settle` gives it what takes further calls:
    if it fails, the resource is deleted again. `read` returns the properties, None when the
    resource is gone; it gets the previous ones. `update` gets the state and the new inputs.
    `plan` asks AWS, before a creation or a change, also in a preview, whether it would take the
    inputs; it gets the state, {} before a creation, and raises the refusal.
    Where `read` or `delete` fails with one of the error codes `gone`, there is no such resource.

    `source`: the file with the type's schema, in internal/service of the repository
    hashicorp/terraform-provider-aws, which the official provider is made from. What cannot change
    in place here cannot there, and all else can.

    `replaces`: paths that cannot change in place. `replaces_if`: further ones, which depend on the
    state and the inputs. `outputs`: properties that only AWS sets.
    `computed`: inputs, paths too, that AWS fills in where the program is silent. `recomputed`:
    outputs that an update changes. `write_only`: inputs that AWS never returns.
    `unordered`: paths of lists whose order means nothing. `same`: equality of a path's values
    where it is not plain, such as that of JSON documents. `delete_seconds`: for how long, at the
    most, a deletion is tried again while something still uses the resource.

    `calls`: the operations of AWS that the inputs go into, by whose models they are checked; what
    no member of them is, is not checked so. `most_tags`: how many tags AWS takes.
    """

    type: str
    source: str
    create: Create
    read: Read
    delete: Delete
    gone: frozenset[str] = frozenset()
    settle: Settle | None = None
    update: Update | None = None
    plan: Plan | None = None
    required: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    name: Autoname | None = None
    replaces: frozenset[str] = frozenset()
    replaces_if: ReplacesIf | None = None
    outputs: frozenset[str] = frozenset()
    computed: frozenset[str] = frozenset()
    recomputed: frozenset[str] = frozenset()
    write_only: frozenset[str] = frozenset()
    unordered: frozenset[str] = frozenset()
    same: Mapping[str, Same] = field(default_factory=dict)
    tagged: bool = False
    regional: bool = True
    delete_seconds: float = 0.0
    validate: Validate | None = None
    calls: tuple[Call, ...] = ()
    most_tags: int = 50

    @property
    def documents(self) -> frozenset[str]:
        """The paths that hold JSON documents."""
        return frozenset(path for path, same in self.same.items() if same is same_document)


def policy(*paths: str) -> dict[str, Same]:
    """The entry of `same` for properties that hold a JSON document."""
    return dict.fromkeys(paths, same_document)

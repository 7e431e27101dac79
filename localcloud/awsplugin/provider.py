"""The ResourceProvider service: the engine's requests, translated."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from importlib.metadata import version
from typing import Any, TypeVar

import grpc
from google.protobuf import empty_pb2, struct_pb2

from localcloud.awsplugin import resource_lifecycle as lifecycle
from localcloud.awsplugin.autonaming import NameRequest
from localcloud.awsplugin.checking import check
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.engine_protocol import plugin_pb2, provider_pb2, provider_pb2_grpc
from localcloud.awsplugin.functions import FUNCTIONS
from localcloud.awsplugin.plugin_errors import Failure, describe
from localcloud.awsplugin.properties import DEFAULTS, Properties, decode, encode, secret_names
from localcloud.awsplugin.property_differences import Change, Difference
from localcloud.awsplugin.provider_settings import plain_settings, read_settings, setting_failures
from localcloud.awsplugin.resource_type import ResourceType
from localcloud.awsplugin.resources import RESOURCE_TYPES

VERSION = version("pulumi-aws")
"""The version of the SDK, which asks for a plugin of that version."""

_log = logging.getLogger(__name__)
_Kind = provider_pb2.PropertyDiff.Kind
_KINDS = {
    (Change.ADD, False): _Kind.ADD,
    (Change.ADD, True): _Kind.ADD_REPLACE,
    (Change.DELETE, False): _Kind.DELETE,
    (Change.DELETE, True): _Kind.DELETE_REPLACE,
    (Change.UPDATE, False): _Kind.UPDATE,
    (Change.UPDATE, True): _Kind.UPDATE_REPLACE,
}
_Method = TypeVar("_Method", bound=Callable[..., Any])


def _explained(verb: str) -> Callable[[_Method], _Method]:
    """Makes a method answer an exception with its message, and with what was being done."""

    def decorate(method: _Method) -> _Method:
        @wraps(method)
        def guarded(self: Provider, request: Any, context: grpc.ServicerContext) -> Any:
            try:
                return method(self, request, context)
            except Exception as error:
                _log.debug("%s %s", verb, request, exc_info=True)
                subject = " ".join(filter(None, (verb, _subject(request))))
                context.abort(grpc.StatusCode.UNKNOWN, f"{subject}: {describe(error)}")

        return guarded  # type: ignore[return-value]

    return decorate


class Provider(provider_pb2_grpc.ResourceProviderServicer):  # type: ignore[misc]
    """Serves one configured `aws` provider."""

    def __init__(self) -> None:
        self._cloud: Cloud | None = None

    def Handshake(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        return provider_pb2.ProviderHandshakeResponse(
            accept_secrets=True, supports_autonaming_configuration=True
        )

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        return empty_pb2.Empty()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetSchema(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        return provider_pb2.GetSchemaResponse(schema=_schema())

    def GetMapping(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        return provider_pb2.GetMappingResponse()

    def GetMappings(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        return provider_pb2.GetMappingsResponse()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        return empty_pb2.Empty()

    @_explained("checking the provider's settings")
    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        found = setting_failures(plain_settings(decode(request.news)))
        return provider_pb2.CheckResponse(inputs=request.news, failures=_failures(found))

    @_explained("comparing the provider's settings")
    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        before = request.old_inputs if request.HasField("old_inputs") else request.olds
        olds, news = decode(before), decode(request.news)
        changed = sorted(
            name
            for name in olds.keys() | news.keys()
            if name != "version" and olds.get(name) != news.get(name)
        )
        response = provider_pb2.DiffResponse
        return response(
            changes=response.DIFF_SOME if changed else response.DIFF_NONE,
            diffs=changed,
            replaces=[name for name in changed if name == "region"],
        )

    @_explained("configuring the provider")
    def Configure(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        given = decode(request.args) if request.HasField("args") else {}
        for key, value in request.variables.items():
            given.setdefault(key.removeprefix("aws:config:"), value)
        cloud = Cloud(read_settings(plain_settings(given)))
        _check_account(cloud)
        self._cloud = cloud
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, supports_autonaming_configuration=True
        )

    @_explained("checking")
    def Check(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        kind, secrets = _kind(request), _secrets(request.news)
        inputs, found = check(
            kind,
            self.cloud.settings,
            decode(request.olds),
            decode(request.news),
            _name_request(request),
            secrets,
        )
        return provider_pb2.CheckResponse(inputs=encode(inputs, secrets), failures=_failures(found))

    @_explained("comparing")
    def Diff(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        kind, state, inputs = _kind(request), decode(request.olds), decode(request.news)
        lifecycle.plan(kind, self.cloud, state, inputs)
        found, first = lifecycle.diff(kind, state, inputs, list(request.ignoreChanges))
        return _diff_response(kind, found, delete_first=first)

    @_explained("creating")
    def Create(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        kind, inputs = _kind(request), decode(request.properties)
        secrets = _secrets(request.properties)
        lifecycle.plan(kind, self.cloud, {}, inputs)
        if request.preview:
            planned = lifecycle.planned(kind, inputs)
            return provider_pb2.CreateResponse(properties=encode(planned, secrets))
        identity, state = lifecycle.create(kind, self.cloud, inputs)
        return provider_pb2.CreateResponse(id=identity, properties=_state(identity, state, secrets))

    @_explained("reading")
    def Read(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        kind = _kind(request)
        inputs, previous = decode(request.inputs), decode(request.properties)
        state = lifecycle.read(kind, self.cloud, request.id, previous or inputs)
        if state is None:
            return provider_pb2.ReadResponse()
        found = (
            lifecycle.refreshed_inputs(kind, state, inputs)
            if inputs
            else lifecycle.imported_inputs(kind, state)
        )
        secrets = _secrets(request.properties) | _secrets(request.inputs)
        return provider_pb2.ReadResponse(
            id=request.id,
            properties=_state(request.id, state, secrets),
            inputs=encode(found, secrets),
        )

    @_explained("updating")
    def Update(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        kind, state, inputs = _kind(request), decode(request.olds), decode(request.news)
        secrets = _secrets(request.news)
        if request.preview:
            planned = lifecycle.planned_update(kind, state, inputs)
            return provider_pb2.UpdateResponse(properties=encode(planned, secrets))
        after = lifecycle.update(kind, self.cloud, request.id, state, inputs)
        return provider_pb2.UpdateResponse(properties=_state(request.id, after, secrets))

    @_explained("deleting")
    def Delete(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        state = decode(request.properties)
        lifecycle.delete(_kind(request), self.cloud, request.id, state, request.timeout)
        return empty_pb2.Empty()

    @_explained("calling")
    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: ARG002, D102, N802
        function = FUNCTIONS.get(request.tok)
        if function is None:
            raise LookupError(_not_served("function", request.tok, FUNCTIONS))
        arguments = decode(request.args)
        answer = function(self.cloud.in_region(arguments.get("region")), arguments)
        return provider_pb2.InvokeResponse(**{"return": encode(answer)})

    @property
    def cloud(self) -> Cloud:
        """The configured cloud; RuntimeError before Configure."""
        if self._cloud is None:
            raise RuntimeError("the provider is not configured")
        return self._cloud


def _kind(request: Any) -> ResourceType:
    token = request.type or request.urn.split("::")[2].split("$")[-1]
    kind = RESOURCE_TYPES.get(token)
    if kind is None:
        raise LookupError(_not_served("resource type", token, RESOURCE_TYPES))
    return kind


def _schema() -> str:
    """The package's schema as JSON text, with the least that the engine needs: the tokens."""
    return json.dumps(
        {
            "name": "aws",
            "version": VERSION,
            "config": {},
            "provider": {"type": "object"},
            "resources": {token: {"type": "object"} for token in sorted(RESOURCE_TYPES)},
            "functions": {token: {} for token in sorted(FUNCTIONS)},
        }
    )


def _not_served(what: str, token: str, served: Iterable[str]) -> str:
    return (
        f"the local aws plugin does not serve the {what} {token}; it serves only what this "
        f"repository's programs use: {', '.join(sorted(served))}"
    )


def _subject(request: Any) -> str:
    urn = getattr(request, "urn", "")
    if urn:
        return f"{urn.split('::')[2].split('$')[-1]} ({urn.split('::')[-1]})"
    return str(getattr(request, "tok", ""))


def _secrets(struct: struct_pb2.Struct) -> frozenset[str]:
    found = secret_names(struct)
    return found | {"tagsAll"} if "tags" in found else found


def _state(identity: str, state: Properties, secrets: frozenset[str]) -> struct_pb2.Struct:
    return encode({**state, "id": identity}, secrets)


def _name_request(request: Any) -> NameRequest:
    options, mode = request.autonaming, provider_pb2.CheckRequest.AutonamingOptions
    given = request.HasField("autonaming")
    return NameRequest(
        resource=request.name or request.urn.split("::")[-1],
        seed=request.randomSeed,
        proposed=options.proposed_name if given else "",
        enforced=given and options.mode == mode.ENFORCE,
        disabled=given and options.mode == mode.DISABLE,
    )


def _failures(found: Iterable[Failure]) -> list[Any]:
    return [provider_pb2.CheckFailure(property=item.property, reason=item.reason) for item in found]


def _diff_response(
    kind: ResourceType, found: Mapping[Difference, bool], *, delete_first: bool
) -> Any:
    response = provider_pb2.DiffResponse
    return response(
        changes=response.DIFF_SOME if found else response.DIFF_NONE,
        diffs=sorted({str(item.path[0]) for item in found}),
        replaces=sorted(str(item.path[0]) for item, replacing in found.items() if replacing),
        detailedDiff={
            item.text: provider_pb2.PropertyDiff(kind=_KINDS[item.change, replacing])
            for item, replacing in found.items()
        },
        hasDetailedDiff=True,
        stables=sorted(kind.outputs - kind.recomputed - {"tagsAll", DEFAULTS}),
        deleteBeforeReplace=delete_first,
    )


def _check_account(cloud: Cloud) -> None:
    allowed, forbidden = (
        cloud.settings.allowed_accounts,
        cloud.settings.forbidden_accounts,
    )
    if allowed and cloud.account not in allowed:
        raise PermissionError(f"AWS account ID not allowed: {cloud.account}")
    if forbidden and cloud.account in forbidden:
        raise PermissionError(f"AWS account ID forbidden: {cloud.account}")

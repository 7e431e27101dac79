"""A replacement for the engine that records what a program registers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.runtime import mocks, rpc

from components.site import Site

ACCOUNT = "123456789012"
REGION = "us-east-1"
SITE = Site(
    ACCOUNT,
    REGION,
    "research-dev",
    zones=[f"{REGION}a", f"{REGION}b"],
    tags={"team": "research", "stack": "dev"},
)
"""The site of a stack for tests."""


STATES: dict[str, dict[str, Any]] = {
    "pulumi-python:dynamic/sagemaker:TrainingJob": {
        "training_job_name": "",
        "training_job_arn": "",
        "status": "NotLaunched",
    },
    "pulumi-python:dynamic/sagemaker:TuningJob": {
        "tuning_job_name": "",
        "tuning_job_arn": "",
        "status": "NotLaunched",
    },
    "pulumi-python:dynamic/sagemaker:TrainingJobCompletion": {"results": {}},
}
"""The outputs that resources have beside their inputs, by type."""


@dataclass(frozen=True)
class Recorded:
    """One resource as the engine would have received it; `state` is what it answered."""

    urn: str
    type: str
    name: str
    inputs: dict[str, Any]
    read: bool = False
    retained: bool = False
    replaced_on: frozenset[str] = frozenset()
    deleted_first: bool = False
    dependencies: frozenset[str] = frozenset()
    state: dict[str, Any] = field(default_factory=dict)
    component: bool = False

    def document(self, key: str = "policy") -> dict[str, Any]:
        """The JSON document that an input holds."""
        parsed: dict[str, Any] = json.loads(self.inputs[key])
        return parsed


@dataclass
class Recording:
    """All that one program registered."""

    resources: list[Recorded] = field(default_factory=list)
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def of(self, type_: str) -> list[Recorded]:
        """The resources of a type, given as `ec2/vpc:Vpc`, by name: they register in any order."""
        found = (each for each in self.resources if each.type == f"aws:{type_}")
        return sorted(found, key=lambda each: each.name)

    def the(self, type_: str, name: str | None = None) -> Recorded:
        """The only resource of a type, or the one whose name ends in `name`."""
        found = [each for each in self.of(type_) if name is None or each.name.endswith(name)]
        assert len(found) == 1, f"{len(found)} resources of type {type_}: {found}"
        return found[0]

    @property
    def types(self) -> set[str]:
        """The types of AWS resources, as `ec2/vpc:Vpc`."""
        named = (each.type.partition(":") for each in self.resources)
        return {rest for package, _, rest in named if package == "aws"}

    def depends(self, one: Recorded, other: Recorded) -> bool:
        """Whether `one` is created after `other`, because it depends on it, directly or not."""
        by_urn = {each.urn: each for each in self.resources}
        return any(
            urn == other.urn or (urn in by_urn and self.depends(by_urn[urn], other))
            for urn in one.dependencies
        )


class _Answers(mocks.Mocks):  # type: ignore[misc]
    """Answers as AWS would: with an id, an ARN, and the names that it makes up."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        identifier = args.resource_id or f"{args.name}-id"
        service = args.typ.split(":")[1].split("/")[0]
        arn = f"arn:aws:{service}:{REGION}:{ACCOUNT}:{identifier}"
        state = {"arn": arn, "name": f"{args.name}-0a1b2c3"} | args.inputs
        if args.typ == "aws:s3/bucket:Bucket":
            bucket = args.resource_id or f"{args.name}-0a1b2c3"
            state |= {"bucket": bucket, "arn": f"arn:aws:s3:::{bucket}"}
        elif args.typ == "aws:kms/key:Key":
            state |= {
                "keyId": identifier,
                "arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{identifier}",
            }
        elif args.typ == "aws:kms/alias:Alias" and args.resource_id:
            key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/retained"
            state |= {"targetKeyId": "retained", "targetKeyArn": key}
        elif args.typ == "aws:iam/role:Role":
            state |= {"arn": f"arn:aws:iam::{ACCOUNT}:role/{state['name']}"}
        elif args.typ == "aws:ec2/eip:Eip":
            state |= {"allocationId": identifier}
        return identifier, state | STATES.get(args.typ, {})

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        self._recording.calls.append(args.token)
        if args.token == "aws:ec2/getManagedPrefixList:getManagedPrefixList":
            return {"id": f"prefix-list-of-{args.args['name']}"}, []
        if args.token == "aws:ec2/getInstanceTypeOfferings:getInstanceTypeOfferings":
            return {"id": REGION, "instanceTypes": [], "locations": []}, []
        raise AssertionError(f"the program called {args.token}, which nothing answers")


class _Monitor(mocks.MockMonitor):  # type: ignore[misc]
    def __init__(self, answers: mocks.Mocks, recording: Recording) -> None:
        super().__init__(answers)
        self._recording = recording

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802 - the name is the protocol's
        response = super().RegisterResource(request)
        self._recording.resources.append(
            Recorded(
                urn=response.urn,
                type=request.type,
                name=request.name,
                inputs=rpc.deserialize_properties(request.object),
                retained=request.retainOnDelete,
                replaced_on=frozenset(request.replaceOnChanges),
                deleted_first=request.deleteBeforeReplace,
                dependencies=frozenset(request.dependencies),
                state={"id": response.id} | rpc.deserialize_properties(response.object),
                component=not request.custom,
            )
        )
        return response

    def ReadResource(self, request: Any) -> Any:  # noqa: N802 - the name is the protocol's
        response = super().ReadResource(request)
        self._recording.resources.append(
            Recorded(urn=response.urn, type=request.type, name=request.name, inputs={}, read=True)
        )
        return response

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802 - the protocol's
        type_ = request.urn.split("::")[2].split("$")[-1]
        self._recording.outputs[type_] = rpc.deserialize_properties(request.outputs)
        return super().RegisterResourceOutputs(request)


def record(program: Callable[[], Any]) -> Recording:
    """Runs `program` without an engine and returns what it registered."""
    recording = Recording()
    answers = _Answers(recording)
    pulumi.runtime.set_mocks(
        answers,
        project="sagemaker-training",
        stack="test",
        preview=False,
        monitor=_Monitor(answers, recording),
    )

    def run() -> None:
        program()

    pulumi.runtime.test(run)()
    return recording

"""What a case of a resource type is, and the world that makes what the case needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.engine import Engine, Resource

_numbers = count(1)
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)


def allow(action: str = "s3:GetObject", resource: str = "*", **more: Any) -> str:
    """A policy of one statement."""
    statement = {"Effect": "Allow", "Action": action, "Resource": resource, **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@dataclass
class World:
    """Makes what a case needs, and takes it away again in the reverse order."""

    engine: Engine
    made: list[Resource] = field(default_factory=list)

    def make(self, kind: str, inputs: Properties, name: str = "") -> Resource:
        resource = self.engine.create(kind, name or f"test-{next(_numbers)}", inputs)
        self.made.append(resource)
        return resource

    def vpc(self, **inputs: Any) -> str:
        return self.make("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16", **inputs}).id

    def subnet(self, vpc: str, cidr: str = "10.0.1.0/24") -> str:
        return self.make("aws:ec2/subnet:Subnet", {"vpcId": vpc, "cidrBlock": cidr}).id

    def route_table(self, vpc: str) -> str:
        return self.make("aws:ec2/routeTable:RouteTable", {"vpcId": vpc}).id

    def group(self, vpc: str) -> str:
        return self.make("aws:ec2/securityGroup:SecurityGroup", {"vpcId": vpc}).id

    def bucket(self, **inputs: Any) -> str:
        return self.make("aws:s3/bucket:Bucket", {"forceDestroy": True, **inputs}).id

    def key(self) -> Resource:
        return self.make("aws:kms/key:Key", {})

    def role(self) -> Resource:
        return self.make("aws:iam/role:Role", {"assumeRolePolicy": TRUST})

    def clear(self) -> None:
        for resource in reversed(self.made):
            self.engine.delete(resource)


Make = Callable[[World], Properties]
Change = Callable[[World, Properties], Properties]


@dataclass
class Case:
    """A resource type's life."""

    type: str
    inputs: Make
    update: Change | None = None
    replace: Change | None = None
    replaced: str = ""
    stays: bool = False  # a deletion leaves it readable, as in AWS
    import_id: Callable[[Resource], str] = lambda resource: resource.id


def change(**values: Any) -> Change:
    return lambda _, inputs: {**inputs, **values}


TAGS = {"tags": {"team": "research"}}
RETAG = change(tags={"team": "vision", "owner": "ada"})

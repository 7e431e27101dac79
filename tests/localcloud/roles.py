"""Roles with just some permissions, and jobs that run with them."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from tests.localcloud.cloud import TRUST, Cloud, policy

SAVE = """
import pathlib
print('ran')
pathlib.Path('/opt/ml/model/weights').write_text('x')
"""


def allow(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def deny(*actions: str, on: Any = "*", **more: Any) -> dict[str, Any]:
    return allow(*actions, on=on, **more) | {"Effect": "Deny"}


READ = allow("s3:ListBucket", "s3:GetObject")
WRITE = allow("s3:PutObject")
PULL = allow("ecr:*")
LOG = allow("logs:*")


def trust(**changes: Any) -> dict[str, Any]:
    statement: Any = TRUST["Statement"]
    return {**TRUST, "Statement": {**statement, **changes}}


@dataclass
class World:
    """Makes roles, and runs jobs with them."""

    cloud: Cloud

    def role(self, *statements: dict[str, Any], trust: dict[str, Any] | None = None) -> str:
        name = f"role-{uuid.uuid4().hex}"  # other workers make roles in the same cloud
        iam = self.cloud.client("iam")
        created = iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(trust or TRUST)
        )
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(*statements))
        return str(created["Role"]["Arn"])

    def run(self, *statements: dict[str, Any], script: str = SAVE, **changes: Any) -> Any:
        return self.cloud.run(script, RoleArn=self.role(*statements), **changes)

    def key(self, *, enabled: bool = True, **options: Any) -> str:
        kms = self.cloud.client("kms")
        key = str(kms.create_key(**options)["KeyMetadata"]["Arn"])
        if not enabled:
            kms.disable_key(KeyId=key.rpartition("/")[2])
        return key

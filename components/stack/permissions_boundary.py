"""A permissions boundary: a policy that limits what a role may do, whatever its own policy says.

Some accounts let their users create roles only with a boundary. A stack can name it.
"""

from __future__ import annotations

import re

from components.problems import Problem

PATH = "permissionsBoundary"
POLICY_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/([\w+=,.@-]+/)*[\w+=,.@-]+")


def boundary_problems(arn: str) -> list[Problem]:
    """What is wrong with the ARN of a boundary, before the stack's account is known."""
    if POLICY_ARN.fullmatch(arn):
        return []
    remedy = "write one policy, as arn:aws:iam::123456789012:policy/boundary"
    return [Problem(PATH, arn, "is not the ARN of one IAM policy", remedy)]


def foreign_boundary_problems(arn: str, account_id: str) -> list[Problem]:
    """What is wrong with a policy's ARN as a boundary for the roles of an account."""
    owner = arn.split(":")[4]
    if owner in {account_id, "aws"}:
        return []
    rule = f"is a policy of the account {owner}, but the stack's roles are in {account_id}"
    return [Problem(PATH, arn, rule, "name a policy of that account, or one of AWS's own")]

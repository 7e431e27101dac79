"""What AWS does not document about its policy simulator, which preflight and these checks ask.

Nothing is created: each check sends policies that exist only in its request.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from acceptance.finding import Checks, Finding, decided
from acceptance.scene import Scene

SIMULATOR_ASSUMPTIONS = Checks("assumption")
_ACTION = "s3:GetObject"


@SIMULATOR_ASSUMPTIONS.after(
    "up", "dates-in-conditions", "A date in a condition needs a time zone, and is not only a year."
)
def dates_in_conditions(scene: Scene) -> Finding:
    """A condition that is true is met with a whole date, and not with the others."""
    dates = ("2020-01-01T00:00:00Z", "2020-01-01T00:00:00", "2020")
    decisions = [
        _decision(scene, "DateGreaterThan", "aws:CurrentTime", each, "2026-01-01T00:00:00Z", "date")
        for each in dates
    ]
    shown = ", ".join(
        f"{date}: {decision}" for date, decision in zip(dates, decisions, strict=True)
    )
    return decided(decisions[0] == "allowed" and "allowed" not in decisions[1:], shown)


@SIMULATOR_ASSUMPTIONS.after(
    "up", "values-in-conditions", "A condition is not met by a value that is no number or address."
)
def values_in_conditions(scene: Scene) -> Finding:
    """A policy's value `many` is not less than a number, and `here` is no range of addresses."""
    decisions = [
        _decision(scene, "NumericLessThan", "s3:max-keys", "many", "1", "numeric"),
        _decision(scene, "IpAddress", "aws:SourceIp", "here", "192.0.2.1", "ip"),
    ]
    return decided(
        "allowed" not in decisions, f"a number: {decisions[0]}; an address: {decisions[1]}"
    )


@SIMULATOR_ASSUMPTIONS.after(
    "up",
    "simulated-role-and-resource",
    "The simulator refuses a bucket's policy for a role as caller.",
)
def simulated_role_and_resource(scene: Scene) -> Finding:
    """The execution role is simulated with the policy of the stack's bucket."""
    role = str(scene.outputs["sagemaker_execution_role_arn"])
    policy = scene.client("s3").get_bucket_policy(Bucket=scene.bucket)["Policy"]
    answer = _answer(
        scene.client("iam").simulate_principal_policy,
        PolicySourceArn=role,
        ActionNames=[_ACTION],
        ResourceArns=[f"{scene.site.bucket_arn(scene.bucket)}/x"],
        ResourcePolicy=policy,
    )
    return decided(answer == "InvalidInput", f"it was answered with {answer}")


@SIMULATOR_ASSUMPTIONS.after(
    "up", "simulated-types", "The simulator refuses a value of another type, and several for one."
)
def simulated_types(scene: Scene) -> Finding:
    """`yes` is sent as a number, and two texts as one."""
    answers = [
        _answer(
            scene.client("iam").simulate_custom_policy,
            PolicyInputList=[_policy()],
            ActionNames=[_ACTION],
            ContextEntries=[
                {"ContextKeyName": "aws:userid", "ContextKeyType": kind, "ContextKeyValues": values}
            ],
        )
        for kind, values in (("numeric", ["yes"]), ("string", ["one", "other"]))
    ]
    return decided(
        answers == ["InvalidInput"] * 2, f"another type: {answers[0]}; several: {answers[1]}"
    )


@SIMULATOR_ASSUMPTIONS.after(
    "up",
    "simulated-missing-keys",
    "Missing context keys are those of all conditions of the policies.",
)
def simulated_missing_keys(scene: Scene) -> Finding:
    """A condition of a statement about another action is named as missing, too."""
    about_other = {
        "Effect": "Allow",
        "Action": "s3:PutObject",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalTag/acceptance": "x"}},
    }
    [result] = _simulated(scene, _policy(about_other))
    missing = result.get("MissingContextValues", [])
    return decided("aws:PrincipalTag/acceptance" in missing, f"missing: {missing or 'none'}")


@SIMULATOR_ASSUMPTIONS.after(
    "up",
    "simulated-positions",
    "In the simulator, a statement begins where the one before it ends.",
)
def simulated_positions(scene: Scene) -> Finding:
    """Two statements match; the second starts at the position at which the first ends."""
    again = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    [result] = _simulated(scene, _policy(again))
    matched = [(each["StartPosition"], each["EndPosition"]) for each in result["MatchedStatements"]]
    ordered = sorted(matched, key=lambda each: (each[0]["Line"], each[0]["Column"]))
    right = len(ordered) == 2 and ordered[0][1] == ordered[1][0]
    return decided(right, "; ".join(f"{start} to {end}" for start, end in ordered))


def _policy(*more: dict[str, Any]) -> str:
    allow = {"Effect": "Allow", "Action": _ACTION, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [allow, *more]})


def _simulated(scene: Scene, policy: str, **entries: Any) -> list[dict[str, Any]]:
    answer = scene.client("iam").simulate_custom_policy(
        PolicyInputList=[policy], ActionNames=[_ACTION], **entries
    )
    results: list[dict[str, Any]] = answer["EvaluationResults"]
    return results


def _decision(scene: Scene, operator: str, key: str, wanted: str, value: str, kind: str) -> str:
    """The decision about a policy with one condition; a policy that is refused allows nothing."""
    statement = {
        "Effect": "Allow",
        "Action": _ACTION,
        "Resource": "*",
        "Condition": {operator: {key: wanted}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    entry = {"ContextKeyName": key, "ContextKeyType": kind, "ContextKeyValues": [value]}
    try:
        [result] = _simulated(scene, policy, ContextEntries=[entry])
    except ClientError as error:
        if error.response["Error"]["Code"] in {"AccessDenied", "NotImplemented"}:
            raise
        return str(error.response["Error"]["Code"])
    return str(result["EvalDecision"])


def _answer(ask: Any, **request: Any) -> str:
    """The code of a refusal; `an answer` where there is none."""
    try:
        ask(**request)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"AccessDenied", "NotImplemented"}:
            raise
        return str(error.response["Error"]["Code"])
    return "an answer"

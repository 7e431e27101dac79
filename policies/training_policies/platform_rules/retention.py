"""In production, models and checkpoints outlive their stack.

The resource options that keep a resource are not shown to policies, but for `protect`; what can be
seen is whether a bucket may be deleted with all that lies in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from training_policies.controls import nist
from training_policies.parameters import PRODUCTION_ENVIRONMENTS, is_production
from training_policies.platform_rules.judging import BUCKETS
from training_policies.policy import Parameters, Policy
from training_policies.resource import MISSING, Resource
from training_policies.violation import Violation


def _judge(resource: Resource, parameters: Parameters) -> Iterator[Violation]:
    forced = resource.read("forceDestroy")
    if forced not in (MISSING, False) and _is_production(resource, parameters):
        yield Violation(
            "a production bucket that is deleted with its objects",
            "one `pulumi destroy` deletes every model, checkpoint and version",
            forced,
            False,
            "set forceDestroy to false; in this project's settings, artifacts.retain to true",
        )


def _is_production(resource: Resource, parameters: Parameters) -> bool:
    """By the stack's environment or the bucket's own tag; what nobody names is production.

    A bucket's tag makes it production in any stack. It makes it anything else only where the stack
    has no environment, and where not only the stack's tags count.
    """
    stack, production = parameters.stack, parameters["productionEnvironments"]
    tagged: Any = resource.read("tagsAll.environment")
    if not isinstance(tagged, str):
        tagged = resource.read("tags.environment")
    own = None if stack.tags_only else tagged
    return tagged in production or is_production(stack.environment or own or None, parameters)


RETENTION = Policy(
    name="s3-retained-in-production",
    display_name="Production buckets are kept",
    description="Checks that a production bucket is not deleted with what lies in it.",
    severity="high",
    controls=[nist("CP-9"), nist("SI-12")],
    remediation="Keep the bucket when its stack is destroyed.",
    parameters={"productionEnvironments": PRODUCTION_ENVIRONMENTS},
    applies=BUCKETS.__contains__,
    judge=_judge,
)

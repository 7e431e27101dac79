"""The rules of a job and of the sections in it, as JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from components.arns import ECR_IMAGE, S3_URI
from components.stack.stack_settings import STACK_TAGS
from components.tags import LONGEST_KEY, LONGEST_VALUE
from components.training_job.request.definition import CODE_CHANNEL
from components.training_job.request.tuning_request import OBJECTIVE_PARAMETER
from components.training_job.rules.input_rules import (
    CHANNEL_NAME,
    FILE_SYSTEM_ID,
    KEY_ARN,
    SECURITY_GROUP_ID,
)
from components.training_job.rules.instance_rules import GROUP_NAME, NOT_WITH_PREFERENCES, PLAN_ARN
from components.training_job.rules.job_rules import RESERVED_TAGS
from components.training_job.rules.secret_rules import SECRET_ARN, VARIABLE_NAME
from components.training_job.rules.tuning_rules import (
    MOST_RANDOM_TRIALS,
    MOST_TRIALS,
    MOST_VALUES,
    NOT_WITH_TUNING,
    RESERVED_NAMES,
    categories_shape,
)
from components.training_job.settings.input_settings import FileSystemSettings, InputSettings
from components.training_job.settings.job_settings import (
    FallbackSettings,
    JobSettings,
    SecretSettings,
    SpotSettings,
)
from components.training_job.settings.tuning_settings import (
    ObjectiveSettings,
    RangeSettings,
    StopWhenSettings,
    TuningSettings,
)
from components.validation import SettingsModel
from development.configuration.conditions import (
    NO_NULL_CHARACTER,
    NOT_NULL,
    absent,
    at_most,
    equals,
    has,
    has_any,
    like,
    needs,
    one_of,
    unless,
    when,
    without,
)
from development.configuration.request_limits import Node, extra_members, shape_limits, whole_text

LISTED_TYPE = "#/definitions/instanceType"
"""Where the schema lists the instance types of the program's table."""

_REFUSED_IN_TAGS = r"""\u0000-\u001f!"#$%&'()*,;<>?\[\\\]^`{|}~\u007f"""
"""The characters of ASCII that a tag can't have; a schema does not know Unicode's categories."""
_TAG_KEY: Node = whole_text(
    "(?!"
    + "|".join("".join(f"[{c}{c.upper()}]" for c in each) for each in RESERVED_TAGS)
    + ")"
    + f"[^{_REFUSED_IN_TAGS}]+"
) | {"maxLength": LONGEST_KEY, "not": {"enum": sorted(STACK_TAGS)}}
TAG_VALUE: Node = whole_text(f"(?![aA][wW][sS]:)[^{_REFUSED_IN_TAGS}]*") | {
    "maxLength": LONGEST_VALUE
}

_LISTED: Node = {"$ref": LISTED_TYPE}
_ON_DEMAND = needs("spot", equals(False), "needs spot: false")
_SOURCE_FIRST = needs("source", {"type": "object"}, "needs source: {dir, entryPoint}")
_OPTION: Node = {"minLength": 1, "pattern": "^[^=]*$"}
"""The name of an option of the script, as a hyperparameter becomes one."""


def _each_fallback(rule: Node) -> Node:
    return {"properties": {"fallbacks": {"items": rule}}}


_WHERE_SET: Mapping[str, Sequence[Node]] = {
    "algorithm": [without(["source"], "with algorithm, which has its own code")],
    "source": [{"properties": {"hyperparameters": {"propertyNames": _OPTION}}}],
    "fresh": [without(["resumeFrom"], "with fresh, a new lineage")],
    "recurring": [without(["fresh", "resumeFrom", "tuning"], "with recurring: true")],
    "secrets": [
        _SOURCE_FIRST,
        needs("networkIsolation", equals(False), "secrets need networkIsolation: false"),
    ],
    "keepAlive": [
        _ON_DEMAND,
        without(["instanceGroups"], "with keepAlive"),
        _each_fallback({"properties": {"spot": {"not": equals(True)}}}),
    ],
    "trainingPlan": [
        _ON_DEMAND,
        without(["instanceGroups", "keepAlive"], "with trainingPlan"),
    ],
    "instanceGroups": [
        absent(["instanceType", "instanceCount"], "with instanceGroups"),
        _each_fallback(without(["instanceType", "instanceCount"], "with instanceGroups")),
    ],
    "instancePreferences": [
        _ON_DEMAND,
        without(NOT_WITH_PREFERENCES.values(), "with instancePreferences"),
    ],
    "distributionGroups": [
        needs("distribution", {"not": equals("none")}, "distributionGroups needs it")
    ],
    "fallbacks": [needs("relaunch", equals("onFailure"), "fallbacks need relaunch: onFailure")],
    "tuning": [
        without(NOT_WITH_TUNING.values(), "together with tuning"),
        {"properties": {"hyperparameters": {"not": has(OBJECTIVE_PARAMETER, {})}}},
    ],
}
"""What a setting of a job, where it is set, requires of the others."""


def _of_a_job() -> Node:
    texts = {"additionalProperties": NO_NULL_CHARACTER, "propertyNames": NO_NULL_CHARACTER}
    group = {"properties": {"instanceType": _LISTED}}
    listed_types = {
        "properties": {
            "instanceType": _LISTED,
            "instanceGroups": {"additionalProperties": group},
            "instancePreferences": {"items": group},
            "fallbacks": {
                "items": {"properties": {"instanceType": {"anyOf": [_LISTED, {"type": "null"}]}}}
            },
        }
    }
    no_earlier_run = {
        "properties": {
            "inputs": {"additionalProperties": without(["lastRunOf"], "without recurring: true")}
        }
    }
    return {
        "properties": {
            "image": like(ECR_IMAGE),
            "trainingPlan": like(PLAN_ARN),
            "instanceGroups": {"propertyNames": like(GROUP_NAME)},
            "inputs": {"propertyNames": like(CHANNEL_NAME) | {"not": equals(CODE_CHANNEL)}},
            "hyperparameters": texts,
            "environment": texts,
            "secrets": {
                "propertyNames": like(VARIABLE_NAME),
                "additionalProperties": like(SECRET_ARN),
            },
            "tags": {"propertyNames": _TAG_KEY, "additionalProperties": TAG_VALUE},
            "extra": extra_members(),
        },
        "allOf": [
            *one_of(["image", "algorithm"]),
            unless(has("unlistedInstanceType", equals(True)), listed_types),
            when(has("distribution", {"not": equals("none")}), _SOURCE_FIRST),
            unless(has("recurring"), no_earlier_run),
            *(when(has(key), *rules) for key, rules in _WHERE_SET.items()),
        ],
    }


def _of_an_input() -> Node:
    prefix = whole_text(S3_URI.pattern.replace("(.*)", r"[^*?$]*"))
    of_s3 = {"distribution": "FullyReplicated", "s3DataType": "S3Prefix"}
    return {
        "properties": {
            "s3Uri": prefix,
            "manifestPrefixes": {"items": prefix},
            "keyArn": like(KEY_ARN),
        },
        "allOf": [
            *one_of(["s3Uri", "path", "fileSystem", "lastRunOf"]),
            when(
                has("s3DataType", {"not": equals("S3Prefix")}),
                needs("s3Uri", {"type": "string"}, "a manifest is an object in S3"),
                needs("manifestPrefixes", {"minItems": 1}, "needs 1 prefix or more"),
                otherwise=without(["manifestPrefixes"], "without a manifest"),
            ),
            when(
                has("s3DataType", equals("AugmentedManifestFile")),
                needs("mode", equals("Pipe"), "an AugmentedManifestFile needs mode: Pipe"),
                needs("attributeNames", {"minItems": 1}, "needs 1 attribute or more"),
                otherwise=without(["attributeNames"], "without an AugmentedManifestFile"),
            ),
            when(
                has("s3DataType", equals("ManifestFile")),
                {"properties": {"mode": {"not": equals("FastFile")}}},
            ),
            unless(
                has("mode", equals("Pipe")),
                {
                    "properties": {
                        "compression": equals("None"),
                        "recordWrapper": equals("None"),
                        "shuffleSeed": {"type": "null"},
                    }
                },
            ),
            when(
                has("fileSystem"),
                {"properties": {key: equals(value) for key, value in of_s3.items()}},
                {"properties": {"mode": equals("File"), "keyArn": {"type": "null"}}},
                without(["instanceGroups"], "with fileSystem"),
            ),
            when(
                has_any(["path", "lastRunOf"], {"type": "string"}),
                {"properties": {"keyArn": {"type": "null"}}},
            ),
        ],
    }


def _of_a_file_system() -> Node:
    lustre = {"properties": {"directoryPath": {"minLength": 2}}}
    return {
        "properties": {
            "id": like(FILE_SYSTEM_ID),
            "securityGroupId": like(SECURITY_GROUP_ID),
            "directoryPath": {"pattern": "^/"},
        },
        "allOf": [when(has("type", equals("FSxLustre")), lustre)],
    }


def _of_a_tuning() -> Node:
    reserved = "|".join(RESERVED_NAMES)
    listed = {"additionalProperties": needs("values", {"minItems": 2}, "a grid needs values")}
    return {
        "properties": {
            "ranges": {
                "propertyNames": {"pattern": rf"^(?!{reserved})[^=\u0000]+$"} | _lengths("Name")
            },
        },
        "allOf": [
            unless(has("strategy", equals("random")), at_most("maxTrials", MOST_TRIALS)),
            at_most("maxTrials", MOST_RANDOM_TRIALS),
            when(
                has("strategy", equals("grid")),
                {"properties": {"ranges": listed}},
                otherwise=has_any(["maxTrials", "maxRuntime"]),
            ),
            when(
                has("strategy", equals("hyperband")),
                needs("epochs", {"type": "object"}, "hyperband needs {min, max}"),
                without(["earlyStopping"], "with strategy: hyperband"),
                otherwise=without(["epochs"], "without strategy: hyperband"),
            ),
        ],
    }


def _lengths(member: str) -> Node:
    """How long a hyperparameter's name or value may be, by the API's model of a range."""
    shape = categories_shape().members[member]
    limits = shape_limits(shape.member if member == "Values" else shape)
    return {key: each for key, each in limits.items() if key != "pattern"}


def _of_a_range() -> Node:
    number = {"type": "number"}
    ends = [needs(key, number, "is one of the range's two ends") for key in ("from", "to")]
    whole = {"properties": {key: {"multipleOf": 1} for key in ("from", "to")}}
    return {
        "properties": {
            "values": {
                "maxItems": MOST_VALUES,
                "uniqueItems": True,
                "items": NO_NULL_CHARACTER | _lengths("Values"),
                "not": {"minItems": 1, "maxItems": 1},
            }
        },
        "allOf": [
            when(
                has("values"),
                without(["from", "to", "integer"], "with values"),
                {"properties": {"scale": equals("auto")}},
                otherwise={"allOf": ends},
            ),
            when(has("integer"), whole),
            when(has("scale", equals("log")), {"properties": {"from": {"exclusiveMinimum": 0}}}),
            when(
                has("scale", equals("reverseLog")),
                without(["integer"], "with scale: reverseLog"),
                {"properties": {"from": {"minimum": 0}, "to": {"exclusiveMaximum": 1}}},
            ),
        ],
    }


def _of_the_end_of_a_tuning() -> Node:
    ends = [*(has(key, NOT_NULL) for key in ("reaches", "notImprovingFor")), has("converged")]
    return {"allOf": [{"anyOf": ends}]}


def job_section_rules() -> Mapping[type[SettingsModel], Node]:
    """The rules of a job and of each section in it."""
    checkpoints = equals(True) | {"errorMessage": "spot needs checkpoints"}
    changes = ["instanceType", "instanceCount", "spot"]
    return {
        JobSettings: _of_a_job(),
        SpotSettings: {"properties": {"checkpoints": checkpoints}},
        FallbackSettings: {"allOf": [has_any(changes, NOT_NULL)]},
        SecretSettings: {"properties": {"arn": like(SECRET_ARN), "keyArn": like(KEY_ARN)}},
        InputSettings: _of_an_input(),
        FileSystemSettings: _of_a_file_system(),
        TuningSettings: _of_a_tuning(),
        ObjectiveSettings: {"allOf": one_of(["maximize", "minimize"])},
        RangeSettings: _of_a_range(),
        StopWhenSettings: _of_the_end_of_a_tuning(),
    }

"""The rules of sections as JSON Schema, for editors: the patterns and which settings go together.

Only the program decides: it checks the same and more, as a schema can't compare two values, or
follow a name to another section. The patterns are the program's own. A test compares what the
schema accepts with what the program accepts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from components.alerts.alert_settings import AlertSettings
from components.arns import ECR_IMAGE, S3_URI, region_patterns
from components.artifact_store.artifact_settings import ArtifactSettings
from components.deployer.deployer_documents import PRINCIPAL, SUBJECT
from components.deployer.deployer_settings import DeployerSettings
from components.network.endpoints import INTERFACE_ENDPOINTS
from components.network.further_buckets import BUCKET_NAME
from components.network.network_settings import NetworkSettings
from components.network.subnets import LARGEST_RANGE, SMALLEST_RANGE, ZONE_NAME
from components.stack.aws_settings import (
    ACCOUNT,
    ADDRESS,
    ROLE_ARN,
    AssumedRoleSettings,
    AwsSettings,
    endpoint_services,
)
from components.stack.permissions_boundary import POLICY_ARN
from components.stack.stack_rules import EMAIL
from components.stack.stack_settings import STACK_TAGS, Settings
from components.stack.tracking_settings import (
    ENTITY,
    MANAGED_ARN,
    SERVER_ADDRESS,
    TrackingSettings,
)
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
from development.configuration.request_limits import extra_members, shape_limits, whole_text

Node = dict[str, Any]

LISTED_TYPE = "#/definitions/instanceType"
"""Where the schema lists the instance types of the program's table."""

_EMPTY: list[Any] = [None, "", [], {}, False]
_SET: Node = {"not": {"enum": _EMPTY}}
"""A value that is not what the program reads as none."""
_NOT_NULL: Node = {"not": {"type": "null"}}
_NO_NULL_CHARACTER: Node = {"pattern": r"^[^\u0000]*$"}
_REFUSED_IN_TAGS = r"""\u0000-\u001f!"#$%&'()*,;<>?\[\\\]^`{|}~\u007f"""
"""The characters of ASCII that a tag can't have; a schema does not know Unicode's categories."""


def _like(*patterns: re.Pattern[str], empty: bool = False) -> Node:
    """What a text must be that is like one of the patterns, which editors read without names."""
    texts = [re.sub(r"\(\?P<\w+>", "(", each.pattern) for each in patterns]
    return whole_text("|".join(["", *texts] if empty else texts))


def _has(key: str, value: Node = _SET) -> Node:
    """A section whose setting is there, and like the value."""
    return {"required": [key], "properties": {key: value}}


def _when(condition: Node, *then: Node) -> Node:
    return {"if": condition, "then": then[0] if len(then) == 1 else {"allOf": list(then)}}


def _unless(condition: Node, *then: Node) -> Node:
    return _when({"not": condition}, *then)


def _without(keys: Iterable[str], why: str) -> Node:
    """A section that does not have some settings, or has them empty."""
    message = f"can't be set {why}"
    return {"properties": {key: {"enum": _EMPTY, "errorMessage": message} for key in keys}}


def _needs(key: str, value: Node, message: str) -> Node:
    """A section that must have a setting, like the value."""
    said = {"errorMessage": message}
    return {"required": [key], "properties": {key: value | said}, **said}


def _one_of(keys: Sequence[str]) -> list[Node]:
    """The rules of a section that has exactly one of some settings, none of them null."""
    rules: list[Node] = [{"anyOf": [_has(key, _NOT_NULL) for key in keys]}]
    for key in keys:
        said = {"errorMessage": f"can't be set together with {key}"}
        others = {other: {"type": "null"} | said for other in keys if other != key}
        rules.append(_when(_has(key, _NOT_NULL), {"properties": others}))
    return rules


def _is(value: Any) -> Node:
    return {"const": value}


_TAG_KEY: Node = whole_text(
    "(?!"
    + "|".join("".join(f"[{c}{c.upper()}]" for c in each) for each in RESERVED_TAGS)
    + ")"
    + f"[^{_REFUSED_IN_TAGS}]+"
) | {"maxLength": LONGEST_KEY, "not": {"enum": sorted(STACK_TAGS)}}
_TAG_VALUE: Node = whole_text(f"(?![aA][wW][sS]:)[^{_REFUSED_IN_TAGS}]*") | {
    "maxLength": LONGEST_VALUE
}
_ACCOUNT_ID: Node = _like(ACCOUNT) | {"minimum": 10**11, "maximum": 10**12 - 1}
_RANGE: Node = whole_text(
    r"(10|172|192|100)(\.\d{1,3}){3}/"
    rf"({'|'.join(map(str, range(LARGEST_RANGE, SMALLEST_RANGE + 1)))}|\d+(\.\d+){{3}})"
)
_ON_DEMAND = _needs("spot", _is(False), "needs spot: false")


def _of_the_stack() -> Node:
    return {
        "properties": {
            "costCenter": _TAG_VALUE,
            "permissionsBoundary": _like(POLICY_ARN, empty=True),
            "network": {"pattern": _RANGE["pattern"]},
        }
    }


def _of_aws() -> Node:
    return {
        "properties": {
            "region": whole_text(f"(?=[a-z0-9-]+$)({'|'.join(region_patterns())}).*"),
            "allowedAccountIds": _ACCOUNT_ID | {"items": _ACCOUNT_ID},
            "forbiddenAccountIds": {"items": _ACCOUNT_ID},
            "endpoints": {
                "items": {
                    "propertyNames": {"enum": endpoint_services()},
                    "additionalProperties": _like(ADDRESS),
                }
            },
        },
    }


def config_rules() -> list[Node]:
    """The rules of keys beside each other, by their names in the file."""
    accounts = {"anyOf": [{"type": ["string", "integer"]}, {"type": "array", "minItems": 1}]}
    return [
        _when(
            _has("aws:allowedAccountIds", accounts),
            _without(["aws:forbiddenAccountIds"], "together with aws:allowedAccountIds"),
        )
    ]


def _of_a_network() -> Node:
    listed = {"uniqueItems": True}
    own: Node = {
        "properties": {
            "cidr": _RANGE,
            "availabilityZones": {"items": _like(ZONE_NAME)} | listed,
            "interfaceEndpoints": {"items": {"enum": sorted(INTERFACE_ENDPOINTS)}} | listed,
            "s3Buckets": {"items": _like(BUCKET_NAME)} | listed,
        }
    }
    kept = _without(["interfaceEndpoints", "s3Buckets"], "with existing: its owner has them")
    kept["properties"]["nat"] = {"const": "none", "errorMessage": "with existing, must be none"}
    return {"allOf": [{"if": _has("existing"), "then": kept, "else": own}]}


def _of_a_job() -> Node:
    texts = {"additionalProperties": _NO_NULL_CHARACTER, "propertyNames": _NO_NULL_CHARACTER}
    listed = {"$ref": LISTED_TYPE}
    group = {"properties": {"instanceType": listed}}
    known = {
        "properties": {
            "instanceType": listed,
            "instanceGroups": {"additionalProperties": group},
            "instancePreferences": {"items": group},
            "fallbacks": {
                "items": {"properties": {"instanceType": {"anyOf": [listed, {"type": "null"}]}}}
            },
        }
    }
    own_code = {
        "properties": {"hyperparameters": {"propertyNames": {"minLength": 1, "pattern": "^[^=]*$"}}}
    }
    of_runs = {
        "properties": {
            "inputs": {"additionalProperties": _without(["lastRunOf"], "without recurring: true")}
        }
    }
    spot_later = {
        "properties": {"fallbacks": {"items": {"properties": {"spot": {"not": _is(True)}}}}}
    }
    of_groups = {
        "properties": {
            "fallbacks": {
                "items": _without(["instanceType", "instanceCount"], "with instanceGroups")
            }
        }
    }
    objective = {"properties": {"hyperparameters": {"not": _has(OBJECTIVE_PARAMETER, {})}}}
    source_first = _needs("source", {"type": "object"}, "needs source: {dir, entryPoint}")
    return {
        "properties": {
            "image": _like(ECR_IMAGE),
            "trainingPlan": _like(PLAN_ARN),
            "instanceGroups": {"propertyNames": _like(GROUP_NAME)},
            "inputs": {"propertyNames": _like(CHANNEL_NAME) | {"not": _is(CODE_CHANNEL)}},
            "hyperparameters": texts,
            "environment": texts,
            "secrets": {
                "propertyNames": _like(VARIABLE_NAME),
                "additionalProperties": _like(SECRET_ARN),
            },
            "tags": {"propertyNames": _TAG_KEY, "additionalProperties": _TAG_VALUE},
            "extra": extra_members(),
        },
        "allOf": [
            *_one_of(["image", "algorithm"]),
            _unless(_has("unlistedInstanceType", _is(True)), known),
            _when(
                _has("algorithm"), _without(["source"], "with algorithm, which has its own code")
            ),
            _when(_has("source"), own_code),
            _when(_has("distribution", {"not": _is("none")}), source_first),
            _when(_has("fresh"), _without(["resumeFrom"], "with fresh, a new lineage")),
            _when(
                _has("recurring"),
                _without(["fresh", "resumeFrom", "tuning"], "with recurring: true"),
            ),
            _unless(_has("recurring"), of_runs),
            _when(
                _has("secrets"),
                source_first,
                _needs("networkIsolation", _is(False), "secrets need networkIsolation: false"),
            ),
            _when(
                _has("keepAlive"),
                _ON_DEMAND,
                _without(["instanceGroups"], "with keepAlive"),
                spot_later,
            ),
            _when(
                _has("trainingPlan"),
                _ON_DEMAND,
                _without(["instanceGroups", "keepAlive"], "with trainingPlan"),
            ),
            _when(
                _has("instanceGroups"),
                _absent(["instanceType", "instanceCount"], "with instanceGroups"),
                of_groups,
            ),
            _when(
                _has("instancePreferences"),
                _ON_DEMAND,
                _without(NOT_WITH_PREFERENCES.values(), "with instancePreferences"),
            ),
            _when(
                _has("distributionGroups"),
                _needs("distribution", {"not": _is("none")}, "distributionGroups needs it"),
            ),
            _when(
                _has("fallbacks"),
                _needs("relaunch", _is("onFailure"), "fallbacks need relaunch: onFailure"),
            ),
            _when(
                _has("tuning"),
                _without(NOT_WITH_TUNING.values(), "together with tuning"),
                objective,
            ),
        ],
    }


def _absent(keys: Iterable[str], why: str) -> Node:
    """A section that does not have some settings at all."""
    message = f"can't be set {why}"
    return {"properties": {key: {"not": {}, "errorMessage": message} for key in keys}}


def _of_an_input() -> Node:
    prefix = whole_text(S3_URI.pattern.replace("(.*)", r"[^*?$]*"))
    augmented = _has("s3DataType", _is("AugmentedManifestFile"))
    manifest = _has("s3DataType", {"not": _is("S3Prefix")})
    of_s3 = {
        "distribution": "FullyReplicated",
        "s3DataType": "S3Prefix",
    }
    return {
        "properties": {
            "s3Uri": prefix,
            "manifestPrefixes": {"items": prefix},
            "keyArn": _like(KEY_ARN),
        },
        "allOf": [
            *_one_of(["s3Uri", "path", "fileSystem", "lastRunOf"]),
            {
                "if": manifest,
                "then": {
                    "allOf": [
                        _needs("s3Uri", {"type": "string"}, "a manifest is an object in S3"),
                        _needs("manifestPrefixes", {"minItems": 1}, "needs 1 prefix or more"),
                    ]
                },
                "else": _without(["manifestPrefixes"], "without a manifest"),
            },
            {
                "if": augmented,
                "then": {
                    "allOf": [
                        _needs("mode", _is("Pipe"), "an AugmentedManifestFile needs mode: Pipe"),
                        _needs("attributeNames", {"minItems": 1}, "needs 1 attribute or more"),
                    ]
                },
                "else": _without(["attributeNames"], "without an AugmentedManifestFile"),
            },
            _when(
                _has("s3DataType", _is("ManifestFile")),
                {"properties": {"mode": {"not": _is("FastFile")}}},
            ),
            _unless(
                _has("mode", _is("Pipe")),
                {
                    "properties": {
                        "compression": _is("None"),
                        "recordWrapper": _is("None"),
                        "shuffleSeed": {"type": "null"},
                    }
                },
            ),
            _when(
                _has("fileSystem"),
                {"properties": {key: _is(value) for key, value in of_s3.items()}},
                {"properties": {"mode": _is("File"), "keyArn": {"type": "null"}}},
                _without(["instanceGroups"], "with fileSystem"),
            ),
            _when(
                {"anyOf": [_has(key, {"type": "string"}) for key in ("path", "lastRunOf")]},
                {"properties": {"keyArn": {"type": "null"}}},
            ),
        ],
    }


def _of_a_file_system() -> Node:
    lustre = {"properties": {"directoryPath": {"minLength": 2}}}
    return {
        "properties": {
            "id": _like(FILE_SYSTEM_ID),
            "securityGroupId": _like(SECURITY_GROUP_ID),
            "directoryPath": {"pattern": "^/"},
        },
        "allOf": [_when(_has("type", _is("FSxLustre")), lustre)],
    }


def _of_a_tuning() -> Node:
    reserved = "|".join(RESERVED_NAMES)
    hyperband, grid = _has("strategy", _is("hyperband")), _has("strategy", _is("grid"))
    listed = {"additionalProperties": _needs("values", {"minItems": 2}, "a grid needs values")}
    return {
        "properties": {
            "ranges": {
                "propertyNames": {"pattern": rf"^(?!{reserved})[^=\u0000]+$"} | _lengths("Name")
            },
        },
        "allOf": [
            _unless(_has("strategy", _is("random")), _most("maxTrials", MOST_TRIALS)),
            _most("maxTrials", MOST_RANDOM_TRIALS),
            {
                "if": grid,
                "then": {"properties": {"ranges": listed}},
                "else": {"anyOf": [_has("maxTrials"), _has("maxRuntime")]},
            },
            {
                "if": hyperband,
                "then": {
                    "allOf": [
                        _needs("epochs", {"type": "object"}, "hyperband needs {min, max}"),
                        _without(["earlyStopping"], "with strategy: hyperband"),
                    ]
                },
                "else": _without(["epochs"], "without strategy: hyperband"),
            },
        ],
    }


def _lengths(member: str) -> Node:
    """How long a hyperparameter's name or value may be, by the API's model of a range."""
    shape = categories_shape().members[member]
    limits = shape_limits(shape.member if member == "Values" else shape)
    return {key: each for key, each in limits.items() if key != "pattern"}


def _most(key: str, most: int) -> Node:
    return {"properties": {key: {"maximum": most}}}


def _of_a_range() -> Node:
    number = {"type": "number"}
    ends = {
        "allOf": [_needs(key, number, "is one of the range's two ends") for key in ("from", "to")]
    }
    whole = {"properties": {key: {"multipleOf": 1} for key in ("from", "to")}}
    return {
        "properties": {
            "values": {
                "maxItems": MOST_VALUES,
                "uniqueItems": True,
                "items": _NO_NULL_CHARACTER | _lengths("Values"),
                "not": {"minItems": 1, "maxItems": 1},
            }
        },
        "allOf": [
            {
                "if": _has("values"),
                "then": {
                    "allOf": [
                        _without(["from", "to", "integer"], "with values"),
                        {"properties": {"scale": _is("auto")}},
                    ]
                },
                "else": ends,
            },
            _when(_has("integer"), whole),
            _when(_has("scale", _is("log")), {"properties": {"from": {"exclusiveMinimum": 0}}}),
            _when(
                _has("scale", _is("reverseLog")),
                _without(["integer"], "with scale: reverseLog"),
                {"properties": {"from": {"minimum": 0}, "to": {"exclusiveMaximum": 1}}},
            ),
        ],
    }


def section_rules() -> Mapping[type[SettingsModel], Node]:
    """The rules of each section, beside the types, limits and keys of the settings' model."""
    return {
        Settings: _of_the_stack(),
        AwsSettings: _of_aws(),
        AssumedRoleSettings: {"properties": {"roleArn": _like(ROLE_ARN)}},
        NetworkSettings: _of_a_network(),
        ArtifactSettings: {
            "allOf": [
                _when(
                    _has("existingBucket", _NOT_NULL),
                    {
                        "properties": {
                            "retain": _is(True)
                            | {"errorMessage": "with existingBucket, must be true"}
                        }
                    },
                ),
                _when(
                    _has("vpcOnly"),
                    _needs(
                        "exemptPrincipals", {"minItems": 1}, "vpcOnly needs the deployers' ARNs"
                    ),
                ),
            ]
        },
        AlertSettings: {"properties": {"emails": {"items": _like(EMAIL)}}},
        DeployerSettings: {
            "properties": {
                "trustedPrincipals": {"items": _like(PRINCIPAL)},
                "githubSubjects": {"items": _like(SUBJECT)},
            },
            "allOf": [{"anyOf": [_has("trustedPrincipals"), _has("githubSubjects")]}],
        },
        TrackingSettings: {
            "properties": {
                "mlflow": _like(SERVER_ADDRESS, MANAGED_ARN, empty=True),
                "weightsAndBiases": _like(ENTITY, empty=True),
            },
            "allOf": [
                {"anyOf": [_has("mlflow"), _has("weightsAndBiases")]},
                _when(
                    _has("weightsAndBiases"),
                    _without(["mlflow"], "together with weightsAndBiases"),
                    {"properties": {"experiment": whole_text("[^/]*")}},
                ),
            ],
        },
        JobSettings: _of_a_job(),
        SpotSettings: {
            "properties": {"checkpoints": _is(True) | {"errorMessage": "spot needs checkpoints"}}
        },
        FallbackSettings: {
            "allOf": [
                {
                    "anyOf": [
                        _has(key, _NOT_NULL) for key in ("instanceType", "instanceCount", "spot")
                    ]
                }
            ]
        },
        SecretSettings: {"properties": {"arn": _like(SECRET_ARN), "keyArn": _like(KEY_ARN)}},
        InputSettings: _of_an_input(),
        FileSystemSettings: _of_a_file_system(),
        TuningSettings: _of_a_tuning(),
        ObjectiveSettings: {"allOf": _one_of(["maximize", "minimize"])},
        RangeSettings: _of_a_range(),
        StopWhenSettings: {
            "allOf": [
                {
                    "anyOf": [
                        _has("reaches", _NOT_NULL),
                        _has("notImprovingFor", _NOT_NULL),
                        _has("converged"),
                    ]
                }
            ]
        },
    }

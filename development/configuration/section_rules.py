"""The rules of sections as JSON Schema, for editors: the patterns and which settings go together.

Only the program decides: it checks the same and more, as a schema can't compare two values, or
follow a name to another section. The patterns are the program's own. A test compares what the
schema accepts with what the program accepts.
"""

from __future__ import annotations

from collections.abc import Mapping

from components.alerts.alert_settings import AlertSettings
from components.arns import region_patterns
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
from components.stack.stack_settings import Settings
from components.stack.tracking_settings import (
    ENTITY,
    MANAGED_ARN,
    SERVER_ADDRESS,
    TrackingSettings,
)
from components.validation import SettingsModel
from development.configuration.conditions import (
    NOT_NULL,
    equals,
    has,
    has_any,
    like,
    needs,
    when,
    without,
)
from development.configuration.job_sections import TAG_VALUE, job_section_rules
from development.configuration.request_limits import Node, whole_text

_ACCOUNT_ID: Node = like(ACCOUNT) | {"minimum": 10**11, "maximum": 10**12 - 1}
_RANGE: Node = whole_text(
    r"(10|172|192|100)(\.\d{1,3}){3}/"
    rf"({'|'.join(map(str, range(LARGEST_RANGE, SMALLEST_RANGE + 1)))}|\d+(\.\d+){{3}})"
)


def config_rules() -> list[Node]:
    """The rules of keys beside each other, by their names in the file."""
    accounts = {"anyOf": [{"type": ["string", "integer"]}, {"type": "array", "minItems": 1}]}
    return [
        when(
            has("aws:allowedAccountIds", accounts),
            without(["aws:forbiddenAccountIds"], "together with aws:allowedAccountIds"),
        )
    ]


def section_rules() -> Mapping[type[SettingsModel], Node]:
    """The rules of each section, beside the types, limits and keys of the settings' model."""
    return {
        Settings: _of_the_stack(),
        AwsSettings: _of_aws(),
        AssumedRoleSettings: {"properties": {"roleArn": like(ROLE_ARN)}},
        NetworkSettings: _of_a_network(),
        ArtifactSettings: _of_artifacts(),
        AlertSettings: {"properties": {"emails": {"items": like(EMAIL)}}},
        DeployerSettings: _of_a_deployer(),
        TrackingSettings: _of_tracking(),
        **job_section_rules(),
    }


def _of_the_stack() -> Node:
    return {
        "properties": {
            "costCenter": TAG_VALUE,
            "permissionsBoundary": like(POLICY_ARN, empty=True),
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
                    "additionalProperties": like(ADDRESS),
                }
            },
        },
    }


def _of_a_network() -> Node:
    listed = {"uniqueItems": True}
    own: Node = {
        "properties": {
            "cidr": _RANGE,
            "availabilityZones": {"items": like(ZONE_NAME)} | listed,
            "interfaceEndpoints": {"items": {"enum": sorted(INTERFACE_ENDPOINTS)}} | listed,
            "s3Buckets": {"items": like(BUCKET_NAME)} | listed,
        }
    }
    kept = without(["interfaceEndpoints", "s3Buckets"], "with existing: its owner has them")
    kept["properties"]["nat"] = {"const": "none", "errorMessage": "with existing, must be none"}
    return {"allOf": [when(has("existing"), kept, otherwise=own)]}


def _of_artifacts() -> Node:
    retained = equals(True) | {"errorMessage": "with existingBucket, must be true"}
    exempt = needs("exemptPrincipals", {"minItems": 1}, "vpcOnly needs the deployers' ARNs")
    return {
        "allOf": [
            when(has("existingBucket", NOT_NULL), {"properties": {"retain": retained}}),
            when(has("vpcOnly"), exempt),
        ]
    }


def _of_a_deployer() -> Node:
    return {
        "properties": {
            "trustedPrincipals": {"items": like(PRINCIPAL)},
            "githubSubjects": {"items": like(SUBJECT)},
        },
        "allOf": [has_any(["trustedPrincipals", "githubSubjects"])],
    }


def _of_tracking() -> Node:
    return {
        "properties": {
            "mlflow": like(SERVER_ADDRESS, MANAGED_ARN, empty=True),
            "weightsAndBiases": like(ENTITY, empty=True),
        },
        "allOf": [
            has_any(["mlflow", "weightsAndBiases"]),
            when(
                has("weightsAndBiases"),
                without(["mlflow"], "together with weightsAndBiases"),
                {"properties": {"experiment": whole_text("[^/]*")}},
            ),
        ],
    }

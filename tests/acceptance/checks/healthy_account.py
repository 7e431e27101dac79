"""An account in which every statement of the acceptance is true, as its services answer.

A test changes one answer, or one fact, and looks whether the check about it notices.
"""

from __future__ import annotations

import copy
import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import Any

import boto3
from botocore.exceptions import ClientError

from acceptance.platform_settings import COST_CENTER, FAILING_JOB, TUNED_JOB
from acceptance.scene import Scene
from acceptance.signed_requests import Answer
from components.alerts.alert_documents import ENDINGS, TUNING_ENDINGS, topic_policy
from components.artifact_store.artifact_documents import key_policy
from components.execution_role.execution_documents import execution_trust
from components.network.endpoints import INTERFACE_ENDPOINTS
from components.network.network_documents import s3_endpoint_policy

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
BUCKET = "the-bucket"
GROUP, VPC = "sg-1", "vpc-1"
SUBNETS = ["subnet-1", "subnet-2"]
ZONES = ["eu-west-1a", "eu-west-1b"]
IMAGE = "763104351884.dkr.ecr.eu-west-1.amazonaws.com/training:1"
CONFIGURATION = ("hyperparameters", "resourceconfig", "inputdataconfig", "checkpointconfig")
LONGEST_WAIT = 2**31 - 1
_client_of: Any = boto3.client
"""The real one, which a test replaces."""


@cache
def _real(service: str, region: str) -> Any:
    """A real client, which takes a moment to make; only its model and its errors are used."""
    return _client_of(service, region_name=region)


def refusal(code: str, message: str = "") -> ClientError:
    """A service's refusal."""
    return ClientError({"Error": {"Code": code, "Message": message}}, "Operation")


@dataclass
class Account:
    """What the steps saw, and what the services answer.

    An answer is a document, an error that is raised, or a function of the request.
    """

    scene: Scene
    facts: dict[str, Any]
    answers: dict[str, Any]
    jobs: dict[str, list[dict[str, Any]]]
    logs: dict[str, dict[str, list[str]]]
    """The lines of each job's log, by its streams' hosts."""
    objects: dict[str, bytes]
    other: set[str] = field(default_factory=set)
    """The names of checks in whose matter this account is other than what is stated."""
    role_lacks: list[str] = field(default_factory=list)
    """What the execution role may not do and should."""
    left: list[str] = field(default_factory=list)
    """What is left after destroy."""

    def client(self, service: str, _config: object = None) -> Any:
        """A client that answers from this account."""
        return _Client(self, service)

    def call(self, service: str, operation: str, request: dict[str, Any]) -> Any:
        """The answer to a request."""
        answer = self.answers[f"{service}.{operation}"]
        value = answer(request) if callable(answer) else answer
        if isinstance(value, Exception):
            raise value
        return copy.deepcopy(value) if isinstance(value, (dict, list)) else value

    def log(self, job_name: str) -> dict[str, list[dict[str, Any]]]:
        """The events of a job's log, by streams."""
        second = int(NOW.timestamp())
        return {
            f"{job_name}/{host}-{second}": [
                {"message": line, "timestamp": second * 1000} for line in lines
            ]
            for host, lines in self.logs.get(job_name, {}).items()
        }

    def simulate(self, request: dict[str, Any]) -> Any:
        """What IAM's simulator answers about policies that exist only in the request."""
        policy = json.loads(request["PolicyInputList"][0])
        entries = request.get("ContextEntries", [])
        for each in entries:
            is_odd = (
                each["ContextKeyType"] == "numeric" and not each["ContextKeyValues"][0].isdigit()
            )
            if (
                is_odd or len(each["ContextKeyValues"]) > 1
            ) and "simulated-types" not in self.other:
                return refusal("InvalidInput")
        conditions = [each.get("Condition", {}) for each in policy["Statement"]]
        result: dict[str, Any] = {"EvalDecision": self._decision(conditions, entries)}
        ends = [{"Line": 1, "Column": column} for column in (10, 20, 30)]
        apart = "simulated-positions" in self.other
        result["MatchedStatements"] = [
            {"StartPosition": ends[0], "EndPosition": ends[1]},
            {"StartPosition": ends[0] if apart else ends[1], "EndPosition": ends[2]},
        ]
        if "simulated-missing-keys" not in self.other:
            result["MissingContextValues"] = ["aws:PrincipalTag/acceptance"]
        return {"EvaluationResults": [result]}

    def _decision(self, conditions: list[Any], entries: list[dict[str, Any]]) -> str:
        if {"DateGreaterThan"} & {*conditions[0]}:
            whole = conditions[0]["DateGreaterThan"]["aws:CurrentTime"].endswith("Z")
            return "allowed" if whole or "dates-in-conditions" in self.other else "implicitDeny"
        if {"NumericLessThan", "IpAddress"} & {*conditions[0]}:
            return "allowed" if "values-in-conditions" in self.other else "implicitDeny"
        keys = {each["ContextKeyName"]: each["ContextKeyValues"][0] for each in entries}
        wrong = {
            key for key, value in keys.items() if (key, value) != ("aws:SecureTransport", "true")
        }
        ignored = {
            "only-tls": "aws:SecureTransport",
            "only-its-key": "s3:x-amz-server-side-encryption-aws-kms-key-id",
            "only-kms": "s3:x-amz-server-side-encryption",
            "no-key-of-a-client": "s3:x-amz-server-side-encryption-customer-algorithm",
        }
        return "explicitDeny" if wrong - {ignored[each] for each in self.other & {*ignored}} else (
            "allowed"
        )  # fmt: skip

    def search(self, request: dict[str, Any]) -> Any:
        """What Search finds: the job that runs, or that and the one that has ended."""
        filters = request.get("SearchExpression", {}).get("Filters", [])
        work, failed = self.jobs["work"][0], self.jobs[FAILING_JOB][0]
        if not filters:
            return {"Results": [{}] * (20 if "search-page" in self.other else 10)}
        if "SortBy" in request:
            order = [failed, work]
            return self._results(
                order[::-1] if "search-sorts-what-lacks-last" in self.other else order
            )
        name = filters[0]["Value"]
        if name != work["TrainingJobName"]:
            return self._results([work] if "search-is-exact" in self.other else [])
        if "search-is-late" in self.other:
            return self._results([])
        for each in filters[1:]:
            if each["Name"].startswith("Tags."):
                return self._results([work] if "search-needs-the-tag" in self.other else [])
            if "GMT" in each["Value"]:
                return (
                    self._results([])
                    if "search-dates" in self.other
                    else refusal("ValidationException")
                )
        return self._results([work])

    @staticmethod
    def _results(jobs: list[dict[str, Any]]) -> dict[str, Any]:
        return {"Results": [{"TrainingJob": each} for each in jobs]}

    def asked(self, _scene: object, service: str, _path: str, **how: Any) -> Answer:
        """The answer to a request that is signed at another time, or lacks a header."""
        late, most = how.get("late", timedelta(0)), 15 if service == "s3" else 5
        lacks = service == "s3" and not how.get("headers") and "payload-header" not in self.other
        is_late = late > timedelta(minutes=most) and "clocks" not in self.other
        return Answer(400 if lacks or is_late else 200, "")

    def refuse_job(self, request: dict[str, Any]) -> Any:
        """The refusal of a training job that names no role that exists."""
        stopping = request["StoppingCondition"]
        if stopping.get("MaxWaitTimeInSeconds") == LONGEST_WAIT:
            is_long = "accepts-long-waits" in self.other
            return refusal(
                "ValidationException", "too long" if is_long else "Could not assume role"
            )
        job = self.jobs["work"][0]
        named = ("TrainingJobName", "RoleArn")
        if all(value == job.get(key) for key, value in request.items() if key not in named):
            return refusal("ValidationException", "Could not assume role")
        is_other = any(each.startswith("refuses-") for each in self.other)
        return {} if is_other else refusal("ValidationException", "it is wrong")

    def refuse_tuning(self, request: dict[str, Any]) -> Any:
        """The refusal of a tuning job that names no role that exists."""
        ranges = request["HyperParameterTuningJobConfig"]["ParameterRanges"]
        is_wrong = (
            len(request["HyperParameterTuningJobName"]) > 32
            or ranges["ContinuousParameterRanges"][0]["MinValue"] == "1"
            or "KeepAlivePeriodInSeconds" in request["TrainingJobDefinition"]["ResourceConfig"]
        )
        if not is_wrong:
            return refusal("ValidationException", "Could not assume role")
        return {} if self.other else refusal("ValidationException", "it is wrong")

    def page_of_jobs(self, request: dict[str, Any]) -> Any:
        """A page of ListTrainingJobs, which is cut before it is filtered."""
        oldest = [{"TrainingJobName": self.jobs["work"][0]["TrainingJobName"]}]
        if "NextToken" in request:
            is_other = "token-of-its-order" in self.other
            return {"TrainingJobSummaries": []} if is_other else refusal("ValidationException")
        if "CreationTimeAfter" in request:
            is_other = "creation-time-before-page" in self.other
            return {"TrainingJobSummaries": [] if is_other else oldest, "NextToken": "t"}
        found = oldest if "page-before-filter" in self.other else []
        return {"TrainingJobSummaries": found, "NextToken": "t"}

    def page_of_tunings(self, request: dict[str, Any]) -> Any:
        """The tuning jobs of the stack, in the order that is asked for."""
        if request.get("MaxResults") == 1:
            found: list[Any] = [{}] if "tuning-page-before-filter" in self.other else []
            return {"HyperParameterTuningJobSummaries": found, "NextToken": "t"}
        named = request["NameContains"]
        jobs = [
            each for each in self.facts["described"] if named in each["HyperParameterTuningJobName"]
        ]
        rising = request.get("SortOrder") == "Ascending" or "tuning-list-order" in self.other
        return {"HyperParameterTuningJobSummaries": jobs if rising else jobs[::-1]}

    def uploaded_part(self, request: dict[str, Any]) -> Any:
        """A part with SHA-256, of the upload that was begun with CRC32 or without a checksum."""
        is_other = "part-checksums" in self.other
        if request["UploadId"] == "with" and not is_other:
            return refusal("InvalidRequest")
        return {"ETag": "e"}

    def head(self, request: dict[str, Any]) -> Any:
        """The head of an object, or of one of its parts."""
        if "PartNumber" not in request:
            key = "another" if "checkpoint-key" in self.other else "the-key"
            checksum = {"ChecksumCRC64NVME": "c"} if "no-checksum" in self.other else {}
            return {"SSEKMSKeyId": key, "ServerSideEncryption": "aws:kms", **checksum}
        numbers = [1, 2] if "part-numbers" in self.other else [2, 5]
        number = request["PartNumber"]
        if number not in numbers:
            return refusal("416")
        return {"ContentLength": 5 * 2**20 if number == numbers[0] else 1}


class _Client:
    """A client of one service."""

    def __init__(self, account: Account, service: str) -> None:
        self._account, self._service = account, service
        real = _real(service, account.scene.diary.region)
        self.meta, self.exceptions = real.meta, real.exceptions

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        return lambda **request: self._account.call(self._service, operation, request)

    def get_paginator(self, operation: str) -> Any:
        def paginate(**request: Any) -> list[Any]:
            return [self._account.call(self._service, operation, request)]

        return SimpleNamespace(paginate=paginate)


_TRIALS = ((1, 1), (1, 2), (1, 3), (1, 4), (2, 1))
"""The trials of the tuning: their attempts and numbers."""


def healthy_account(scene: Scene) -> Account:
    """The account, in which each check confirms."""
    jobs = {"work": [_job(scene, "work", 1), _job(scene, "work", 2)], FAILING_JOB: [_failed(scene)]}
    account = Account(scene, _facts(scene), {}, jobs, _logs(scene), {})
    scene.diary.facts = account.facts
    scene.diary.image = IMAGE
    model = f"s3://{BUCKET}/output/model.tar.gz"
    account.objects = {
        model: _archive({"steps.json": {"steps": 12}}),
        "s3://b/tuned": _archive({"values.json": {"rate": 0.25, "layers": 4}}),
        "s3://b/trials": json.dumps(
            {"trials": [{"name": _trial(scene, *each)} for each in _TRIALS]}
        ).encode(),
    }
    account.answers = {**_network(scene), **_store(scene), **_rest(scene, account)}
    return account


def _job_name(scene: Scene, job: str, attempt: int) -> str:
    return f"{scene.lineage(job)}-0123abcd-{attempt}"


def _trial(scene: Scene, attempt: int, number: int) -> str:
    return f"{_tuning(scene, attempt)}-{number:03}-0123abcd"


def _tuning(scene: Scene, attempt: int) -> str:
    return f"{scene.site.tuning_job_prefix(TUNED_JOB)}0123abcd-{attempt}"


def _job(scene: Scene, job: str, attempt: int) -> dict[str, Any]:
    name = _job_name(scene, job, attempt)
    return {
        "TrainingJobName": name,
        "TrainingJobArn": scene.site.arn("sagemaker", f"training-job/{name}"),
        "TrainingJobStatus": "Completed",
        "SecondaryStatus": "Completed",
        "SecondaryStatusTransitions": [{"Status": "Starting"}, {"Status": "Training"}],
        "CreationTime": datetime.now(UTC) - timedelta(seconds=20),
        "EnableNetworkIsolation": True,
        "EnableInterContainerTrafficEncryption": True,
        "EnableManagedSpotTraining": True,
        "VpcConfig": {"Subnets": [*SUBNETS], "SecurityGroupIds": [GROUP]},
        "RoleArn": "the-role/role",
        "ResourceConfig": {
            "InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 30,
            "VolumeKmsKeyId": "the-key",
        },
        "OutputDataConfig": {"KmsKeyId": "the-key", "S3OutputPath": f"s3://{BUCKET}/output"},
        "CheckpointConfig": {"S3Uri": f"s3://{BUCKET}/checkpoints/"},
        "StoppingCondition": {"MaxRuntimeInSeconds": 900, "MaxWaitTimeInSeconds": 1800},
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "TrainingTimeInSeconds": 100,
        "BillableTimeInSeconds": 30,
        "FinalMetricDataList": [{"MetricName": each} for each in ("loss", "step", "near")],
    }  # fmt: skip


def _failed(scene: Scene) -> dict[str, Any]:
    ended = {"TrainingStartTime": NOW, "TrainingEndTime": NOW + timedelta(seconds=9)}
    return _job(scene, FAILING_JOB, 1) | {"TrainingJobStatus": "Failed"} | ended


def _archive(files: dict[str, Any]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, document in files.items():
            data = json.dumps(document).encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return content.getvalue()


def _facts(scene: Scene) -> dict[str, Any]:
    paused, resumed = _job_name(scene, "work", 1), _job_name(scene, "work", 2)
    failed = _job_name(scene, FAILING_JOB, 1)
    model = f"s3://{BUCKET}/output/model.tar.gz"
    best = _trial(scene, 1, 1)
    job = {
        "status": "Completed", "model_uri": model, "cost_usd": 0.01,
        "metrics": {"loss": 0.1, "step": 12},
    }  # fmt: skip
    tuned = {
        "outcome": "completed", "cost_usd": 0.01, "model_uri": "s3://b/tuned",
        "trials_uri": "s3://b/trials", "best_training_job": best, "objective_value": 0.05,
        "best_hyperparameters": {"rate": "0.25", "layers": "4"},
    }  # fmt: skip
    return {
        "began": NOW.isoformat(),
        "outputs": {
            "artifact_bucket_name": BUCKET,
            "artifact_key_arn": "the-key",
            "private_subnet_ids": SUBNETS,
            "training_security_group_id": GROUP,
            "vpc_id": VPC,
            "sagemaker_execution_role_arn": "the-role/role",
            "training_job_name": resumed,
            "training_jobs": {"work": job},
            "tuning_jobs": {TUNED_JOB: tuned},
        },
        "preview": {"code": 0, "jobs": 0, "text": "cost_ceiling_usd: 0.0958"},
        "interfaces": [{"subnet": SUBNETS[-1], "public": ""} for _ in range(2)],
        "refusals": dict.fromkeys(
            ("other-key", "other-encryption", "key-of-a-client", "plain-http", "assumed", "control",
             "stranger-bucket", "stranger-key", "stranger-topic", "stranger-role"),
            "AccessDenied",
        ),
        "edit": {"before": [paused], "after": [paused], "live": True},
        "failed": {"name": failed, "status": "Failed", "reason": "this job was made to fail"},
        "alert": {"content": f"{failed} failed. The event of its failure gives no reason."},
        "paused": {"name": paused, "status": "Stopped", "checkpoint": 7},
        "refresh": {"code": 0, "changes": {"update": 1}},
        "unchanged": {"code": 0, "changes": {}, "launched": 0},
        "policies": {"code": 1, "text": "[mandatory] quota-instances-per-job"},
        "points": {paused: [[1, 1.0], [7, 0.5]], resumed: [[8, 0.2]]},
        "entry": {"name": "entry", "value": json.dumps({"model_uri": model})},
        "events": _events(scene),
        "event-queue": "url",
        "untrusted": "ValidationException: Could not assume role",
        "tuning-paused": _tuning_fact(scene, 1),
        "tunings": [_tuning_fact(scene, 1), _tuning_fact(scene, 2)],
        "described": [_described(_tuning(scene, 1), 0), _described(_limited(scene), 1)],
    }  # fmt: skip


def _events(scene: Scene) -> list[dict[str, Any]]:
    name = _job_name(scene, FAILING_JOB, 1)
    statuses = (("InProgress", "Starting"), ("InProgress", "Training"), ("Failed", "Failed"))
    training = [
        {"TrainingJobName": name, "TrainingJobStatus": status, "SecondaryStatus": secondary}
        for status, secondary in statuses
    ]
    return [*training, _described(_tuning(scene, 1), 0) | {"Tags": {}}]


def _limited(scene: Scene) -> str:
    return f"{scene.site.tuning_name_prefix}limit-1"


def _described(name: str, minutes: int) -> dict[str, Any]:
    created = NOW + timedelta(minutes=minutes)
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobStatus": "Stopped",
        "CreationTime": created,
        "HyperParameterTuningEndTime": created + timedelta(seconds=121),
    }


def _tuning_fact(scene: Scene, attempt: int) -> dict[str, Any]:
    """Of the first job, two trials completed and two were stopped, one with its objective."""
    ends = [("Completed", 0.05), ("Completed", 0.9), ("Stopped", 0.4), ("Stopped", None)]
    trials = [
        {
            "name": _trial(scene, attempt, number), "status": status, "objective": objective,
            "values": {"rate": "0.25", "layers": "4"},
        }
        for number, (status, objective) in enumerate(ends, start=1)
    ]  # fmt: skip
    return {
        "name": _tuning(scene, attempt),
        "status": "Stopped" if attempt == 1 else "Completed",
        "parents": [] if attempt == 1 else [_tuning(scene, 1)],
        "trials": trials if attempt == 1 else [{**trials[0], "objective": 0.3}],
    }


def _logs(scene: Scene) -> dict[str, dict[str, list[str]]]:
    hosts = ("algo-1", "algo-2")
    seen = [
        {
            "configuration": [f"{each}.json" for each in CONFIGURATION],
            "credentials": False, "interface": "eth0", "neighbours": [other], "others": 1,
            "outside": [], "parts": parts, "volumes": {"/opt/ml/model": 30, "/home": 30},
        }
        for other, parts in (("algo-2", ["part-1.txt", "part-3.txt"]), ("algo-1", ["part-2.txt"]))
    ]  # fmt: skip
    paused = {
        host: [f"seen={json.dumps(each)}", "x" * 65_000, "x" * 5_000, "stopped"]
        for host, each in zip(hosts, seen, strict=True)
    }
    paused["algo-1"] += ["resumed=0", "step=1 loss=1.0", "step=7 loss=0.5"]
    resumed = {"algo-1": ["resumed=7", "step=8 loss=0.2"], "algo-2": ["resumed=7"]}
    logs = {_job_name(scene, "work", 1): paused, _job_name(scene, "work", 2): resumed}
    for attempt, number in ((1, 1), (1, 2), (1, 3), (1, 4), (2, 1)):
        others = [_trial(scene, 1, each) for each in range(1, number)]
        printed = {"arguments": ["--rate", "0.25", "--layers", "4"], "others": others}
        name = _trial(scene, attempt, number)
        logs[name] = {"algo-1": [f"trial={json.dumps({'name': name, **printed})}"]}
    return logs


def _network(scene: Scene) -> dict[str, Any]:
    bucket = scene.site.bucket_arn(BUCKET)
    prefix = f"com.amazonaws.{scene.diary.region}."
    services = [
        {"ServiceName": f"{prefix}{name}", "AvailabilityZones": [*ZONES],
         "VpcEndpointPolicySupported": name != "redshift-data"}
        for name in sorted(INTERFACE_ENDPOINTS)
    ]  # fmt: skip
    endpoint = {
        "ServiceName": f"{prefix}s3",
        "PolicyDocument": s3_endpoint_policy(scene.site, bucket),
    }
    subnets = [
        {"SubnetId": each, "MapPublicIpOnLaunch": False, "AvailableIpAddressCount": 100}
        for each in SUBNETS
    ]
    group = {"SecurityGroupRuleId": "sgr-1", "ReferencedGroupInfo": {"GroupId": GROUP}}
    return {
        "ec2.describe_vpcs": {"Vpcs": [{"CidrBlock": "10.0.0.0/16"}]},
        "ec2.describe_subnets": {"Subnets": subnets},
        "ec2.describe_route_tables": {
            "RouteTables": [{"Routes": [{"DestinationCidrBlock": "10.0.0.0/16"}]}]
        },
        "ec2.describe_vpc_endpoints": {"VpcEndpoints": [endpoint]},
        "ec2.describe_security_group_rules": {"SecurityGroupRules": [group]},
        "ec2.describe_security_groups": {
            "SecurityGroups": [{"IpPermissions": [], "IpPermissionsEgress": []}]
        },
        "ec2.describe_flow_logs": {
            "FlowLogs": [{"TrafficType": "ALL", "LogDestination": "arn:log-group:flow:*"}]
        },
        "ec2.describe_network_interfaces": {"NetworkInterfaces": []},
        "ec2.describe_tags": {"Tags": _tags(scene)},
        "ec2.describe_availability_zones": {
            "AvailabilityZones": [{"ZoneName": each, "ZoneId": each} for each in ZONES]
        },
        "ec2.describe_vpc_endpoint_services": {"ServiceDetails": services},
        "logs.describe_log_groups": {
            "logGroups": [{"kmsKeyId": "the-key", "retentionInDays": scene.settings.flow_log_days}]
        },
    }


def _tags(scene: Scene, key: str = "Key", value: str = "Value") -> list[dict[str, str]]:
    tags = {
        "team": "acceptance", "environment": scene.diary.identity,
        "cost-center": COST_CENTER, "stack": scene.platform.stack,
    }  # fmt: skip
    return [{key: name, value: text} for name, text in tags.items()]


def _store(scene: Scene) -> dict[str, Any]:
    encryption = {
        "ApplyServerSideEncryptionByDefault": {
            "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "the-key",
        },
        "BucketKeyEnabled": True,
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
    }  # fmt: skip
    block = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    checkpoint = f"checkpoints/{scene.lineage()}/"
    trials = f"checkpoints/{scene.lineage(TUNED_JOB)}/{_tuning(scene, 1)}/"

    def listed(request: dict[str, Any]) -> dict[str, Any]:
        if request["Prefix"] == checkpoint:
            return {"Contents": [{"Key": f"{checkpoint}state.json"}]}
        names = [_trial(scene, 1, number) for number in range(1, 5)]
        return {"Contents": [{"Key": f"{trials}{name}/state.json"} for name in names]}

    rules = [
        {
            "Filter": {"Prefix": "checkpoints/"}, "NoncurrentVersionExpiration": {},
            "AbortIncompleteMultipartUpload": {},
        }
    ]  # fmt: skip
    return {
        "s3.get_public_access_block": {
            "PublicAccessBlockConfiguration": dict.fromkeys(block, True)
        },
        "s3.get_bucket_ownership_controls": {
            "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        },
        "s3.get_bucket_encryption": {"ServerSideEncryptionConfiguration": {"Rules": [encryption]}},
        "s3.get_bucket_versioning": {"Status": "Enabled"},
        "s3.get_bucket_lifecycle_configuration": {"Rules": rules},
        "s3.get_bucket_policy": {"Policy": json.dumps({"Statement": []})},
        "s3.get_bucket_tagging": {"TagSet": _tags(scene)},
        "s3.list_objects_v2": listed,
        "s3.put_object": lambda request: (
            refusal("AccessControlListNotSupported") if "ACL" in request else {}
        ),
        "s3.delete_object": {},
        "s3.create_multipart_upload": lambda request: {
            "UploadId": "with" if "ChecksumAlgorithm" in request else "without"
        },
        "s3.abort_multipart_upload": {},
        "s3.complete_multipart_upload": {},
        "kms.get_key_rotation_status": {"KeyRotationEnabled": True},
        "kms.get_key_policy": {"Policy": json.dumps(key_policy(scene.site, alerts=True))},
        "kms.describe_key": {
            "KeyMetadata": {
                "KeyState": "PendingDeletion",
                "DeletionDate": datetime.now(UTC) + timedelta(days=30),
            }
        },
        "kms.list_resource_tags": {"Tags": _tags(scene, "TagKey", "TagValue")},
    }


def _rest(scene: Scene, account: Account) -> dict[str, Any]:
    topic = scene.site.arn("sns", f"{scene.prefix}-alerts")
    rules = [
        {"Name": f"{scene.prefix}-alerts-{each.name}-1", "State": "ENABLED"}
        for each in (*ENDINGS, *TUNING_ENDINGS)
    ]
    alarms = [
        {
            "MetricName": "FailedInvocations", "AlarmActions": [topic],
            "Dimensions": [{"Name": "RuleName", "Value": each["Name"]}],
        }
        for each in rules
    ]  # fmt: skip
    return {
        "iam.get_role": {"Role": {"AssumeRolePolicyDocument": execution_trust(scene.site)}},
        "iam.list_role_tags": {"Tags": _tags(scene)},
        "iam.simulate_custom_policy": account.simulate,
        "iam.simulate_principal_policy": refusal("InvalidInput"),
        "sns.list_topics": {"Topics": [{"TopicArn": topic}]},
        "sns.get_topic_attributes": {
            "Attributes": {
                "KmsMasterKeyId": "the-key", "Policy": json.dumps(topic_policy(topic, scene.site)),
            }
        },
        "events.list_rules": {"Rules": rules},
        "events.list_targets_by_rule": {"Targets": [{}]},
        "cloudwatch.describe_alarms": {"MetricAlarms": alarms},
        "cloudwatch.list_dashboards": {"DashboardEntries": [{"DashboardName": "d"}]},
        "cloudwatch.get_dashboard": {"DashboardBody": f"{scene.prefix}-work arn:alarm:1"},
        "cloudtrail.lookup_events": lambda request: _trail(scene, request),
        "sqs.receive_message": {},
        "sagemaker.list_tags": {"Tags": _tags(scene)},
        "sagemaker.search": account.search,
        "sagemaker.list_training_jobs": account.page_of_jobs,
        "sagemaker.create_training_job": account.refuse_job,
        "sagemaker.stop_training_job": {},
        "sagemaker.create_hyper_parameter_tuning_job": account.refuse_tuning,
        "sagemaker.stop_hyper_parameter_tuning_job": {},
        "sagemaker.list_hyper_parameter_tuning_jobs": account.page_of_tunings,
        "sagemaker.describe_hyper_parameter_tuning_job": lambda request: next(
            (
                each
                for each in account.facts["described"]
                if each["HyperParameterTuningJobName"] == request["HyperParameterTuningJobName"]
            ),
            refusal("ResourceNotFound"),
        ),
        "sagemaker.list_training_jobs_for_hyper_parameter_tuning_job": {
            "TrainingJobSummaries": [{"TrainingJobName": _trial(scene, 1, 1)}]
        },
        "sagemaker.describe_training_job": lambda request: (
            refusal("ValidationException")
            if request["TrainingJobName"].endswith("none-1")
            else account.jobs["work"][0]
        ),
        "s3.upload_part": account.uploaded_part,
        "s3.head_object": account.head,
    }  # fmt: skip


def _trail(scene: Scene, request: dict[str, Any]) -> dict[str, Any]:
    source = request["LookupAttributes"][0]["AttributeValue"]
    if source == "kms.amazonaws.com":
        events = [
            {
                "eventName": "Decrypt", "userIdentity": {"invokedBy": "s3.amazonaws.com"},
                "resources": ["the-key", "the-role/role"],
            }
        ]  # fmt: skip
    else:
        events = [
            {"eventName": "CreateTrainingJob", "name": f"{scene.prefix}-{number}"}
            for number in range(3)
        ]
    events = scene.facts.get("trail", events)
    return {"Events": [{"CloudTrailEvent": json.dumps(each)} for each in events]}

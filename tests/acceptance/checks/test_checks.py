"""Each check confirms where its statement is true, and refutes where it is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from acceptance.checks import controls, promises, request_assumptions
from acceptance.judging import CHECKS, finding_of, look_at
from acceptance.leftovers import Leftover
from acceptance.pulumi_cli import PulumiCli
from acceptance.scene import Scene
from components.execution_role.execution_documents import execution_trust
from components.training_job.preflight.role_permissions import Need, Refusal
from components.training_job.request.job_inputs import JobInputs
from tests.acceptance.checks.healthy_account import Account, healthy_account, refusal

Fault = Callable[[Account], object]
CANNOT_BE_SEEN = {"slack", "vpc-only"}
"""Statements about what the acceptance's stack does not have; the report says why."""
NEEDED = Need("eu-west-1", ("s3:PutObject",), ("*",))
"""What the jobs need of their role."""


def at(operation: str, *path: Any, to: Any) -> Fault:
    """An account in which a part of a service's answer is another."""

    def change(account: Account) -> None:
        _replace(account.answers, [operation, *path], to)

    return change


def fact(*path: Any, to: Any) -> Fault:
    """An account in which a step saw something else."""
    return lambda account: _replace(account.facts, list(path), to)


def job(name: str, number: int, **members: Any) -> Fault:
    """An account in which a training job is another."""
    return lambda account: account.jobs[name][number].update(members)


def other(name: str) -> Fault:
    """An account that answers otherwise to the requests of a check."""
    return lambda account: account.other.add(name)


def line(host: str, *lines: str) -> Fault:
    """An account in which a host of the paused job logged more lines."""
    return lambda account: account.logs[account.facts["paused"]["name"]][host].extend(lines)


def seen(**members: Any) -> Fault:
    """An account in which the containers of the paused job saw something else."""

    def change(account: Account) -> None:
        for lines in account.logs[account.facts["paused"]["name"]].values():
            known = json.loads(lines[0].removeprefix("seen="))
            lines[0] = f"seen={json.dumps(known | members)}"

    return change


def trials(**members: Any) -> Fault:
    """An account in which the scripts of trials printed something else."""

    def change(account: Account) -> None:
        for name, log in account.logs.items():
            lines = log["algo-1"]
            if lines[0].startswith("trial="):
                known = json.loads(lines[0].removeprefix("trial="))
                lines[0] = f"trial={json.dumps(known | {'name': name} | members)}"

    return change


def silent(account: Account) -> None:
    """No trial's script printed anything."""
    for log in account.logs.values():
        log["algo-1"] = [each for each in log["algo-1"] if not each.startswith("trial=")]


def launched_again(account: Account) -> None:
    work = account.jobs["work"]
    work.append({**work[0], "TrainingJobName": work[0]["TrainingJobName"][:-1] + "3"})


def renamed_stream(account: Account) -> None:
    log = account.logs[account.facts["paused"]["name"]]
    log["i-0123"] = log.pop("algo-1")


def lost_checkpoint(account: Account) -> None:
    account.facts["checkpoint"] = 5


def another_folder(account: Account) -> None:
    listed = account.answers["s3.list_objects_v2"]

    def deeper(request: dict[str, Any]) -> dict[str, Any]:
        contents = listed(request)["Contents"]
        return {
            "Contents": [{"Key": each["Key"].replace("/state", "/x/state")} for each in contents]
        }

    account.answers["s3.list_objects_v2"] = deeper


def uploaded_link(account: Account) -> None:
    listed = account.answers["s3.list_objects_v2"]
    account.answers["s3.list_objects_v2"] = lambda request: {
        "Contents": [*listed(request)["Contents"], {"Key": f"{request['Prefix']}link"}]
    }


def open_bucket(account: Account) -> None:
    account.facts["open"] = True


FAULTS: dict[str, Fault] = {
    # Promises
    "preview-launches-nothing": fact("preview", "jobs", to=1),
    "preview-shows-the-ceiling": fact("preview", "text", to="cost_ceiling_usd: 0"),
    "policies-accept-the-stack": fact("preview", "text", to="- [mandatory] quota"),
    "launched-once": launched_again,
    "edit-touches-no-run": fact("edit", "live", to=False),
    "failed-job-has-a-reason": fact("failed", "reason", to=""),
    "alert-arrives": fact("alert", to=None),
    "pause-stops": fact("paused", "status", to="MaxRuntimeExceeded"),
    "pause-loses-no-step": lost_checkpoint,
    "resume-continues": fact("paused", "checkpoint", to=6),
    "resume-launches-once": launched_again,
    "model-exists": fact("outputs", "training_jobs", "work", "status", to="Stopped"),
    "outputs-have-results": fact("outputs", "training_jobs", "work", "metrics", to={}),
    "spot-saves": job("work", 1, BillableTimeInSeconds=100),
    "refresh-keeps-all": fact("refresh", "changes", to={"delete": 1}),
    "unchanged-changes-nothing": fact("unchanged", "changes", to={"update": 1}),
    "policies-refuse": fact("policies", "code", to=0),
    "tracking-reads-the-log": fact("points", to={"none": [[1, 1.0]]}),
    "downstream-registers": fact("entry", "value", to='{"model_uri": "another"}'),
    "destroy-leaves-nothing": lambda account: account.left.append("role x"),
    "records-stay": job("work", 0, TrainingJobStatus="InProgress"),
    "tuning-pause-stops": fact("tuning-paused", "status", to="Completed"),
    "tuning-launches-once": lambda account: account.facts["tunings"].pop(),
    "tuning-resume-continues": fact("tunings", 1, "parents", to=[]),
    "tuning-best": fact("outputs", "tuning_jobs", "tunes", "objective_value", to=0.9),
    "tuning-outputs": fact("outputs", "tuning_jobs", "tunes", "outcome", to="stopped"),
    # Controls
    "subnets-private": at("ec2.describe_subnets", "Subnets", 0, "MapPublicIpOnLaunch", to=True),
    "private-range": at("ec2.describe_vpcs", "Vpcs", 0, "CidrBlock", to="11.0.0.0/16"),
    "no-public-address": fact("interfaces", 1, "public", to="203.0.113.7"),
    "interface-for-each-instance": lambda account: account.facts["interfaces"].pop(),
    "no-way-out": at(
        "ec2.describe_route_tables", "RouteTables", 0, "Routes", 0, "DestinationCidrBlock",
        to="0.0.0.0/0",
    ),
    "s3-endpoint-limited": at(
        "ec2.describe_vpc_endpoints", "VpcEndpoints", 0, "PolicyDocument", "Statement", to=[]
    ),
    "group-closed": at(
        "ec2.describe_security_group_rules", "SecurityGroupRules", 0, "CidrIpv4", to="0.0.0.0/0"
    ),
    "default-group-empty": at(
        "ec2.describe_security_groups", "SecurityGroups", 0, "IpPermissions", to=[{}]
    ),
    "flow-logs": at("ec2.describe_flow_logs", "FlowLogs", to=[]),
    "bucket-not-public": at(
        "s3.get_public_access_block", "PublicAccessBlockConfiguration", "BlockPublicAcls", to=False
    ),
    "bucket-closed-to-strangers": open_bucket,
    "bucket-owns-objects": at(
        "s3.get_bucket_ownership_controls", "OwnershipControls", "Rules", to=[]
    ),
    "bucket-encrypted": at(
        "s3.get_bucket_encryption", "ServerSideEncryptionConfiguration", "Rules", 0,
        "BucketKeyEnabled", to=False,
    ),
    "bucket-blocks-keys": at(
        "s3.get_bucket_encryption", "ServerSideEncryptionConfiguration", "Rules", 0,
        "BlockedEncryptionTypes", to={},
    ),
    "bucket-versioned": at("s3.get_bucket_versioning", "Status", to="Suspended"),
    "bucket-expires": at("s3.get_bucket_lifecycle_configuration", "Rules", to=[]),
    "only-tls": other("only-tls"),
    "only-its-key": lambda account: account.other.update({"only-its-key", "only-kms"}),
    "only-kms": other("only-kms"),
    "no-key-of-a-client": other("no-key-of-a-client"),
    "key-rotates": at("kms.get_key_rotation_status", "KeyRotationEnabled", to=False),
    "key-policy": at("kms.get_key_policy", "Policy", to='{"Statement": []}'),
    "key-waits": at("kms.describe_key", "KeyMetadata", "KeyState", to="Enabled"),
    "tagged": at("iam.list_role_tags", "Tags", to=[]),
    "role-trusts-sagemaker": at(
        "iam.get_role", "Role", "AssumeRolePolicyDocument", to={"Statement": []}
    ),
    "role-may": lambda account: account.role_lacks.append("s3:PutObject"),
    "role-may-not": lambda account: account.role_lacks.append("nothing"),
    "jobs-isolated": job("work", 0, EnableNetworkIsolation=False),
    "job-encrypted": job("work", 0, OutputDataConfig={"KmsKeyId": ""}),
    "container-closed": seen(outside=["1.1.1.1"]),
    "container-without-credentials": seen(credentials=True),
    "topic-closed": at("sns.get_topic_attributes", "Attributes", "KmsMasterKeyId", to="another"),
    "rules-armed": at("events.list_rules", "Rules", 0, "State", to="DISABLED"),
    "alarms-armed": at("cloudwatch.describe_alarms", "MetricAlarms", 0, "AlarmActions", to=[]),
    "dashboard": at("cloudwatch.list_dashboards", "DashboardEntries", to=[]),
    "interfaces-gone": at(
        "ec2.describe_network_interfaces", "NetworkInterfaces",
        to=[{"NetworkInterfaceId": "eni-1", "Status": "available"}],
    ),
    "denies-plain-http": fact("refusals", "plain-http", to="accepted"),
    "denies-other-key": fact("refusals", "other-key", to="KMS.NotFoundException"),
    "denies-other-encryption": fact("refusals", "other-encryption", to="accepted"),
    "denies-key-of-a-client": fact("refusals", "key-of-a-client", to="accepted"),
    "denies-the-caller": fact("refusals", "assumed", to="accepted"),
    "denies-a-stranger": fact("refusals", "stranger-topic", to="accepted"),
    "tuning-trust": at("iam.get_role", "Role", "AssumeRolePolicyDocument", to={"Statement": []}),
    "tuning-role-may": lambda account: account.role_lacks.append("s3:PutObject"),
    "trials-isolated": job("work", 0, EnableNetworkIsolation=False),
    "tuning-rules-armed": at("events.list_rules", "Rules", to=[]),
    # Assumptions
    "launch-is-accepted": lambda account: account.jobs["work"].clear(),
    "image-pulled": job("work", 0, SecondaryStatusTransitions=[{"Status": "Starting"}]),
    "one-subnet": fact("interfaces", 0, "subnet", to="subnet-1"),
    "search-is-late": other("search-is-late"),
    "search-is-exact": other("search-is-exact"),
    "search-needs-the-tag": other("search-needs-the-tag"),
    "search-page": other("search-page"),
    "page-before-filter": other("page-before-filter"),
    "one-host-fails-all": job("fails", 0, TrainingJobStatus="Completed"),
    "event-at-each-change": lambda account: account.facts["events"].pop(0),
    "event-without-reason": fact("alert", "content", to="it failed: a reason"),
    "configuration-files": seen(configuration=["hyperparameters.json"]),
    "interface-name": seen(interface="ens5"),
    "log-streams": renamed_stream,
    "checkpoint-key": other("checkpoint-key"),
    "spot-share": job("work", 1, BillableTimeInSeconds=90),
    "key-only-through-s3": fact(
        "trail",
        to=[
            {
                "eventName": "Decrypt", "userIdentity": {}, "errorCode": "AccessDenied",
                "resources": ["the-key", "the-role/role"],
            }
        ],
    ),
    "launches-in-the-trail": lambda account: account.facts.update(
        trail=[{"eventName": "CreateTrainingJob", "name": account.scene.prefix}]
    ),
    "sharded-channel": seen(parts=["part-1.txt"]),
    "one-volume": seen(volumes={"/opt/ml/model": 30, "/home": 60}),
    "only-process-1-hears": line("algo-1", "child=SIGTERM"),
    "links-are-ignored": uploaded_link,
    "long-lines": line("algo-1", "x" * 70_000),
    "metrics-near-the-beginning": job(
        "work", 0, FinalMetricDataList=[{"MetricName": each} for each in ("loss", "far")]
    ),
    "carriage-returns": job("work", 0, FinalMetricDataList=[{"MetricName": "loss"}]),
    "search-dates": other("search-dates"),
    "search-sorts-what-lacks-last": other("search-sorts-what-lacks-last"),
    "creation-time-before-page": other("creation-time-before-page"),
    "token-of-its-order": other("token-of-its-order"),
    "clocks": other("clocks"),
    "payload-header": other("payload-header"),
    "part-checksums": other("part-checksums"),
    "part-numbers": other("part-numbers"),
    "no-checksum": other("no-checksum"),
    "no-access-lists": at("s3.put_object", to={}),
    "refuses-nul": other("refuses-nul"),
    "refuses-folders": other("refuses-folders"),
    "refuses-metrics": other("refuses-metrics"),
    "refuses-no-instance": other("refuses-no-instance"),
    "refuses-volumes": other("refuses-volumes"),
    "accepts-long-waits": other("accepts-long-waits"),
    "refuses-single-values": other("refuses-single-values"),
    "refuses-warm-trials": other("refuses-warm-trials"),
    "tuning-name-length": other("tuning-name-length"),
    "dates-in-conditions": other("dates-in-conditions"),
    "values-in-conditions": other("values-in-conditions"),
    "simulated-role-and-resource": at("iam.simulate_principal_policy", to={}),
    "simulated-types": other("simulated-types"),
    "simulated-missing-keys": other("simulated-missing-keys"),
    "simulated-positions": other("simulated-positions"),
    "endpoint-zones": at(
        "ec2.describe_vpc_endpoint_services", "ServiceDetails", 0, "AvailabilityZones", to=[]
    ),
    "endpoint-policies": at(
        "ec2.describe_vpc_endpoint_services", "ServiceDetails", 0, "VpcEndpointPolicySupported",
        to=False,
    ),
    "tuning-both-arns": fact("untrusted", to=""),
    "tuning-launcher": silent,
    "trial-arguments": trials(arguments=["--rate", "0.25", "--_tuning_objective_metric", "loss"]),
    "trial-names": fact("tuning-paused", "trials", 0, "name", to="t-1"),
    "trial-folders": another_folder,
    "trial-sees-others": trials(others=[]),
    "stopped-trial-counts": fact("tunings", 0, "trials", 2, "objective", to=None),
    "tuning-not-found": at("sagemaker.describe_hyper_parameter_tuning_job", to={}),
    "tuning-list-order": other("tuning-list-order"),
    "tuning-page-before-filter": other("tuning-page-before-filter"),
    "tuning-event": fact("events", 3, "BestTrainingJob", to={}),
    "tuning-time-over": fact("described", 1, "HyperParameterTuningJobStatus", to="Completed"),
}  # fmt: skip
"""For each check an account in which its statement is not true."""


@pytest.fixture
def account(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account in which every statement is true."""
    account = healthy_account(scene)

    def lacking(_iam: object, _role: str, need: Need) -> list[Refusal]:
        if need is NEEDED:
            return [Refusal(each, "*", "") for each in account.role_lacks]
        refusals = [Refusal(each, "*", "") for each in need.actions] * len(need.resources)
        return [] if account.role_lacks else refusals

    def unsigned(**_: Any) -> None:
        if "open" not in account.facts:
            raise refusal("AccessDenied")

    class Anyone:
        list_objects_v2 = staticmethod(unsigned)

    monkeypatch.setattr(scene, "client", account.client)
    monkeypatch.setattr(scene, "jobs", lambda name="work": account.jobs[name])
    monkeypatch.setattr(scene, "log", account.log)
    monkeypatch.setattr(scene, "read_object", account.objects.__getitem__)
    monkeypatch.setattr(scene, "checkpoint", lambda: account.facts.get("checkpoint", 7))
    monkeypatch.setattr("boto3.client", lambda *_, **__: Anyone)
    monkeypatch.setattr(controls, "refused", lacking)
    monkeypatch.setattr(controls, "needs_of_launch", lambda _: [NEEDED])
    monkeypatch.setattr(controls, "planned_launch", lambda *_: None)
    monkeypatch.setattr(JobInputs, "of", lambda _: None)
    monkeypatch.setattr(request_assumptions, "asked", account.asked)
    monkeypatch.setattr(promises, "alert_about", lambda *_: account.facts["alert"])
    monkeypatch.setattr(
        promises, "leftovers", lambda _: [Leftover(each, "aws …") for each in account.left]
    )
    kinds = ("TrainingJob", "TuningJob")
    resources = [
        {"type": f"pulumi-python:dynamic/sagemaker:{each}", "inputs": {}} for each in kinds
    ]
    monkeypatch.setattr(PulumiCli, "resources", lambda _: resources)
    return account


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_check_confirms_where_its_statement_is_true(account: Account, check: Any):
    if check.name == "tuning-trust":
        trust = execution_trust(account.scene.site, tunes=True)
        account.answers["iam.get_role"] = {"Role": {"AssumeRolePolicyDocument": trust}}
    look_at(account.scene, [check])
    found = finding_of(account.scene, check.name)
    expected = "not seen" if check.name in CANNOT_BE_SEEN else "confirmed"
    assert found["verdict"] == expected, found["evidence"]


@pytest.mark.parametrize(("name", "fault"), FAULTS.items(), ids=FAULTS)
def test_a_check_refutes_where_its_statement_is_not_true(account: Account, name: str, fault: Fault):
    [check] = [each for each in CHECKS if each.name == name]
    fault(account)
    look_at(account.scene, [check])
    found = finding_of(account.scene, name)
    assert found["verdict"] == "refuted", found["evidence"]


def test_each_check_has_a_fault_that_refutes_it_unless_it_can_see_nothing():
    assert {each.name for each in CHECKS} - CANNOT_BE_SEEN == {*FAULTS}


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        (["Could not assume role"] * 2, "AWS refused the role first"),
        (["no such image", "no such image"], "is refused for another reason, too"),
    ],
)
def test_a_refusal_that_is_not_about_the_statement_says_nothing(
    account: Account, answers: list[str], reason: str
):
    messages = iter(answers)
    account.answers["sagemaker.create_training_job"] = lambda _: refusal("E", next(messages))
    [check] = [each for each in CHECKS if each.name == "refuses-nul"]
    look_at(account.scene, [check])
    found = finding_of(account.scene, check.name)
    assert found["verdict"] == "not seen"
    assert reason in found["evidence"]


def _replace(document: Any, path: list[Any], value: Any) -> None:
    for key in path[:-1]:
        document = document[key]
    document[path[-1]] = value

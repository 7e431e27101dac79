"""Walks through pages: a test runs their commands in their order, in a copy of the checkout."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from development.leftovers import end_processes_of
from localcloud.server import daemon
from tests.document_commands import Terminal, Walk, claimed, filled
from tests.integration.settings import JOB_FOLDER
from tests.integration.test_documents import checkout_with
from toolchain.environment import REGION, engine_environment, without_user_settings
from toolchain.layout import CHECKOUT, Layout

pytestmark = [pytest.mark.integration, pytest.mark.deep]

MODEL_REGISTRY = "examples/downstream/README.md#A stack that builds on the platform"
REPORT = "docs/continuous-integration.md#The report, on your own machine"
MOVED = "docs/from-terraform.md"
BEFORE_AN_UPDATE = "docs/policies.md#Before an update"
SLACK = "docs/operations.md#The first Slack channel of an account"
LINKED_ROLE = (
    "aws iam create-service-linked-role --aws-service-name management.chatbot.amazonaws.com"
)
CHAT_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "chatbot.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}
TAKE_OVER = "docs/copies.md#Take over a later version"
RELEASE = "docs/releasing.md#Release a version"
TRY_A_FILE = "docs/operations.md#Try a stack file on the local cloud"


@pytest.fixture
def checkout(tmp_path: Path, plugins: Path) -> Iterator[Path]:
    """A copy of the checkout, whose example trains for eight epochs."""
    folder = checkout_with([], tmp_path / "checkout", plugins)
    for stack in ("dev", "vision-dev"):
        file = folder / f"Pulumi.{stack}.yaml"
        file.write_text(re.sub(r"epochs: \d+", "epochs: 8", file.read_text()))
    yield folder
    end_processes_of(folder / ".local" / "pulumi-home")
    daemon.stop(Layout(checkout=folder, local=folder / ".local").cloud)


@pytest.fixture
def terminal(checkout: Path) -> Iterator[Terminal]:
    """A terminal in the copy."""
    with Terminal(checkout, without_user_settings(os.environ)) as terminal:
        yield terminal


@pytest.mark.runs(
    "README.md#Try it",
    MODEL_REGISTRY,
    "docs/tracking.md#Try it",
    TRY_A_FILE,
    "docs/operations.md#Add a team",
    "docs/operations.md#Forecast a job before you launch it",
    REPORT,
    "docs/runs.md#Prices",
    "make predict",
    "make status",
    "make logs",
    "make watch",
    "make report",
    "make quota-report",
    "make up STACK=vision-dev",
    "make clean",
)
def test_the_makefiles_commands_do_what_the_pages_say(
    walk: Walk, terminal: Terminal, checkout: Path
) -> None:
    walk.section(terminal, "README.md#Try it", ("make up", "final test_accuracy"))
    walk.section(terminal, MODEL_REGISTRY, ("make up", "unchanged"))
    walk.next("docs/tracking.md#Try it", "make up")  # the same command once more
    walk.sentence(terminal, "make predict", "classified")
    walk.section(terminal, MODEL_REGISTRY, ("make downstream", "/models/dev/digits"))
    walk.sentence(terminal, "make status", "│ Completed")
    walk.sentence(terminal, "make logs", "test_accuracy=")
    walk.sentence(terminal, "make report", "The newest job completed on ")
    with Terminal(checkout, without_user_settings(os.environ)) as other:
        other.start(walk.spoken("make watch"))
        assert "test_accuracy=" in other.until("Ctrl-C ends it")
        beside_a_stack(walk, terminal, checkout)
        other.interrupt()
        assert other.wait()[1] in (0, 130)
    walk.next("README.md#Try it", "make down")
    walk.section(terminal, MODEL_REGISTRY, ("make down", "Every stack is destroyed."))
    walk.sentence(terminal, "make clean", "Removing .local")
    left = {each.name for each in checkout.iterdir()} & {".venv", ".local", ".source"}
    assert left == set()


def beside_a_stack(walk: Walk, terminal: Terminal, checkout: Path) -> None:
    """What concerns other stack files, while one stack is up."""
    walk.spoken("make up STACK=vision-dev")
    walk.section(terminal, TRY_A_FILE, ("make up STACK=vision-dev", "vision-dev-digits-"))
    walk.sentence(terminal, "make quota-report", "vision")
    for section, command, part in (
        ("docs/operations.md#Add a team", "make policy-check", "vision-dev-digits"),
        (REPORT, "make policy-check STACK=research-prod", "research-prod-llm-finetune"),
        ("docs/operations.md#Forecast a job before you launch it", "make forecast", "99 "),
    ):
        walk.section(terminal, section, (command, part))
    walk.section(
        terminal, TRY_A_FILE,
        ("make logs STACK=vision-dev", "epoch="),
        ("make down STACK=vision-dev", "vision-dev is destroyed"),
    )  # fmt: skip
    server = daemon.find(Layout(checkout=checkout, local=checkout / ".local").cloud)
    assert server is not None
    (checkout / "sample").mkdir()
    (checkout / "sample" / "one.json").write_text("{}")
    with Terminal(checkout, without_user_settings(os.environ)) as other:
        for variable in lines_with("export ", "README.md#Check what it built"):
            other.run(filled(variable, {"address": server.url}))
        walk.section(
            other, TRY_A_FILE,
            ("aws s3 mb", "make_bucket: research-corpora"), ("aws s3 cp", "upload: sample/one"),
        )  # fmt: skip
        walk.section(other, "docs/runs.md#Prices", ("python -m development.prices", "0 prices"))


def lines_with(beginning: str, section: str) -> list[str]:
    """The commands of a section that begin so."""
    return [each.text for each in claimed(section) if each.text.startswith(beginning)]


@pytest.fixture
def account(checkout: Path, own_cloud: str) -> Iterator[Terminal]:
    """A terminal in the copy for plain `pulumi` and `aws`, with an account and a backend."""
    layout = Layout(checkout=checkout, local=checkout / ".local")
    layout.state.mkdir(parents=True)
    skip = {"PULUMI_SKIP_CONFIRMATIONS": "true"}
    with Terminal(checkout, engine_environment(layout, endpoint_url=own_cloud) | skip) as terminal:
        yield terminal


@pytest.mark.runs(
    "docs/from-terraform.md#Move over",
    "docs/first-job.md#Why is it still `Starting`?",
    "docs/runs.md#Every week",
    "docs/runs.md#The report of a lineage",
    BEFORE_AN_UPDATE,
    "pulumi stack output",
    "pulumi stack output training_jobs",
    "pulumi refresh --expect-no-changes",
    "pulumi destroy",
)
def test_a_job_moves_over_from_terraform_and_then_runs_every_week(
    walk: Walk, account: Terminal, checkout: Path, own_cloud: str
) -> None:
    aws = partial(boto3.client, endpoint_url=own_cloud, region_name=REGION)
    places = what_terraform_made(aws)
    file = checkout / "Pulumi.research-prod.yaml"
    file.write_text(stack_file_of_the_page(checkout, places))
    moving = "docs/from-terraform.md#Move over"
    walk.section(
        account, moving,
        ("pulumi stack init", "Created stack 'research-prod'"),
        ("pulumi preview", "cost ceiling"), ("pulumi up", "created"),
    )  # fmt: skip
    outputs = json.loads(account.run("pulumi stack output --json"))
    values = {"artifact_bucket_name": outputs["artifact_bucket_name"], "stack": "research-prod"}
    walk.section(
        account, moving, ("aws s3 cp", "checkpoints/research-prod-llm/20.txt"), values=values
    )
    walk.section(account, moving, ("pulumi config set", "llm"))
    name = json.loads(account.run("pulumi stack output --json"))["training_job_name"]
    ended = aws("sagemaker").get_waiter("training_job_completed_or_stopped")
    ended.wait(TrainingJobName=name, WaiterConfig={"Delay": 1})

    values |= {"training_job_name": name, "subnet ids": " ".join(places.subnets)}
    waiting = "docs/first-job.md#Why is it still `Starting`?"
    walk.section(
        account, waiting, ("aws sagemaker", ""), ("aws ec2", places.subnets[0]), values=values
    )
    log = account.run("aws logs filter-log-events --log-group-name /aws/sagemaker/TrainingJobs")
    assert "resumed at 20" in log

    walk.sentence(account, "pulumi refresh --expect-no-changes", "unchanged")
    walk.sentence(account, "pulumi stack output", "artifact_bucket_name")
    walk.sentence(account, "pulumi stack output training_jobs", '"cost_usd"')
    reports, values["lineage"] = "docs/runs.md#The report of a lineage", "research-prod-llm"
    walk.section(
        account, reports,
        ("python -m tracking report --stack", ".local/reports/research-prod-llm.html"),
        ("python -m tracking report --lineage", "report.html"), values=values,
    )  # fmt: skip
    assert "research-prod-llm" in (checkout / "report.html").read_text()

    settings = yaml.safe_load(file.read_text())
    settings["config"]["sagemaker-training:jobs"]["llm"]["recurring"] = True
    file.write_text(yaml.safe_dump(settings))
    walk.section(
        account, "docs/runs.md#Every week",
        ("cp ", ""), ("pulumi config set run", ""), ("pulumi up --refresh", "research-prod-llm-20"),
    )  # fmt: skip
    walk.section(
        account, BEFORE_AN_UPDATE,
        ("export PULUMI_DEBUG_COMMANDS", ""), ("pulumi preview", "unchanged"), ("cd policies", ""),
    )  # fmt: skip
    [report] = walk.section(account, BEFORE_AN_UPDATE, ("python -m quota_report", ""), code=None)
    assert "research-prod" in report
    walk.sentence(account, "pulumi destroy", "deleted")


@dataclass(frozen=True)
class Places:
    """What exists in an account whose jobs Terraform has launched."""

    vpc: str
    subnets: tuple[str, str]
    endpoint: str


def what_terraform_made(aws: Callable[[str], Any]) -> Places:
    """A private network, data, and the checkpoints of an earlier job, by the page's names."""
    ec2, s3 = aws("ec2"), aws("s3")
    vpc = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    one, two = (
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.8.{number}.0/24", AvailabilityZone=f"{REGION}{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    )
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName=f"com.amazonaws.{REGION}.s3")
    for bucket, key in (
        ("research-corpora", "instructions/one.json"),
        ("research-artifacts", "checkpoints/llm/20.txt"),
    ):
        s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket=bucket, Key=key, Body=b"{}")
    return Places(vpc, (one, two), endpoint["VpcEndpoint"]["VpcEndpointId"])


def stack_file_of_the_page(checkout: Path, places: Places) -> str:
    """The stack file of the page on Terraform, for this account and with a script that counts.

    The local cloud runs no images, so the job needs a script of its own.
    """
    [text] = re.findall(r"```yaml\n(.*?)```", (checkout / MOVED).read_text(), re.DOTALL)
    for subnet, written in zip(places.subnets, re.findall(r"subnet-\w+", text), strict=True):
        text = text.replace(written, subnet)
    text = re.sub(r"vpc-\w+", places.vpc, re.sub(r"vpce-\w+", places.endpoint, text))
    settings = yaml.safe_load(text)
    job = settings["config"]["sagemaker-training:jobs"]["llm"]
    shutil.copytree(CHECKOUT / JOB_FOLDER, checkout / "count")
    job["source"] = {"dir": "count", "entryPoint": "steps.py"}
    job["hyperparameters"] = {"steps": 22}
    return str(yaml.safe_dump(settings))


@pytest.mark.runs(
    "docs/first-job.md#An image",
    "docs/first-job.md#A quota",
    SLACK,
    "aws sts get-caller-identity",
    LINKED_ROLE,
)
def test_the_aws_commands_that_need_no_stack_are_answered(
    walk: Walk, account: Terminal, own_cloud: str
) -> None:
    walk.sentence(account, "aws sts get-caller-identity", "123456789012")
    walk.section(account, "docs/first-job.md#An image", ("aws ecr create-repository", "first-job"))
    quotas = boto3.client("service-quotas", endpoint_url=own_cloud, region_name=REGION)
    pages = quotas.get_paginator("list_service_quotas").paginate(ServiceCode="sagemaker")
    [code] = [
        each["QuotaCode"]
        for page in pages
        for each in page["Quotas"]
        if each["QuotaName"] == "ml.g5.2xlarge for training warm pool usage"
    ]
    walk.section(
        account, "docs/first-job.md#A quota",
        ("aws service-quotas request", code),
        values={"code": code},
    )  # fmt: skip
    walk.sentence(account, LINKED_ROLE, "AWSServiceRoleFor")
    chatbot = boto3.client("chatbot", endpoint_url=own_cloud, region_name="us-east-2")
    iam = boto3.client("iam", endpoint_url=own_cloud)
    role = iam.create_role(RoleName="chat", AssumeRolePolicyDocument=json.dumps(CHAT_TRUST))["Role"]
    made = chatbot.create_slack_channel_configuration(
        SlackTeamId="T07ABCDEF12", SlackChannelId="C07ABCDEF12", ConfigurationName="left",
        IamRoleArn=role["Arn"],
    )  # fmt: skip
    arn = made["ChannelConfiguration"]["ChatConfigurationArn"]
    walk.section(
        account, SLACK, ("aws chatbot describe", arn), ("aws chatbot delete", ""),
        values={"its ARN": arn},
    )  # fmt: skip


@pytest.mark.runs(
    TAKE_OVER,
    RELEASE,
    "pulumi config set --path network.availabilityZones 3",
    "python -m development configuration",
    "python -m training_policies.generated_files",
    "python -m project_check <folder> --stack <stack>",
    "python -m localcloud serve --help",
)
def test_a_clone_and_a_copy_without_a_history_take_over_a_later_version(
    walk: Walk, account: Terminal, checkout: Path
) -> None:
    beside = checkout.parent
    for variable in ("GIT_AUTHOR", "GIT_COMMITTER"):
        account.run(f"export {variable}_NAME=reader {variable}_EMAIL=reader@example.org")
    # A clone has the link to the environment too, so that nothing has to be installed in it.
    account.run("git init --initial-branch main && git add --all && git commit --message One")
    values = {"address of the repository": str(checkout), "version": "0.1.0"}
    values["your own repository"] = str(beside / "own")
    account.run(f"git init --bare {beside / 'own'}")
    walk.section(account, RELEASE, ("git tag", ""), values=values)

    account.run("cd ..")
    copy = beside / "without-history"
    account.run(f"git clone {checkout} {copy} && rm -rf {copy / '.git'}")
    walk.section(
        account, TAKE_OVER,
        ("git clone", "our-platform"), ("cd our-platform", ""), ("git remote add origin", ""),
        values=values,
    )  # fmt: skip
    walk.section(account, RELEASE, ("git push origin", "v0.1.0"), values=values)
    account.run("pulumi stack init vision-dev")
    later = f"cd {checkout} && echo later > later.txt && git add later.txt && git commit -m Two"
    account.run(f"({later})")
    walk.section(
        account, TAKE_OVER,
        ("git fetch upstream", "main"), ("git merge upstream/main", "later.txt"),
        ("pulumi preview", "vision-dev-network"),
    )  # fmt: skip
    walk.sentence(account, "pulumi config set --path network.availabilityZones 3", "")
    zones = yaml.safe_load((beside / "our-platform" / "Pulumi.vision-dev.yaml").read_text())
    assert zones["config"]["sagemaker-training:network"]["availabilityZones"] == 3

    # What `pulumi new` made of the version: its Pulumi.yaml is changed, and it has no history.
    account.run(f"cd {copy} && echo 'author: pulumi new' >> Pulumi.yaml")
    walk.section(
        account, TAKE_OVER,
        ("git init", ""), ("git add --all", ""), ("git commit", "A copy"),
        ("git remote add upstream", ""), ("git fetch upstream", "main"),
        ("git merge --strategy ours", ""), ("git checkout", ""), ("git commit", "Pulumi.yaml as"),
        values=values | {"version": "v0.1.0"},
    )  # fmt: skip
    assert "later.txt" in account.run("git merge upstream/main")

    walk.sentence(account, "python -m development configuration", "")
    walk.sentence(account, "python -m localcloud serve --help", "--port")
    account.run("cd policies")
    walk.sentence(account, "python -m training_policies.generated_files", "")
    project = {"folder": "..", "stack": "vision-dev"}
    walk.sentence(account, "python -m project_check <folder> --stack <stack>", "", project)
    assert account.run("git status --porcelain --untracked-files=no") == ""

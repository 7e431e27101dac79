"""The execution role has each of its statements for a reason: without it, a job shows it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from components.artifact_store.artifact_documents import bucket_policy, key_policy
from components.execution_role.execution_documents import (
    ExecutionScope,
    execution_policy,
    execution_trust,
)
from components.policy_documents import Statement
from components.site import Site
from components.training_job.settings.job_needs import JobNeeds
from localcloud.server import daemon
from tests.localcloud.cloud import REGION, Cloud, channel, policy

pytestmark = pytest.mark.deep

ACCOUNT = "123456789012"
SITE = Site(ACCOUNT, REGION, "research-dev")
OWN, FOREIGN = "own-artifacts", "foreign-inputs"
AT_ONCE = 3
PATIENCE_SECONDS = 300.0
# Reads the secret, leaves one checkpoint, takes another away and prints a metric.
SCRIPT = """
import pathlib, sys, time
import botocore.session
try:
    secrets = botocore.session.get_session().create_client('secretsmanager')
    print(secrets.get_secret_value(SecretId=sys.argv[1])['SecretString'])
except Exception as error:
    print('no secret', error)
print('loss=0.5;')
folder = pathlib.Path('/opt/ml/checkpoints')
(folder / 'kept').write_text('1')
gone, mark = folder / 'gone', folder / 'gone.sagemaker-uploaded'
gone.write_text('1')
for _ in range(2000):
    if mark.exists():
        break
    time.sleep(0.01)
gone.unlink()
pathlib.Path('/opt/ml/model/weights').write_text('x')
"""


@dataclass(frozen=True)
class Seen:
    """What there is to see of a job, from outside."""

    refused: str = ""
    status: str = ""
    reason: str = ""
    lines: tuple[str, ...] = ()
    checkpoints: tuple[str, ...] = ()
    metrics: int = 0


@dataclass
class Account:
    """A local cloud of its own with what the role's statements are about."""

    cloud: Cloud
    scope: ExecutionScope
    secret: str
    network: dict[str, list[str]]

    @classmethod
    def fill(cls, cloud: Cloud) -> Account:
        kms, secrets = cloud.client("kms"), cloud.client("secretsmanager")
        document = json.dumps(key_policy(SITE))
        own, foreign, of_secret = (
            kms.create_key(Policy=document)["KeyMetadata"]["Arn"] for _ in range(3)
        )
        make_bucket(cloud, OWN, own)
        make_bucket(cloud, FOREIGN, foreign)
        secret = secrets.create_secret(Name="token", SecretString="open", KmsKeyId=of_secret)
        cloud.s3.put_object(Bucket=OWN, Key="source/main.py", Body=SCRIPT.encode())
        cloud.s3.put_object(Bucket=FOREIGN, Key="data/a", Body=b"x")
        network = cloud.vpc_config()
        subnets = cloud.client("ec2").describe_subnets(SubnetIds=network["Subnets"])["Subnets"]
        scope = ExecutionScope(
            SITE,
            JobNeeds(
                repository_arns=[f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/training"],
                input_prefixes=[f"s3://{FOREIGN}/data/"],
                input_key_arns=[foreign],
                secret_arns=[secret["ARN"]],
                secret_key_arns=[of_secret],
                volume_encryption=True,
            ),
            artifact_bucket_arn=f"arn:aws:s3:::{OWN}",
            key_arn=own,
            vpc_id=subnets[0]["VpcId"],
            subnet_ids=network["Subnets"],
            security_group_ids=network["SecurityGroupIds"],
        )
        return cls(cloud, scope, secret["ARN"], network)

    def statements(self) -> list[Statement]:
        return list(execution_policy(self.scope)["Statement"])

    def see(self, name: str, statements: list[Statement]) -> Seen:
        """Runs a job with a role of these statements."""
        request = self.request(name, self.make_role(name, statements))
        try:
            self.cloud.sagemaker.create_training_job(**request)
        except self.cloud.sagemaker.exceptions.ClientError as error:
            return Seen(refused=str(error))
        job = self.cloud.ended(name, PATIENCE_SECONDS)
        return Seen(
            status=job["TrainingJobStatus"],
            reason=job.get("FailureReason", ""),
            lines=tuple(self.cloud.lines(name)),
            checkpoints=tuple(self.checkpoints(name)),
            metrics=self.metrics(name),
        )

    def make_role(self, name: str, statements: list[Statement]) -> str:
        iam = self.cloud.client("iam")
        trust = json.dumps(execution_trust(SITE))
        created = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=policy(*statements))
        return str(created["Role"]["Arn"])

    def request(self, name: str, role: str) -> dict[str, Any]:
        data, code = channel("data", "data/"), channel("code", "source/")
        data["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://{FOREIGN}/data/"
        code["DataSource"]["S3DataSource"]["S3Uri"] = f"s3://{OWN}/source/"
        request = self.cloud.request(
            TrainingJobName=name,
            RoleArn=role,
            InputDataConfig=[code, data],
            OutputDataConfig={"S3OutputPath": f"s3://{OWN}/output/"},
            CheckpointConfig={"S3Uri": f"s3://{OWN}/checkpoints/{name}/"},
            VpcConfig=self.network,
            EnableNetworkIsolation=False,
        )
        request["ResourceConfig"]["VolumeKmsKeyId"] = self.scope.key_arn
        algorithm = request["AlgorithmSpecification"]
        algorithm["ContainerArguments"] = [self.secret]
        algorithm["MetricDefinitions"] = [{"Name": "loss", "Regex": "loss=(.*);"}]
        return request

    def checkpoints(self, name: str) -> list[str]:
        prefix = f"checkpoints/{name}/"
        answer = self.cloud.s3.list_objects_v2(Bucket=OWN, Prefix=prefix)
        return [entry["Key"].removeprefix(prefix) for entry in answer.get("Contents", [])]

    def metrics(self, name: str) -> int:
        listed = self.cloud.client("cloudwatch").list_metrics(
            Namespace="/aws/sagemaker/TrainingJobs",
            Dimensions=[{"Name": "TrainingJobName", "Value": name}],
        )
        return len(listed["Metrics"])


def make_bucket(cloud: Cloud, name: str, key: str) -> None:
    cloud.s3.create_bucket(Bucket=name)
    rule = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
    cloud.s3.put_bucket_encryption(
        Bucket=name,
        ServerSideEncryptionConfiguration={
            "Rules": [{"ApplyServerSideEncryptionByDefault": rule, "BucketKeyEnabled": True}]
        },
    )
    document = bucket_policy(f"arn:aws:s3:::{name}", key)
    cloud.s3.put_bucket_policy(Bucket=name, Policy=json.dumps(document))


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    data = tmp_path_factory.mktemp("roles") / "cloud"
    server = daemon.start(data, "--checkpoint-interval", "0.1", "--role-delay", "0")
    yield Account.fill(Cloud(server, data))
    daemon.stop(data)


def test_a_job_misses_each_statement_of_its_role(account: Account):
    statements = account.statements()
    names = [statement["Sid"] for statement in statements]
    without = {sid: [each for each in statements if each["Sid"] != sid] for sid in names}

    whole = account.see("whole", statements)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        seen = dict(
            zip(
                without,
                pool.map(lambda sid: account.see(f"without-{sid}", without[sid]), without),
                strict=True,
            )
        )

    assert whole == Seen(
        status="Completed", lines=("open", "loss=0.5;"), checkpoints=("kept",), metrics=1
    )
    for sid, each in seen.items():
        print(f"{sid}: {each.refused or each.reason or each}")
    assert [sid for sid, each in seen.items() if each == whole] == []

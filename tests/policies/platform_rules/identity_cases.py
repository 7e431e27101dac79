"""Cases of the rules for keys and roles."""

from __future__ import annotations

import json

from tests.policies.platform_rules.cases import (
    ACCOUNT,
    FOREIGN,
    KEY,
    OWN,
    ROLE,
    ROOT,
    STORE,
    allow,
    assumed,
    case,
    deny,
    text,
)
from training_policies.resource import UNKNOWN

KMS, KMS_POLICY = "aws:kms/key:Key", "aws:kms/keyPolicy:KeyPolicy"
ADMINISTERED = allow("kms:*", "*", Principal={"AWS": ROOT})
LOGS = {"Service": "logs.us-east-1.amazonaws.com"}
ROLE_POLICY, ROLE_TYPE = "aws:iam/rolePolicy:RolePolicy", "aws:iam/role:Role"
GITHUB = {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/token.actions.githubusercontent.com"}
OTHER_PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider/gitlab.com"
SUBJECT = "token.actions.githubusercontent.com:sub"
WORKFLOW = "repo:acme/platform:environment:prod"
CALLED = (
    f"{WORKFLOW}:job_workflow_ref:acme/policies/.github/workflows/training-stack.yml"
    "@refs/heads/main"
)

BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/boundary"
MINE = {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}
FOR_EVERYONE = (
    allow("a:Get", Principal="*"),
    allow("a:Get", Principal={"AWS": "*"}),
    allow("a:Get", NotPrincipal={"AWS": ROLE}),
    allow("a:Get", Principal={"Service": "events.amazonaws.com"}),
    allow("a:Get", Principal="*", Condition={"StringLike": {"aws:PrincipalAccount": "*"}}),
)
FOR_OTHERS = (
    allow("a:Get", Principal={"AWS": FOREIGN}),
    allow("a:Get", Principal={"AWS": [ROLE, "999999999999"]}),
    allow("a:Get", Principal={"AWS": "AIDACKCEVSQ6C2EXAMPLE"}),
    allow("a:Get", Principal={"AWS": "arn:aws:iam::*:role/any"}),
    allow("a:Get", Principal={"Federated": "accounts.google.com"}),
    allow("a:Get", Principal={"CanonicalUser": "0a" * 32}),
    allow("a:Get", Principal="*", Condition={
        "StringEquals": {"aws:PrincipalAccount": [ACCOUNT, "999999999999"]}}),
    allow("a:Get", Principal={"Service": "events.amazonaws.com"}, Condition={
        "StringEquals": {"aws:SourceAccount": "999999999999"}}),
)  # fmt: skip
RESOURCE_POLICIES = (
    ("aws:ecr/repositoryPolicy:RepositoryPolicy", "policy", False),
    ("aws:efs/fileSystemPolicy:FileSystemPolicy", "policy", False),
    ("aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy", "resourcePolicy", False),
    ("aws:secretsmanager/secret:Secret", "policy", True),
    ("aws:secretsmanager/secretPolicy:SecretPolicy", "policy", False),
    ("aws:sqs/queue:Queue", "policy", True),
    ("aws:sqs/queuePolicy:QueuePolicy", "policy", False),
)

IDENTITY_CASES = (
    case("kms-key-rotation", KMS, "enableKeyRotation", [True], [False], missing=True, unknown=True),
    case("kms-key-deletion", KMS, "deletionWindowInDays", [30], [7, 29], missing=False,
         unknown=True),
    case("kms-key-deletion", KMS, "deletionWindowInDays", [7, 30], [], missing=False,
         unknown=True, minimumDays=7),
    case("kms-key-policy", KMS_POLICY, "policy",
         [text(ADMINISTERED), text(allow("kms:Decrypt", "*", Principal={"AWS": ROLE})),
          text(allow("kms:Decrypt", "*", Principal=LOGS, Condition=OWN)),
          text(allow("kms:Decrypt", "*", Principal="*",
                     Condition={"StringEquals": {"kms:CallerAccount": ACCOUNT}}))],
         ["", "{}", text(allow("kms:Decrypt", "*", Principal="*")),
          text(allow("kms:*", "*", Principal={"AWS": ROLE})),
          text(allow("*", "*", Principal={"AWS": ROLE})),
          text(allow("kms:Decrypt", "*", Principal=LOGS)),
          text(allow("kms:Decrypt", "*", NotPrincipal={"AWS": ROLE})),
          text(allow("kms:Decrypt", "*", Principal="*", Condition=OWN)),
          text(ADMINISTERED, allow("kms:Decrypt", "*", Principal={"AWS": FOREIGN})),
          text(ADMINISTERED, allow("kms:Decrypt", "*", Principal="*", Condition={
              "StringEquals": {"kms:CallerAccount": "999999999999"}})),
          text(ADMINISTERED, allow("kms:Decrypt", "*", Principal=LOGS, Condition={
              "StringEquals": {"aws:SourceAccount": "999999999999"}}))],
         missing=True),
    case("kms-key-policy", KMS, "policy", [text(ADMINISTERED)],
         [text(allow("kms:Decrypt", "*", Principal="*"))], missing=False),
    case("kms-key-policy", KMS_POLICY, "policy",
         [text(ADMINISTERED, allow("kms:Decrypt", "*", Principal={"AWS": FOREIGN}))], [],
         missing=True, trustedAccounts=["999999999999"]),
    *(case("iam-resource-policies", type_, path,
           [UNKNOWN, text(allow("a:Get", Principal={"AWS": ROLE})),
            text(allow("a:Get", Principal={"AWS": ACCOUNT})), text(deny("*", "*")),
            text(allow("a:Get", Principal={"Service": "events.amazonaws.com"}, Condition=OWN)),
            text(allow("a:Get", Principal={"Service": "s3.amazonaws.com"},
                       Condition={"ArnLike": {"aws:SourceArn": "arn:aws:s3:::mine"}})),
            text(allow("a:Get", Principal="*", Condition=MINE))],
           ["", "{}", *map(text, FOR_OTHERS), *map(text, FOR_EVERYONE)],
           missing=not path_is_optional, trustedAccounts=[ACCOUNT])
      for type_, path, path_is_optional in RESOURCE_POLICIES),
    *(case("iam-resource-policies", type_, "policy",
           [text(allow("a:Get", Principal={"AWS": ROLE})), text(deny("*", "*"))],
           list(map(text, FOR_OTHERS)), missing=type_.endswith("Policy"),
           trustedAccounts=[ACCOUNT])
      for type_ in ("aws:s3/bucket:Bucket", "aws:s3/bucketPolicy:BucketPolicy",
                    "aws:sns/topic:Topic", "aws:sns/topicPolicy:TopicPolicy")),
    case("iam-resource-policies", "aws:ecr/repositoryPolicy:RepositoryPolicy", "policy", [],
         [text(allow("a:Get", Principal={"AWS": ROLE}))], missing=True),
    *(case("iam-resource-policies", type_, "policy", [text(allow("a", Principal={"AWS": ROLE}))],
           [text(allow("a", Principal={"AWS": FOREIGN}))], missing=True, inputs=names)
      for type_, names in (
          ("aws:sqs/queuePolicy:QueuePolicy",
           {"queueUrl": f"https://sqs.us-east-1.amazonaws.com/{ACCOUNT}/events"}),
          ("aws:secretsmanager/secretPolicy:SecretPolicy",
           {"secretArn": f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:hub-AbCdEf"}),
          ("aws:sns/topicPolicy:TopicPolicy", {"arn": f"arn:aws:sns:us-east-1:{ACCOUNT}:alerts"}),
      )),
    case("iam-permissions-boundary", ROLE_TYPE, "permissionsBoundary", [BOUNDARY, UNKNOWN],
         ["", "arn:aws:iam::999999999999:policy/boundary", f"{BOUNDARY}-of-mine"], missing=True,
         boundaries=[BOUNDARY]),
    case("iam-permissions-boundary", ROLE_TYPE, "permissionsBoundary", ["", BOUNDARY], [],
         missing=False),
    case("iam-wildcard-actions", ROLE_POLICY, "policy",
         [text(allow()), text(allow("ec2:Describe*", "*")), text(deny("*", "*"))],
         ["", "[]", text(allow("*")), text(allow("s3:*")), text(allow(["s3:GetObject", "s3:Put*"])),
          text(allow("s3:Get?bject")), json.dumps({"Statement": {
              "Effect": "Allow", "NotAction": "iam:*", "Resource": STORE}})], missing=True),
    case("iam-wildcard-actions", ROLE_TYPE, "inlinePolicies",
         [[], [{"name": "a", "policy": text(allow())}]],
         [[{"name": "a", "policy": text(allow("s3:*"))}]], missing=False),
    case("iam-wildcard-resources", ROLE_POLICY, "policy",
         [text(allow()), text(allow("ecr:GetAuthorizationToken", "*")), text(deny("*", "*")),
          text(allow("EC2:describeSubnets", "*")),
          text(allow("sagemaker:StopHyperParameterTuningJob",
                     f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:hyper-parameter-tuning-job/t0a1-*")),
          text(allow("sagemaker:ListHyperParameterTuningJobs", "*")),
          text(allow("logs:PutLogEvents", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:a:*")),
          text(allow("cloudwatch:PutMetricData", "*",
                     Condition={"StringEquals": {"cloudwatch:namespace": "mine"}})),
          text(allow("kms:Decrypt", "*",
                     Condition={"StringEquals": {"kms:EncryptionContext:team": "research"}}))],
         ["", text(allow(["kms:Decrypt", "kms:CreateGrant"], "*",
                         Condition={"StringEquals": {"kms:EncryptionContext:team": "research"}})),
          text(allow("kms:Decrypt", "*",
                     Condition={"StringLike": {"kms:EncryptionContext:team": "*"}})),
          text(allow(resource="*")), text(allow(resource="arn:*")),
          text(allow(resource="arn:aws:s3:::*")), text(allow(resource="arn:aws:s3:::*/models/*")),
          text(allow("kms:Decrypt", f"arn:aws:kms:us-east-1:{ACCOUNT}:key/*")),
          text(allow("kms:Decrypt", f"arn:aws:kms:us-east-1:{ACCOUNT}:*")),
          text(allow("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/*")),
          *(text(allow(f"sagemaker:{each}", f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:{kind}/*"))
            for each, kind in (("StopHyperParameterTuningJob", "hyper-parameter-tuning-job"),
                               ("DescribeTrainingJob", "training-job"))),
          text(allow("sagemaker:CreateHyperParameterTuningJob", "*")),
          text(allow(["ec2:DescribeSubnets", "ec2:DeleteSubnet"], "*")),
          text(allow("cloudwatch:PutMetricData", "*")),
          json.dumps({"Statement": {"Effect": "Allow", "Action": "s3:GetObject",
                                    "NotResource": STORE}})], missing=True),
    case("iam-conditions", ROLE_POLICY, "policy",
         [text(allow()), text(allow("iam:PassRole", ROLE, Condition={
             "StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}})),
          text(allow("kms:CreateGrant", KEY, Condition={
              "Bool": {"kms:GrantIsForAWSResource": True}})),
          text(allow("kms:Decrypt", KEY, Condition={
              "ForAllValues:StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"},
              "Null": {"KMS:viaService": "false"}}))],
         ["", text(allow("iam:PassRole", ROLE)), text(allow("kms:createGrant", KEY)),
          text(allow("kms:Decrypt", KEY, Condition={
              "StringEqualsIfExists": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}})),
          *(text(allow("kms:Decrypt", KEY, Condition=each)) for each in (
              {"StringNotEquals": {"kms:ViaService": "none"}},
              {"StringLike": {"kms:ViaService": "*"}},
              {"StringLike": {"kms:ViaService": ["s3.us-east-1.amazonaws.com", "**"]}},
              {"ForAllValues:StringEquals": {"kms:ViaService": "s3.us-east-1.amazonaws.com"}})),
          text(allow("kms:CreateGrant", KEY, Condition={
              "Bool": {"kms:GrantIsForAWSResource": False}})),
          *(text(allow(f"sagemaker:{each}", "a", Condition={
              "StringEquals": {"sagemaker:VpcSubnets": "subnet-1"}}))
            for each in ("CreateTrainingJob", "CreateHyperParameterTuningJob")),
          text(allow(["sagemaker:CreateTrainingJob", "sagemaker:createHyperParameterTuningJob"],
                     "a"))], missing=True),
    case("iam-managed-full-access", "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
         "policyArn", ["arn:aws:iam::aws:policy/ReadOnlyAccess"],
         ["arn:aws:iam::aws:policy/AmazonSageMakerFullAccess",
          "arn:aws-cn:iam::aws:policy/AdministratorAccess"], missing=False),
    case("iam-managed-full-access", ROLE_TYPE, "managedPolicyArns", [[], [UNKNOWN]],
         [["arn:aws:iam::aws:policy/job-function/PowerUserAccess".replace("job-function/", "")]],
         missing=False),
    case("iam-role-trust", ROLE_TYPE, "assumeRolePolicy",
         [text(assumed({"AWS": ROLE})),
          *(text(assumed({"Service": "sagemaker.amazonaws.com"}, ArnLike={"aws:SourceArn": each}))
            for each in (f"arn:aws:sagemaker:*:{ACCOUNT}:training-job/*", "arn:aws:s3:::mine*",
                         [f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:{kind}/*"
                          for kind in ("training-job", "hyper-parameter-tuning-job")])),
          text(assumed({"Service": "sagemaker.amazonaws.com"}, **OWN)),
          text(assumed({"Service": "ec2.amazonaws.com"})),
          text(assumed({"AWS": ROOT}, StringEquals={"sts:ExternalId": "1"})),
          text(assumed({"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/one/session"})),
          text(assumed(GITHUB, StringEquals={SUBJECT: WORKFLOW}))],
         ["", text(assumed("*")), text(assumed({"AWS": "*"})), text(assumed({"AWS": ROOT})),
          text(assumed({"AWS": ACCOUNT})), text(assumed({"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"})),
          text(assumed({"Service": "sagemaker.amazonaws.com"})), text(assumed(GITHUB)),
          *(text(assumed({"Service": "sagemaker.amazonaws.com"}, ArnLike={"aws:SourceArn": each}))
            for each in ("arn:*", "arn:aws:sagemaker:*:*:training-job/*", "arn:aws:s3:::*/*", "*",
                         [f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:training-job/*",
                          "arn:aws:sagemaker:*:*:hyper-parameter-tuning-job/*"])),
          text(assumed({"Service": "sagemaker.amazonaws.com"},
                       StringLike={"aws:SourceAccount": "*"})),
          *(text(assumed({"AWS": each}, StringEquals={"sts:ExternalId": "1"}))
            for each in (FOREIGN, "999999999999", "arn:aws:iam::999999999999:role/one",
                         "AIDAEXAMPLE", [ROLE, "arn:aws:iam::999999999999:user/one"])),
          *(text(assumed(GITHUB, StringEquals={SUBJECT: each})) for each in (
              "repo:other/platform:environment:prod", "repo:acme/platform:environment:dev",
              f"{WORKFLOW}:job_workflow_ref:other/policies/.github/workflows/a.yml@refs/heads/main",
              [WORKFLOW, "repo:acme/platform:pull_request"])),
          text(assumed({"Federated": [GITHUB["Federated"], OTHER_PROVIDER]},
                       StringEquals={SUBJECT: WORKFLOW})),
          text(assumed({"Federated": OTHER_PROVIDER}, StringEquals={"gitlab.com:sub": WORKFLOW})),
          text(assumed({"Federated": "cognito-identity.amazonaws.com"})),
          text(assumed(GITHUB, StringLike={SUBJECT: "repo:acme/*"}))], missing=True,
         accounts=[ACCOUNT], githubSubjects=[WORKFLOW]),
    # Without a configuration, no account is known, not even the role's own, and no workflow.
    case("iam-role-trust", ROLE_TYPE, "assumeRolePolicy",
         [text(assumed({"Service": "sagemaker.amazonaws.com"}, **OWN))],
         [text(assumed({"AWS": ROLE})), text(assumed(GITHUB, StringEquals={SUBJECT: WORKFLOW}))],
         missing=True),
    case("iam-role-trust", ROLE_TYPE, "assumeRolePolicy",
         [text(assumed(GITHUB, StringEquals={SUBJECT: CALLED})),
          text(assumed({"Federated": OTHER_PROVIDER}, StringEquals={"gitlab.com:sub": "main"}))],
         [text(assumed(GITHUB, StringEquals={SUBJECT: WORKFLOW})),
          text(assumed(GITHUB, StringEquals={SUBJECT: CALLED.replace("heads", "tags")}))],
         missing=True, identityProviders=["*:oidc-provider/gitlab.com"],
         githubSubjects=["repo:acme/*:environment:*:job_workflow_ref:acme/policies/"
                         ".github/workflows/training-stack.yml@refs/heads/main"]),
    case("iam-role-trust", ROLE_TYPE, "assumeRolePolicy", [text(assumed({"AWS": ROOT}))],
         [text(assumed({"AWS": FOREIGN}))], missing=True, trustedAccounts=[ACCOUNT]),
)  # fmt: skip

"""What a deployer may read, so that a preview or a refresh can compare the stack with AWS."""

from __future__ import annotations

from components.deployer.deployer_scope import DeployerScope
from components.policy_documents import Statement, allow
from components.site import TRAINING_LOGS

_ALL = ["*"]
_BUCKET_SETTINGS = (
    "GetAccelerateConfiguration GetBucketAbac GetBucketAcl GetBucketCORS GetBucketLocation "
    "GetBucketLogging GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy "
    "GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning "
    "GetBucketWebsite GetEncryptionConfiguration GetLifecycleConfiguration "
    "GetReplicationConfiguration ListBucket ListTagsForResource"
)
"""Everything that the aws provider reads of a bucket."""


def read_statements(scope: DeployerScope) -> list[Statement]:
    """Reading the stack's resources and the logs of its jobs: no model, checkpoint or secret."""
    alerts = _alert_reads(scope) if scope.alerts else []
    return [*_account_reads(scope), *_stack_reads(scope), *_image_reads(scope), *alerts]


def actions_of(service: str, actions: str) -> list[str]:
    """The actions of a service, from a text that has them without its name."""
    return [f"{service}:{action}" for action in actions.split()]


def _account_reads(scope: DeployerScope) -> list[Statement]:
    """What AWS lets a role read only for all resources of an account."""
    network = (
        "Addresses AddressesAttribute AvailabilityZones FlowLogs InternetGateways "
        "ManagedPrefixLists NatGateways NetworkAcls NetworkInterfaces PrefixLists RouteTables "
        "SecurityGroupRules SecurityGroups Subnets VpcEndpoints Vpcs"
    )
    others = [
        "kms:ListAliases",
        "logs:DescribeLogGroups",
        "sagemaker:ListTrainingJobs",
        "sagemaker:Search",
        "servicequotas:ListServiceQuotas",
    ]
    vpc = scope.site.arn("ec2", "vpc/*")
    lists = scope.site.arn("ec2", "prefix-list/*", account="*")
    return [
        allow("ReadNetwork", [f"ec2:Describe{each}" for each in network.split()], _ALL),
        allow("ReadVpcs", ["ec2:DescribeVpcAttribute"], [vpc]),
        allow("ReadPrefixLists", ["ec2:GetManagedPrefixListEntries"], [lists]),
        allow("ReadLists", others, _ALL),
    ]


def _stack_reads(scope: DeployerScope) -> list[Statement]:
    """The stack's own resources, and the logs of its jobs."""
    role = scope.site.global_arn("iam", f"role/{scope.site.prefix}-*")
    flow_logs = scope.site.arn("logs", f"log-group:{scope.site.prefix}-*")
    job_logs = scope.site.arn("logs", f"log-group:{TRAINING_LOGS}")
    roles = "GetRole GetRolePolicy ListAttachedRolePolicies ListRolePolicies ListRoleTags"
    key = "DescribeKey GetKeyPolicy GetKeyRotationStatus ListResourceTags"
    return [
        allow("ReadBucket", actions_of("s3", _BUCKET_SETTINGS), [scope.artifact_bucket_arn]),
        allow("ReadKey", actions_of("kms", key), [scope.key_arn]),
        allow("ReadRoles", actions_of("iam", roles), [role]),
        allow("ReadFlowLogTags", ["logs:ListTagsForResource"], [flow_logs]),
        allow("FindJobLogs", ["logs:DescribeLogStreams"], [job_logs]),
        allow(
            "ReadJobLogs",
            ["logs:GetLogEvents"],
            [f"{job_logs}:log-stream:{scope.site.prefix}-*"],
        ),
    ]


def _image_reads(scope: DeployerScope) -> list[Statement]:
    """Whether an image exists, and which digest its tag means when a job is launched."""
    actions = ["ecr:BatchGetImage"]
    return [allow("FindImages", actions, scope.repository_arns)] if scope.repository_arns else []


def _alert_reads(scope: DeployerScope) -> list[Statement]:
    name = f"{scope.site.prefix}-alerts*"
    chat = ["chatbot:DescribeSlackChannelConfigurations", "chatbot:ListTagsForResource"]
    topic = "GetTopicAttributes ListSubscriptionsByTopic ListTagsForResource"
    rule = "DescribeRule ListTagsForResource ListTargetsByRule"
    machine = "DescribeStateMachine ListStateMachineVersions ListTagsForResource"
    return [
        allow("ReadTopic", actions_of("sns", topic), [scope.site.arn("sns", name)]),
        allow("ReadRules", actions_of("events", rule), [scope.site.arn("events", f"rule/{name}")]),
        allow(
            "ReadAlarms",
            actions_of("cloudwatch", "DescribeAlarms ListTagsForResource"),
            [scope.site.arn("cloudwatch", f"alarm:{name}")],
        ),
        allow(
            "ReadWatchdog",
            actions_of("states", machine),
            [scope.site.arn("states", f"stateMachine:{name}")],
        ),
        allow(
            "ReadBudget",
            actions_of("budgets", "ListTagsForResource ViewBudget"),
            [scope.site.global_arn("budgets", f"budget/{name}")],
        ),
        allow("ReadChannels", [*chat, "sns:GetSubscriptionAttributes"], _ALL),
    ]

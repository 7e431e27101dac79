"""What a deployer may read, so that a preview or a refresh can compare the stack with AWS."""

from __future__ import annotations

from components.deployer.deployer_scope import DeployerScope
from components.policy_documents import Statement, allow
from components.site import TRAINING_LOGS

_BUCKET_SETTINGS = (
    "GetAccelerateConfiguration GetBucketAbac GetBucketAcl GetBucketCORS GetBucketLocation "
    "GetBucketLogging GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy "
    "GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning "
    "GetBucketWebsite GetEncryptionConfiguration GetLifecycleConfiguration "
    "GetReplicationConfiguration ListBucket ListTagsForResource"
)
"""Everything that the aws provider reads of a bucket."""


def read_statements(scope: DeployerScope) -> list[Statement]:
    """Reading the stack's resources and the logs of its jobs: no model, checkpoint or secret.

    Only the dashboard is also written.

    A statement is about several services where it can be, as a role's policy may not be long. That
    widens nothing: the actions of a service apply to no resource of another one.
    """
    alerts = [_alert_reads(scope)] if scope.alerts else []
    return [*_account_reads(scope), *_stack_reads(scope), *alerts]


def actions_of(service: str, actions: str) -> list[str]:
    """The actions of a service, from a text that has them without its name."""
    return [f"{service}:{action}" for action in actions.split()]


def _account_reads(scope: DeployerScope) -> list[Statement]:
    """What AWS lets a role read only for all resources of an account."""
    network = (
        "Addresses AddressesAttribute AvailabilityZones FlowLogs InstanceTypeOfferings "
        "InternetGateways ManagedPrefixLists NatGateways NetworkAcls NetworkInterfaces "
        "PrefixLists RouteTables "
        "SecurityGroupRules SecurityGroups Subnets VpcEndpointServices VpcEndpoints Vpcs"
    )
    lists = [
        *(f"ec2:Describe{each}" for each in network.split()),
        "kms:ListAliases",
        "logs:DescribeLogGroups",
        *(["sagemaker:ListHyperParameterTuningJobs"] if scope.tunes else []),
        "sagemaker:ListTrainingJobs",
        "sagemaker:Search",
        "servicequotas:ListServiceQuotas",
    ]
    chat = ["chatbot:DescribeSlackChannelConfigurations", "chatbot:ListTagsForResource"]
    alerts = [
        *chat,
        "sns:GetSubscriptionAttributes",
        # The aws provider has each changed definition of the watchdog validated in a preview.
        "states:ValidateStateMachineDefinition",
    ]
    details = ["ec2:DescribeVpcAttribute", "ec2:GetManagedPrefixListEntries"]
    vpcs = scope.site.arn("ec2", "vpc/*")
    prefix_lists = scope.site.arn("ec2", "prefix-list/*", account="*")
    return [
        allow("ReadLists", [*lists, *(alerts if scope.alerts else ())], ["*"]),
        allow("ReadVpcsAndPrefixLists", details, [vpcs, prefix_lists]),
    ]


def _stack_reads(scope: DeployerScope) -> list[Statement]:
    """The stack's own resources, its jobs' images, and the logs of its jobs.

    Of an image: whether it exists, and which digest its tag means when a job is launched.
    """
    role = scope.site.global_arn("iam", f"role/{scope.site.prefix}-*")
    flow_logs = scope.site.arn("logs", f"log-group:{scope.site.prefix}-*")
    job_logs = scope.site.arn("logs", f"log-group:{TRAINING_LOGS}")
    roles = "GetRole GetRolePolicy ListAttachedRolePolicies ListRolePolicies ListRoleTags"
    key = "DescribeKey GetKeyPolicy GetKeyRotationStatus ListResourceTags"
    reads = [
        *actions_of("s3", _BUCKET_SETTINGS),
        *actions_of("kms", key),
        *actions_of("iam", roles),
        "logs:ListTagsForResource",
        *(["ecr:BatchGetImage"] if scope.repository_arns else []),
    ]
    resources = [scope.artifact_bucket_arn, scope.key_arn, role, flow_logs]
    jobs = [scope.site.job_name_prefix, *([scope.site.tuning_name_prefix] if scope.tunes else [])]
    streams = [f"{job_logs}:log-stream:{each}" for each in ("", *(f"{job}*" for job in jobs))]
    return [
        allow("ReadStack", reads, [*resources, *scope.repository_arns]),
        # The list of a group's streams is a resource of its own, the stream without a name: AWS
        # names it where it refuses such a list.
        allow(
            "ReadJobLogs", ["logs:DescribeLogStreams", "logs:GetLogEvents"], [job_logs, *streams]
        ),
    ]


def _alert_reads(scope: DeployerScope) -> Statement:
    """The topic, rules, alarms, watchdog, budget and dashboard of the stack's alerts.

    The dashboard is drawn again, too: a new metric of a job is a new graph on it.
    """
    site = scope.site
    name = f"{site.prefix}-alerts*"
    actions = {
        "budgets": "ListTagsForResource ViewBudget",
        "cloudwatch": "DescribeAlarms ListTagsForResource",
        "events": "DescribeRule ListTagsForResource ListTargetsByRule",
        "sns": "GetTopicAttributes ListSubscriptionsByTopic ListTagsForResource",
        "states": "DescribeStateMachine ListStateMachineVersions ListTagsForResource",
    }
    resources = [
        site.global_arn("budgets", f"budget/{name}"),
        site.arn("cloudwatch", f"alarm:{name}"),
        site.arn("events", f"rule/{name}"),
        site.arn("sns", name),
        site.arn("states", f"stateMachine:{name}"),
    ]
    reads = [each for service in actions.items() for each in actions_of(*service)]
    if not scope.dashboard:
        return allow("ReadAlerts", reads, resources)
    draws = actions_of("cloudwatch", "GetDashboard PutDashboard")
    dashboard = site.global_arn("cloudwatch", f"dashboard/{name}")
    return allow("ReadAlertsAndDraw", [*reads, *draws], [*resources, dashboard])

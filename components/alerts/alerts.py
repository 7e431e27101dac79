"""Alerts: messages about jobs that end badly or take too long, and about the month's cost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.alerts.alert_documents import (
    FAILURES,
    TUNING_FAILURES,
    Ending,
    chat_trust,
    endings,
    event_inputs,
    event_message,
    event_pattern,
    topic_policy,
)
from components.alerts.alert_settings import AlertSettings, SlackSettings
from components.alerts.dashboard_body import Shown, dashboard_body
from components.alerts.watch import Watch
from components.alerts.watchdog import Watchdog, WatchdogArgs
from components.decimals import decimal_text
from components.site import COST_TAG, Site

BUDGET_WARNINGS = (("ACTUAL", 80), ("FORECASTED", 100), ("ACTUAL", 100))
"""The kinds of cost, and the percentage of the budget at which each of them sends an alert."""

_DAY_SECONDS = 86_400
_DELIVERY_SECONDS = 300


@dataclass(frozen=True)
class AlertsArgs:
    """What alerts are made from.

    Attributes:
        site: the stack's site.
        settings: the stack's settings of the alerts.
        bucket_name: the bucket that the stack's jobs write to; alerts know them by it.
        key_arn: the key that encrypts the alerts; its policy lets the publishing services use it.
        tunes: whether the stack has a tuning job.
        waiting_is_limited: whether SageMaker stops a job of the stack that waits too long.
        metrics: the names of the jobs' own metrics.
        prices: USD per instance and hour of the instance types that the jobs may run on.
    """

    site: Site
    settings: AlertSettings
    bucket_name: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    tunes: bool = False
    waiting_is_limited: bool = False
    metrics: Sequence[str] = ()
    prices: Mapping[str, float] = field(default_factory=dict)


class Alerts(pulumi.ComponentResource):
    """An encrypted topic, what publishes to it, and who is subscribed."""

    topic_arn: pulumi.Output[str]
    """The topic, to which other subscribers can be added."""

    dependencies: list[pulumi.Resource]
    """What a job must start after, so that no end of a job is missed."""

    def __init__(
        self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-training:index:Alerts", name, None, opts)
        self._name = name
        self._args, self._site = args, args.site
        self.dependencies = []
        settings = args.settings

        self._create_topic()
        if not settings.emails and settings.slack is None:
            pulumi.warn(_NO_SUBSCRIBER, self)
        for number, email in enumerate(settings.emails, start=1):
            self._subscribe(number, email)
        if settings.slack is not None:
            self._create_slack_channel(settings.slack)
        for ending in endings(args.waiting_is_limited, args.tunes):
            rule = self._create_event_rule(ending)
            if ending in (*FAILURES, *TUNING_FAILURES):
                self._create_failure_alarm(ending, rule)
            self._create_delivery_alarm(ending, rule)
        if settings.prolonged is not None or settings.idle is not None:
            self._create_watchdog()
        if settings.monthly_budget_usd is not None:
            self._create_budget(settings.monthly_budget_usd)
        if settings.dashboard:
            self._create_dashboard()

        self.register_outputs({"topic_arn": self.topic_arn})

    def _create_topic(self) -> None:
        args = self._args
        topic = aws.sns.Topic(self._name, kms_master_key_id=args.key_arn, opts=self._child())
        self.topic_arn, self._topic_name = topic.arn, topic.name
        self._policy = aws.sns.TopicPolicy(
            self._name,
            arn=topic.arn,
            policy=topic.arn.apply(lambda arn: json.dumps(topic_policy(arn, args.site))),
            opts=self._child(),
        )
        self.dependencies += [topic, self._policy]

    def _subscribe(self, number: int, email: str) -> None:
        subscription = aws.sns.TopicSubscription(
            f"{self._name}-email-{number}",
            topic=self.topic_arn,
            protocol="email",
            endpoint=email,
            opts=self._child(),
        )
        self.dependencies.append(subscription)
        subscription.pending_confirmation.apply(
            lambda pending: pulumi.warn(_unconfirmed(email), self) if pending else None
        )

    def _create_slack_channel(self, slack: SlackSettings) -> None:
        """The channel only shows messages: neither it nor its guardrail allows any action."""
        name = f"{self._name}-slack"
        role = aws.iam.Role(
            name,
            description=f"Lets {self._name} show messages and nothing else",
            assume_role_policy=json.dumps(chat_trust()),
            permissions_boundary=self._site.permissions_boundary,
            opts=self._child(),
        )
        deny_all = self._site.arn("iam", "policy/AWSDenyAll", region="", account="aws")
        channel = aws.chatbot.SlackChannelConfiguration(
            name,
            # The name must be unique in the account, and the topic's name has a random suffix.
            configuration_name=self._topic_name,
            slack_team_id=slack.workspace_id,
            slack_channel_id=slack.channel_id,
            iam_role_arn=role.arn,
            guardrail_policy_arns=[deny_all],
            sns_topic_arns=[self.topic_arn],
            opts=pulumi.ResourceOptions(
                parent=self,
                # A channel can't move to another workspace, and the provider would only try. The
                # new one needs the old one's name.
                replace_on_changes=["slackTeamId"],
                delete_before_replace=True,
            ),
        )
        self.dependencies += [role, channel]

    def _create_event_rule(self, ending: Ending) -> aws.cloudwatch.EventRule:
        name, args = f"{self._name}-{ending.name}", self._args
        pattern = pulumi.Output.from_input(args.bucket_name).apply(
            lambda bucket: json.dumps(event_pattern(ending, args.site, bucket))
        )
        rule = aws.cloudwatch.EventRule(
            name,
            description=f"A {ending.kind.noun} {ending.title}",
            event_pattern=pattern,
            opts=self._child(),
        )
        target = aws.cloudwatch.EventTarget(
            name,
            rule=rule.name,
            arn=self.topic_arn,
            input_transformer={
                "input_paths": event_inputs(ending),
                "input_template": event_message(ending, args.site),
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._policy]),
        )
        self.dependencies += [rule, target]
        return rule

    def _create_failure_alarm(self, ending: Ending, rule: aws.cloudwatch.EventRule) -> None:
        """An alarm on EventBridge's own metric of how often the rule matched."""
        number = self._args.settings.failures_per_day
        self._create_alarm(
            "failures" if ending is FAILURES[0] else f"failures-{ending.name}",
            f"{number} or more {_counted(ending)} failed within a day",
            "TriggeredRules",
            rule,
            period=_DAY_SECONDS,
            threshold=number,
        )

    def _create_delivery_alarm(self, ending: Ending, rule: aws.cloudwatch.EventRule) -> None:
        """An alarm on messages that EventBridge can't make or deliver; nothing else reports it."""
        self._create_alarm(
            f"{ending.name}-undelivered",
            f"A {ending.kind.noun} {ending.title}, and EventBridge could not send the message of "
            "it: look at the jobs",
            "FailedInvocations",
            rule,
            period=_DELIVERY_SECONDS,
            threshold=1,
        )

    def _create_alarm(
        self,
        name: str,
        description: str,
        metric: str,
        rule: aws.cloudwatch.EventRule,
        *,
        period: int,
        threshold: int,
    ) -> None:
        """An alarm on how often a rule's metric was counted in a period of seconds.

        Each rule has an alarm of its own, and there is no sum over rules: most of these metrics
        have never been counted, and AWS doesn't say what a sum with such a metric is.
        """
        alarm = aws.cloudwatch.MetricAlarm(
            f"{self._name}-{name}",
            alarm_description=description,
            namespace="AWS/Events",
            metric_name=metric,
            dimensions={"RuleName": rule.name},
            statistic="Sum",
            period=period,
            evaluation_periods=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=threshold,
            treat_missing_data="notBreaching",
            alarm_actions=[self.topic_arn],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._policy]),
        )
        self.dependencies.append(alarm)

    def _create_watchdog(self) -> None:
        settings = self._args.settings
        reported = {"prolonged": settings.prolonged, "idle": settings.idle}
        watch = pulumi.Output.all(
            owner=self._args.bucket_name, topic_arn=self.topic_arn, key_arn=self._args.key_arn
        ).apply(
            lambda known: Watch(
                site=self._site,
                prolonged=settings.prolonged,
                idle=settings.idle,
                tunes=self._args.tunes,
                prices=self._args.prices,
                **known,
            )
        )
        watchdog = Watchdog(
            f"{self._name}-watchdog",
            WatchdogArgs(
                self._site,
                watch,
                self.topic_arn,
                reports=" and ".join(name for name, found in reported.items() if found),
            ),
            opts=self._child(),
        )
        self.dependencies += watchdog.dependencies

    def _create_budget(self, usd: float) -> None:
        """The team's budget, by its tag, which the trials of a tuning job have from it.

        The budget counts no cost until the account's billing settings have activated the tag as a
        cost allocation tag.
        """
        created = aws.budgets.Budget(
            self._name,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=decimal_text(usd),
            limit_unit="USD",
            cost_filters=[
                {"name": "TagKeyValue", "values": [f"user:{COST_TAG}${self._site.tags[COST_TAG]}"]}
            ],
            notifications=[
                {
                    "notification_type": kind,
                    "comparison_operator": "GREATER_THAN",
                    "threshold": percent,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_sns_topic_arns": [self.topic_arn],
                }
                for kind, percent in BUDGET_WARNINGS
            ],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._policy]),
        )
        self.dependencies.append(created)

    def _create_dashboard(self) -> None:
        """A dashboard of the stack's jobs; no job waits for it.

        Its name is the topic's, which has a random suffix: the dashboards of an account are the
        same in all regions, and a second one of a name would replace the first without an error.
        """
        args = self._args
        alarms = [
            each.arn for each in self.dependencies if isinstance(each, aws.cloudwatch.MetricAlarm)
        ]
        body = pulumi.Output.all(*alarms).apply(
            lambda arns: dashboard_body(
                Shown(
                    site=args.site,
                    metrics=args.metrics,
                    alarms=arns,
                    budget=args.settings.monthly_budget_usd is not None,
                    tunes=args.tunes,
                )
            )
        )
        aws.cloudwatch.Dashboard(
            self._name, dashboard_name=self._topic_name, dashboard_body=body, opts=self._child()
        )

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)


_NO_SUBSCRIBER = (
    "no one gets the alerts, so no one hears of a job that fails: set alerts.emails or "
    "alerts.slack, or subscribe to the topic yourself"
)


def _counted(ending: Ending) -> str:
    """What an alarm of many failures counts."""
    return "jobs" if ending in FAILURES else f"{ending.kind.noun}s"


def _unconfirmed(email: str) -> str:
    return (
        f"{email} gets no alerts yet: open the link in AWS's mail to this address, then run "
        "`pulumi refresh`"
    )

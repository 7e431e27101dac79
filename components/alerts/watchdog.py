"""The watchdog: reports jobs that are older than a limit, or idle.

It stops those that are too old if the settings say so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.alerts.watch import Watch
from components.alerts.watchdog_documents import (
    schedule_policy,
    schedule_trust,
    state_machine,
    watchdog_policy,
    watchdog_trust,
)
from components.site import Site

INTERVAL_MINUTES = 15

_BAD_ENDS = {"failures": "ExecutionsFailed", "timeouts": "ExecutionsTimedOut"}
"""Metrics of Step Functions: an execution that runs out of time does not count as failed."""

_NOT_STARTED = "FailedInvocations"
"""EventBridge's metric of how often a rule could not start its target."""


@dataclass(frozen=True)
class WatchdogArgs:
    """What a watchdog is made from.

    Attributes:
        site: the stack's site.
        watch: which jobs it watches, and what it does; an output, as the topic and the key are.
        topic_arn: the topic that gets a message when the watchdog itself fails.
        reports: what it reports, as "prolonged" jobs; for the alarms of its own failures.
    """

    site: Site
    watch: pulumi.Input[Watch]
    topic_arn: pulumi.Input[str]
    reports: str = "prolonged"


class Watchdog(pulumi.ComponentResource):
    """A state machine that a schedule starts, and alarms for its own failures."""

    state_machine_arn: pulumi.Output[str]
    """The state machine."""

    dependencies: list[pulumi.Resource]
    """What a job must start after, so that it is watched from the beginning."""

    def __init__(
        self, name: str, args: WatchdogArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("sagemaker-training:index:Watchdog", name, None, opts)
        self._name = name
        self._args = args
        self.dependencies = []
        self._watch = pulumi.Output.from_input(args.watch)

        self._create_state_machine()
        rule = self._create_schedule()
        machine = {"StateMachineArn": self.state_machine_arn}
        for name, metric in _BAD_ENDS.items():
            self._create_alarm(name, "AWS/States", metric, machine)
        self._create_alarm("starts", "AWS/Events", _NOT_STARTED, {"RuleName": rule.name})

        self.register_outputs({"state_machine_arn": self.state_machine_arn})

    def _create_state_machine(self) -> None:
        role = aws.iam.Role(
            self._name,
            description=f"What {self._name} acts as",
            assume_role_policy=json.dumps(watchdog_trust(self._args.site)),
            permissions_boundary=self._args.site.permissions_boundary,
            opts=self._child(),
        )
        policy = aws.iam.RolePolicy(
            self._name,
            role=role.name,
            policy=self._watch.apply(lambda watch: json.dumps(watchdog_policy(watch))),
            opts=self._child(),
        )
        machine = aws.sfn.StateMachine(
            self._name,
            role_arn=role.arn,
            definition=self._watch.apply(lambda watch: json.dumps(state_machine(watch))),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.state_machine_arn = machine.arn
        self.dependencies += [role, policy, machine]

    def _create_schedule(self) -> aws.cloudwatch.EventRule:
        name = f"{self._name}-run"
        role = aws.iam.Role(
            name,
            description=f"Starts {self._name}",
            assume_role_policy=json.dumps(schedule_trust(self._args.site)),
            permissions_boundary=self._args.site.permissions_boundary,
            opts=self._child(),
        )
        policy = aws.iam.RolePolicy(
            name,
            role=role.name,
            policy=self.state_machine_arn.apply(lambda arn: json.dumps(schedule_policy(arn))),
            opts=self._child(),
        )
        rule = aws.cloudwatch.EventRule(
            name,
            description=f"Starts {self._name}",
            schedule_expression=f"rate({INTERVAL_MINUTES} minutes)",
            opts=self._child(),
        )
        target = aws.cloudwatch.EventTarget(
            name,
            rule=rule.name,
            arn=self.state_machine_arn,
            role_arn=role.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )
        self.dependencies += [role, policy, rule, target]
        return rule

    def _create_alarm(
        self, name: str, namespace: str, metric: str, dimensions: Mapping[str, pulumi.Input[str]]
    ) -> None:
        alarm = aws.cloudwatch.MetricAlarm(
            f"{self._name}-{name}",
            alarm_description=f"{self._name} did not start, or failed, so no one may hear of "
            f"{self._args.reports} jobs",
            namespace=namespace,
            metric_name=metric,
            dimensions=dimensions,
            statistic="Sum",
            period=3600,
            evaluation_periods=1,
            comparison_operator="GreaterThanOrEqualToThreshold",
            threshold=1,
            treat_missing_data="notBreaching",
            alarm_actions=[self._args.topic_arn],
            opts=self._child(),
        )
        self.dependencies.append(alarm)

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)

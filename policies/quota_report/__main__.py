"""`python -m quota_report`: what all stacks use, compared with the policy pack's configuration.

With `--preview`, one of them counts as its preview has it, which says whether it may be updated. It
exits with 0 if everything is within its quota, 1 if something is not, and 2 if the configuration
or the backend can't be read.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from quota_report.backend import Backend, BackendError, RecordedJob
from quota_report.planned import PlannedUpdate, PreviewError, read_preview
from quota_report.report import AccountLine, Report, as_json, as_text
from quota_report.usage import StackJob, usage
from training_policies.configuration import (
    Configuration,
    ConfigurationError,
    configuration_file,
    read_configuration,
)
from training_policies.pack import POLICIES
from training_policies.stack_identity import stack_of
from training_policies.training_job import TrainingJobView


def main(arguments: list[str] | None = None) -> int:
    """Prints the report, and returns the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if (options.preview is None) != (options.stack is None):
        parser.error("--preview and --stack go together")
    try:
        configuration = read_configuration(options.configuration, POLICIES)
        backend = Backend(options.pulumi, os.environ)
        recorded = backend.jobs(trust_settings=configuration.trusts_settings)
        update = _update(options, backend, configuration) if options.preview else None
    except (ConfigurationError, BackendError, PreviewError) as error:
        print(error, file=sys.stderr)
        return 2
    report = _report(recorded, update, configuration, options.live)
    print(as_json(report) if options.format == "json" else as_text(report))
    return 1 if report.is_refused else 0


def _update(
    options: argparse.Namespace, backend: Backend, configuration: Configuration
) -> PlannedUpdate:
    preview = read_preview(options.preview)
    trust = configuration.trusts_settings
    stack = backend.stack(options.stack, preview.settings, trust_settings=trust)
    return PlannedUpdate(preview, stack)


def _report(
    recorded: list[RecordedJob],
    update: PlannedUpdate | None,
    configuration: Configuration,
    live: str | None,
) -> Report:
    def asked_for(running: list[TrainingJobView]) -> list[StackJob]:
        arns = {each.resource.urn for each in running}
        return list(update.jobs(recorded, arns) if update else recorded)

    if live is None:
        return Report(usage(asked_for([]), configuration))
    # Only a report on an account needs the AWS SDK; the pack itself does not.
    import boto3

    from quota_report.live import account_quotas, instances_by_market, running_jobs

    session = boto3.Session(region_name=live)
    running = running_jobs(session)
    jobs = asked_for(running)
    used, asked = instances_by_market(running), instances_by_market(each.job for each in jobs)
    quotas = account_quotas(session)
    account = [
        AccountLine(str(market), used[market], asked[market], quotas.get(market, 0))
        for market in sorted(used | asked, key=str)
    ]
    now = usage(owned(running, recorded, configuration), configuration)
    return Report(usage(jobs, configuration), now, account)


def owned(
    running: list[TrainingJobView], recorded: list[RecordedJob], configuration: Configuration
) -> Iterator[StackJob]:
    """The running jobs, with the stacks that record them or else with one that has no team."""
    stacks = {each.arn: each.stack for each in recorded if each.arn}
    unowned = stack_of("", {}, {}, trust_settings=configuration.trusts_settings)
    for job in running:
        yield StackJob(job, stacks.get(job.resource.urn, unowned))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="quota_report",
        description="What the training jobs of all stacks use, compared with the teams' quotas. "
        "The backend is the one that pulumi is logged in to, or PULUMI_BACKEND_URL.",
    )
    parser.add_argument(
        "--configuration",
        type=Path,
        default=configuration_file(),
        help="the policy pack's configuration file",
    )
    parser.add_argument(
        "--live",
        metavar="REGION",
        help="also what runs in a region of the account of the AWS credentials, and its quotas",
    )
    parser.add_argument(
        "--preview",
        type=Path,
        metavar="EVENTS",
        help="the event log of a stack's preview: the stack counts as the update would leave it",
    )
    parser.add_argument("--stack", help="the stack that was previewed")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--pulumi", default="pulumi", help="the Pulumi CLI, if not on the PATH")
    return parser


if __name__ == "__main__":
    sys.exit(main())

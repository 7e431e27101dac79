"""The rules between a job's settings that need nothing but the settings and the project's folder.

Each function checks one thing and yields what is wrong with it. The API's own limits on the
finished request are in `components.training_job.limits`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

from components.durations import format_duration
from components.instances import similar_types, training_instance_types
from components.problems import Problem
from components.training_job.job import InputSettings, JobSettings
from components.training_job.request import Placement, overridden, training_request

_SECRET_NAME = re.compile(
    r"(?i)(^|[^a-z])(password|passwd|secret|token|credentials?|api[_-]?key|access[_-]?key|"
    r"private[_-]?key)([^a-z]|$)"
)
_SECRET_VALUE = re.compile(
    r"AKIA[0-9A-Z]{16}|ASIA[0-9A-Z]{16}|hf_[A-Za-z0-9]{30,}|gh[pousr]_[A-Za-z0-9]{30,}|"
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----|xox[abprs]-[A-Za-z0-9-]{10,}|sk-[A-Za-z0-9_-]{20,}"
)
_ANYWHERE = Placement(
    role_arn="role",
    key_arn="key",
    subnet_ids=["subnet"],
    security_group_ids=["group"],
    output_uri="s3://bucket/output",
    checkpoint_uri="s3://bucket/checkpoints",
    code_uri="s3://bucket/source",
    input_uris={},
    tags={"team": "team"},
)
"""Stands for the placement where only the shape of a request counts."""

_RESERVED_CHANNELS = frozenset({"code"})


def job_problems(job: JobSettings, project: Path) -> list[Problem]:
    """Everything that is wrong with one job's settings; `project` is the program's folder."""
    return [problem for rule in _RULES for problem in rule(job, project)]


def _spot_keeps_checkpoints(job: JobSettings, _: Path) -> Iterator[Problem]:
    if job.spot is not None and not job.spot.checkpoints:
        yield Problem(
            "spot.checkpoints",
            False,
            "a job on spot capacity needs checkpoints, or an interruption loses all its work",
            "remove it, or set spot: false for on-demand capacity",
        )


def _wait_covers_runtime(job: JobSettings, _: Path) -> Iterator[Problem]:
    if job.max_wait is not None and job.max_wait < job.max_runtime:
        yield Problem(
            "spot.maxWait",
            format_duration(job.max_wait),
            f"maxWait covers waiting and running, so it must be at least maxRuntime, "
            f"{format_duration(job.max_runtime)}",
            f"set maxWait to {format_duration(job.max_runtime)} or more, or shorten maxRuntime",
        )


def _a_warm_pool_is_on_demand(job: JobSettings, _: Path) -> Iterator[Problem]:
    if job.keep_alive is not None and job.spot is not None:
        yield Problem(
            "keepAlive",
            format_duration(job.keep_alive),
            "the service keeps no warm pool of spot instances",
            "remove it, or set spot: false",
        )


def _one_lineage_is_named(job: JobSettings, _: Path) -> Iterator[Problem]:
    if job.fresh and job.resume_from:
        yield Problem(
            "resumeFrom",
            job.resume_from,
            f"fresh ({job.fresh}) starts another lineage, so there is none to resume",
            "remove one of fresh and resumeFrom",
        )


def _extra_overrides_nothing(job: JobSettings, _: Path) -> Iterator[Problem]:
    modelled = training_request(job.model_copy(update={"extra": {}}), _ANYWHERE)
    for path in overridden(modelled, job.extra):
        yield Problem(
            f"extra.{path}",
            "(set)",
            "has a setting of its own, which extra may not override",
            "use that setting",
        )


def _type_is_listed(job: JobSettings, _: Path) -> Iterator[Problem]:
    if job.instance_type in training_instance_types() or job.unlisted_instance_type:
        return
    close = similar_types(job.instance_type)
    meant = f"did you mean {' or '.join(close)}? " if close else ""
    yield Problem(
        "instanceType",
        job.instance_type,
        "is not a SageMaker training instance type that is known here",
        f"{meant}For a type newer than the table, set unlistedInstanceType: true",
    )


def _source_exists(job: JobSettings, project: Path) -> Iterator[Problem]:
    if job.source is None:
        return
    folder = project / job.source.dir
    if not folder.is_dir():
        yield Problem(
            "source.dir",
            job.source.dir,
            "there is no such folder in the project",
            f"create it, or name a folder below {project.name}/",
        )
    elif not (folder / job.source.entry_point).is_file():
        yield Problem(
            "source.entryPoint",
            job.source.entry_point,
            f"there is no such file in {job.source.dir}",
            f"name one of {_scripts_in(folder)}",
        )
    elif not (folder / job.source.entry_point).resolve().is_relative_to(folder.resolve()):
        yield Problem(
            "source.entryPoint",
            job.source.entry_point,
            f"lies outside {job.source.dir}",
            "name a script inside of it",
        )


def _scripts_in(folder: Path) -> str:
    return ", ".join(sorted(path.name for path in folder.glob("*.py"))[:5]) or "its files"


def _launcher_has_a_script(job: JobSettings, _: Path) -> Iterator[Problem]:
    if job.source is None and job.distribution != "none":
        yield Problem(
            "distribution",
            job.distribution,
            "a distribution needs a script that the launcher can start",
            "add source: {dir, entryPoint}, or remove distribution",
        )


def _inputs_are_readable(job: JobSettings, project: Path) -> Iterator[Problem]:
    for name, channel in job.inputs.items():
        path = f"inputs.{name}"
        if name in _RESERVED_CHANNELS or not re.fullmatch(r"[A-Za-z0-9.\-_]{1,64}", name):
            yield Problem(
                path,
                name,
                "a channel's name has 1 to 64 letters, digits, dots, hyphens or underscores, and "
                "code is the source's",
                "choose another name",
            )
        if (channel.s3_uri is None) == (channel.path is None):
            yield Problem(
                path,
                channel.s3_uri and channel.path,
                "a channel is either data in S3 or a local file or folder",
                "set one of s3Uri and path",
            )
        yield from _location_problems(path, channel, project)


def _location_problems(path: str, channel: InputSettings, project: Path) -> Iterator[Problem]:
    if channel.path is not None and not (project / channel.path).exists():
        yield Problem(
            f"{path}.path",
            channel.path,
            "there is no such file or folder in the project",
            "create it, or read the data from S3 with s3Uri",
        )


def _metrics_have_one_group(job: JobSettings, _: Path) -> Iterator[Problem]:
    for name, expression in job.metrics.items():
        try:
            groups = re.compile(expression).groups
        except re.error as error:
            yield Problem(
                f"metrics.{name}", expression, f"is not a regular expression: {error}", "mend it"
            )
            continue
        if groups != 1:
            yield Problem(
                f"metrics.{name}",
                expression,
                f"must have one group, which finds the value, but has {groups}",
                r"put the number in brackets, as in loss=([0-9.]+)",
            )


def _nothing_looks_secret(job: JobSettings, _: Path) -> Iterator[Problem]:
    texts = {f"environment.{name}": value for name, value in job.environment.items()}
    texts |= {f"hyperparameters.{name}": str(value) for name, value in job.hyperparameters.items()}
    for path, value in texts.items():
        name = path.partition(".")[2]
        if _SECRET_VALUE.search(value) or (_SECRET_NAME.search(name) and not value.isdecimal()):
            yield Problem(
                path,
                "(hidden)",
                "looks like a secret, and what stands here is readable in the job's record",
                "keep it in Secrets Manager and out of the job's settings",
            )


_RULES: tuple[Callable[[JobSettings, Path], Iterator[Problem]], ...] = (
    _spot_keeps_checkpoints,
    _wait_covers_runtime,
    _a_warm_pool_is_on_demand,
    _one_lineage_is_named,
    _extra_overrides_nothing,
    _type_is_listed,
    _source_exists,
    _launcher_has_a_script,
    _inputs_are_readable,
    _metrics_have_one_group,
    _nothing_looks_secret,
)

"""The rules for a job's settings that need nothing but the settings and the project's folder.

Each function checks one thing and yields what is wrong with it. The rules for spot, instances,
inputs, secrets and tuning, and the API's own limits, have modules of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from pathlib import Path
from posixpath import normpath

from components.arns import repository_arn
from components.problems import Problem, under
from components.tags import tag_problems
from components.training_job.code_channel.local_files import missing, source_files
from components.training_job.rules.api_limits import extra_problems, limit_problems
from components.training_job.rules.input_rules import input_problems
from components.training_job.rules.instance_rules import instance_problems
from components.training_job.rules.secret_rules import secret_problems
from components.training_job.rules.spot_rules import spot_problems
from components.training_job.rules.tuning_rules import tuned_job_problems
from components.training_job.settings.job_settings import JobSettings, SourceSettings

_MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*")
"""A module's name, as Python imports it."""
RESERVED_TAGS = ("aws:", "sagemaker-training:")


def job_problems(job: JobSettings, project: Path) -> list[Problem]:
    """Everything that is wrong with one job's settings; `project` is the program's folder."""
    secrets = [*secret_problems(job)]
    tuned = _unreported(tuned_job_problems(job), secrets)
    problems = [problem for rule in _RULES for problem in rule(job, project)]
    problems += [*spot_problems(job), *instance_problems(job), *input_problems(job, project)]
    problems = [*_unreported([*problems, *secrets], tuned), *tuned]
    limits = [*limit_problems(job), *extra_problems(job)]
    return [*problems, *_unreported(limits, problems)]


def _unreported(problems: Iterable[Problem], reported: Iterable[Problem]) -> list[Problem]:
    """The problems of values that no other problem is about, or about what they are in.

    The rules of the settings have plainer words than the API's limits.
    """
    paths = [problem.path for problem in reported]
    return [each for each in problems if not any(_is_within(each.path, path) for path in paths)]


def _is_within(path: str, outer: str) -> bool:
    return f"{path}.".startswith(f"{outer}.")


def _something_is_run(job: JobSettings, _: Path) -> Iterator[Problem]:
    if (job.image is None) == (job.algorithm is None):
        yield Problem(
            "image",
            job.image,
            "a job runs an image or an algorithm, exactly one of the two",
            "set image: <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>, or algorithm",
        )
    if job.algorithm is not None and job.source is not None:
        yield Problem(
            "source",
            job.source.dir,
            "an algorithm has its own code, and a source would replace it",
            "remove it, or set image instead of algorithm",
        )


def _image_is_in_ecr(job: JobSettings, _: Path) -> Iterator[Problem]:
    if job.image is None:
        return
    try:
        repository = repository_arn(job.image)
    except ValueError:
        repository = None
    if repository is None:
        yield Problem(
            "image",
            job.image,
            "SageMaker runs training images from Amazon ECR only",
            "write <account>.dkr.ecr.<region>.amazonaws.com/<repository>:<tag>",
        )


def _one_lineage_is_named(job: JobSettings, _: Path) -> Iterator[Problem]:
    if job.fresh and job.resume_from:
        yield Problem(
            "resumeFrom",
            job.resume_from,
            f"fresh ({job.fresh}) starts a new lineage, and resumeFrom goes on with an old one",
            "remove one of fresh and resumeFrom",
        )


def _a_recurring_job_starts_anew(job: JobSettings, _: Path) -> Iterator[Problem]:
    if not job.recurring:
        return
    rule = "each run of a recurring job has a new lineage, without checkpoints"
    for name, value in (("fresh", job.fresh), ("resumeFrom", job.resume_from)):
        if value:
            yield Problem(name, value, rule, f"remove {name}, or recurring")
    if job.tuning is not None:
        yield Problem(
            "recurring",
            True,
            "a job that is tuned can't recur: a run trains one model",
            "remove tuning, or recurring",
        )


def _source_exists(job: JobSettings, project: Path) -> Iterator[Problem]:
    if job.source is None:
        return
    folder = project / job.source.dir
    if rule := missing(folder, Path.is_dir, "folder", "the project"):
        yield Problem(
            "source.dir",
            job.source.dir,
            rule,
            f"create it, or name a folder in {project.name}/",
        )
        return
    source = source_files(folder, project)
    yield from under("source.dir", source.problems)
    if source.files:
        entry = _script_problems if job.source.module is None else _module_problems
        yield from under("source.entryPoint", entry(job.source, folder, source.files))


def _script_problems(
    source: SourceSettings, folder: Path, files: Collection[str]
) -> Iterator[Problem]:
    script = folder / source.entry_point
    if rule := missing(script, Path.is_file, "file", source.dir):
        yield Problem(
            "",
            source.entry_point,
            rule,
            f"name one of {_scripts_in(folder)}",
        )
    elif normpath(source.entry_point) not in files:
        yield Problem(
            "",
            source.entry_point,
            f"is not packed: it is outside {source.dir}, or Git ignores it, or its name is one of "
            "tools' own files",
            f"remove it from .gitignore, or name one of {_scripts_in(folder)}",
        )


def _module_problems(
    source: SourceSettings, folder: Path, files: Collection[str]
) -> Iterator[Problem]:
    """What is wrong with a module; one that begins with no module of the source is the image's."""
    name = source.module or ""
    if not _MODULE.fullmatch(name):
        yield Problem(
            "",
            source.entry_point,
            "is not -m and the name of a module",
            "write it as -m trainer.finetune; what follows the name belongs into source.arguments",
        )
        return
    path, first = name.replace(".", "/"), name.partition(".")[0]
    modules = {each for each in files if each.endswith(".py")}
    is_ours = any(each == f"{first}.py" or each.startswith(f"{first}/") for each in modules)
    if is_ours and not {f"{path}.py", f"{path}/__main__.py"} & modules:
        yield Problem(
            "",
            source.entry_point,
            f"{source.dir} has neither {path}.py nor {path}/__main__.py among what is packed",
            f"add one of them, or name one of {_scripts_in(folder)}",
        )


def _scripts_in(folder: Path) -> str:
    scripts = sorted(path.name for path in folder.glob("*.py") if path.is_file())
    return ", ".join(scripts[:5]) or "its files"


def _launcher_has_a_script(job: JobSettings, _: Path) -> Iterator[Problem]:
    if job.source is None and job.distribution != "none":
        yield Problem(
            "distribution",
            job.distribution,
            "a distribution is set up by the launcher, which needs a script to start",
            "add source: {dir, entryPoint}, or remove distribution",
        )


def _a_process_can_get_it(job: JobSettings, _: Path) -> Iterator[Problem]:
    for setting, values in (
        ("hyperparameters", job.hyperparameters),
        ("environment", job.environment),
    ):
        for name, value in values.items():
            if "\0" in f"{name}{value}":
                rule = "has the character NUL, which no process can get"
                yield Problem(f"{setting}.{name}", value, rule, "remove it")
    for name in job.hyperparameters if job.source is not None else ():
        if not name or "=" in name:
            yield Problem(
                f"hyperparameters.{name}",
                name,
                "the script gets it as --name value, so its name is not empty and has no '='",
                "rename it",
            )


def _tags_are_the_jobs_own(job: JobSettings, _: Path) -> Iterator[Problem]:
    for name, value in job.tags.items():
        path = f"tags.{name}"
        if name.lower().startswith(RESERVED_TAGS):
            rule = f"tags that begin with {' or '.join(RESERVED_TAGS)} can't be set by a job"
            yield Problem(path, value, rule, "choose another name")
        else:
            yield from tag_problems(path, name, value)


def _metrics_have_one_group(job: JobSettings, _: Path) -> Iterator[Problem]:
    for name, expression in job.metrics.items():
        try:
            groups = re.compile(expression).groups
        except re.error as error:
            yield Problem(
                f"metrics.{name}",
                expression,
                f"is not a regular expression: {error}",
                "write one with the value in brackets, as in loss=([0-9.]+)",
            )
            continue
        if groups != 1:
            yield Problem(
                f"metrics.{name}",
                expression,
                f"must have one group, which finds the value, but has {groups}",
                r"put the number in brackets, as in loss=([0-9.]+)",
            )


_RULES: tuple[Callable[[JobSettings, Path], Iterator[Problem]], ...] = (
    _something_is_run,
    _image_is_in_ecr,
    _one_lineage_is_named,
    _a_recurring_job_starts_anew,
    _source_exists,
    _launcher_has_a_script,
    _a_process_can_get_it,
    _tags_are_the_jobs_own,
    _metrics_have_one_group,
)

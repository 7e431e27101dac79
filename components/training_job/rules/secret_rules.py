"""The rules for secrets: none is written into a job's record, and the launcher can fetch them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from components.problems import Problem
from components.training_job.request.training_request import SECRET_VARIABLE_PREFIX
from components.training_job.rules.input_rules import key_problems
from components.training_job.settings.job_settings import JobSettings

SECRET_ARN = re.compile(
    r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[A-Za-z0-9/_+=.@-]+-[A-Za-z0-9]{6}"
)
_HARMLESS = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?(e[+-]?[0-9]+)?|(?i:true|false|none|null|yes|no)|")
"""A number, a flag or nothing."""
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SECRET_NAME = re.compile(
    r"(?i)(^|[^a-z])(password|passwd|passphrase|pw|secret|token|credentials?|"
    r"(api|access|private|wandb|encryption|signing)[_-]?key)([^a-z]|$)"
)
_VOCABULARY = re.compile(
    r"(?i)(bos|cls|end|eos|image|mask|pad|pool|sep|special|start|stop|unk)"
    r"[_-]?token|token[_-]?(budget|classification|count|dropout|embeddings?|ids?|len|length|"
    r"level|limit|merg(e|ing)|pooling|type)"
)
"""Names of language models' tokens, which are no secrets."""
_NEXT_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
"""Where a word begins in a name like dbPassword."""
_SECRET_VALUE = re.compile(
    r"A(KIA|SIA)[0-9A-Z]{16}"  # AWS access keys, lasting and temporary
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----"
    r"|hf_[A-Za-z0-9]{30,}"  # Hugging Face
    r"|gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,}|glpat-[A-Za-z0-9_-]{20,}"
    r"|xox[abprs]-[A-Za-z0-9-]{10,}"  # Slack
    r"|(?<![A-Za-z0-9_-])sk-(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{20,}"  # OpenAI, Anthropic and others
    r"|AIza[0-9A-Za-z_-]{35}"  # Google
    r"|(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."  # a JSON web token
    # An address with a password.
    r"|(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,30}://[^\s/:@]{1,200}:[^\s/:@]{1,200}@"
)


def secret_problems(job: JobSettings) -> Iterator[Problem]:
    """Everything that is wrong with a job's secrets, and what looks like a secret elsewhere."""
    yield from _nothing_looks_secret(job)
    for name, secret in job.secrets.items():
        path = f"secrets.{name}"
        yield from _name_problems(path, name, job)
        yield from _arn_problems(path, secret.arn)
        yield from key_problems(f"{path}.keyArn", secret.key_arn)
    if job.secrets:
        yield from _fetch_problems(job)


def _nothing_looks_secret(job: JobSettings) -> Iterator[Problem]:
    for path, name, value in _texts(job):
        if _looks_secret(name, value):
            yield Problem(
                path,
                "(hidden)",
                "looks like a secret, and the job's record shows it in plain text",
                "keep it in Secrets Manager, and name its ARN in secrets",
            )


def _looks_secret(name: str, value: str) -> bool:
    """Whether a value has the form of a known key or token, or a name that a secret may have.

    Under such a name, a number, a flag and the ARN of a secret are accepted.
    """
    if _SECRET_VALUE.search(value):
        return True
    if _HARMLESS.fullmatch(value) or SECRET_ARN.fullmatch(value):
        return False
    words = _VOCABULARY.sub("", _NEXT_WORD.sub("_", name))
    return _SECRET_NAME.search(words) is not None


def _texts(job: JobSettings) -> Iterator[tuple[str, str, str]]:
    """Each text that comes into the job's record: its path, its name, and the text itself.

    An argument's name is in it, as in `--token=…`, or is the option before it, as in `--token …`.
    """
    for name, value in job.environment.items():
        yield f"environment.{name}", name, value
    for name, parameter in job.hyperparameters.items():
        yield f"hyperparameters.{name}", name, str(parameter)
    for name, each in job.tuning.ranges.items() if job.tuning else ():
        for position, parameter in enumerate(each.values):
            yield f"tuning.ranges.{name}.values.{position}", name, str(parameter)
    for name, value in job.tags.items():
        yield f"tags.{name}", name, value
    arguments = job.source.arguments if job.source else []
    for position, (option, argument) in enumerate(zip(["", *arguments], arguments, strict=False)):
        name, _, value = argument.rpartition("=")
        if option.startswith("-") and "=" not in option and not argument.startswith("-"):
            name = name or option
        yield f"source.arguments.{position}", name, value
    yield from _texts_in(job.extra, "extra", "")


def _texts_in(value: Any, path: str, name: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield from _texts_in(each, f"{path}.{key}", str(key))
    elif isinstance(value, list):
        for position, each in enumerate(value):
            yield from _texts_in(each, f"{path}.{position}", name)
    elif isinstance(value, str):
        yield path, name, value


def _name_problems(path: str, name: str, job: JobSettings) -> Iterator[Problem]:
    if not VARIABLE_NAME.fullmatch(name):
        rule = (
            "becomes an environment variable, whose name may have only letters, digits and _, and "
            "may not begin with a digit"
        )
        yield Problem(path, name, rule, f"choose another name, as {_variable_like(name)}")
    if name in job.environment:
        rule = "is the name of a variable that environment sets too"
        yield Problem(path, name, rule, f"remove environment.{name}")
    variable = f"{SECRET_VARIABLE_PREFIX}{name}"
    if variable in job.environment:
        rule = f"the launcher gets its ARN in the variable {variable}, which environment sets too"
        yield Problem(path, name, rule, f"remove environment.{variable}")


def _variable_like(name: str) -> str:
    """A name that a variable can have, as near as possible to one that it can't have."""
    near = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return near if VARIABLE_NAME.fullmatch(near) else f"_{near}"


def _arn_problems(path: str, arn: str) -> Iterator[Problem]:
    """The ARN must be full: without its last six characters, a policy would match more secrets."""
    if not SECRET_ARN.fullmatch(arn):
        yield Problem(
            path,
            "(hidden)",  # a user may have written the secret itself
            "is not the full ARN of a secret of Secrets Manager, with its last six characters",
            "write arn:aws:secretsmanager:<region>:<account>:secret:<name>-<6 characters>",
        )


def _fetch_problems(job: JobSettings) -> Iterator[Problem]:
    if job.network_isolation:
        yield Problem(
            "networkIsolation",
            True,
            "the launcher fetches secrets from Secrets Manager, and an isolated container has "
            "neither a network nor credentials",
            "set networkIsolation: false; or remove the secrets, and read what they give access to "
            "from an input channel",
        )
    if job.source is None:
        yield Problem(
            "secrets",
            sorted(job.secrets),
            "the launcher fetches secrets, and a job without a source has no launcher",
            "add source: {dir, entryPoint}",
        )

"""The policy that no secret is in a job's record, which many people may read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from training_policies.compliance import nist
from training_policies.policy import Parameters, Policy
from training_policies.training_job import TrainingJobView, may_be_training_job
from training_policies.training_rules.job_rules import for_jobs
from training_policies.tuning import range_values
from training_policies.violation import Violation

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
_HARMLESS = re.compile(r"[+-]?[0-9]+(\.[0-9]*)?(e[+-]?[0-9]+)?|(?i:true|false|none|null|yes|no)|")
"""A number, a flag or nothing."""
_SECRET_ARN = re.compile(r"arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:[^\s*]+")
"""Where a secret is kept, which is no secret itself."""

_MAPPINGS = ("Environment", "HyperParameters", "StaticHyperParameters")
_LISTS = ("AlgorithmSpecification.ContainerEntrypoint", "AlgorithmSpecification.ContainerArguments")


def _judge(job: TrainingJobView, parameters: Parameters) -> Iterator[Violation]:
    allowed = parameters["allowedNames"]
    for path, name, value in _texts(job):
        if _has_secret_form(value) or (name not in allowed and _sounds_secret(name, value)):
            # The value itself must not be printed.
            yield Violation(
                f"{path}.{name} looks like a secret",
                "everyone who may describe the job reads it, and a job's record can't be deleted",
                "a value that is not shown",
                "no secret",
            )


def _texts(job: TrainingJobView) -> Iterator[tuple[str, str, Any]]:
    """Every text of the request that a person writes: where, by which name, and the text."""
    for path in _MAPPINGS:
        values = job.request.read(path)
        for name, value in values.items() if isinstance(values, dict) else ():
            yield path, name, value
    for path in _LISTS:
        values = job.request.read(path)
        for number, (name, value) in enumerate(_arguments(values)):
            yield path, name or str(number), value
    for name, value in range_values(job.tuning, job.request) if job.tuning else ():
        yield "ParameterRanges", name, value


def _arguments(values: Any) -> Iterator[tuple[str, Any]]:
    """Each argument, and the option that it is for: `--name value` or `--name=value`."""
    listed = values if isinstance(values, list) else []
    for before, value in zip(["", *listed], listed, strict=False):
        text = value if isinstance(value, str) else ""
        option, equals, rest = text.partition("=")
        if text.startswith("-"):
            yield (option, rest) if equals else ("", value)
        else:
            follows = isinstance(before, str) and before.startswith("-") and "=" not in before
            yield before if follows else "", value


def _has_secret_form(value: Any) -> bool:
    return isinstance(value, str) and _SECRET_VALUE.search(value) is not None


def _sounds_secret(name: str, value: Any) -> bool:
    """Whether the name of a value says that it is a secret; numbers, flags and ARNs are none.

    A value that is not known yet is judged by its name only, and again when the job is made.
    """
    if isinstance(value, str) and (_HARMLESS.fullmatch(value) or _SECRET_ARN.fullmatch(value)):
        return False
    words = _VOCABULARY.sub("", _NEXT_WORD.sub("_", name))
    return _SECRET_NAME.search(words) is not None


NO_SECRETS = Policy(
    name="training-no-secrets",
    checks="environment, hyperparameters and arguments of a training job contain no secret, as "
    "their names and the known forms of keys and tokens show",
    severity="critical",
    controls=[nist("IA-5(7)")],
    remedy="keep it in Secrets Manager, where the job's role may read it, and replace it, because "
    "it may have been read; if it is not a secret, add its name to the policy's allowedNames",
    parameters={
        "allowedNames": {
            "type": "array",
            "items": {"type": "string"},
            "default": [],
            "description": "Names that look like a secret's and are not, as eos_token.",
        }
    },
    applies=may_be_training_job,
    judge=for_jobs(_judge),
)

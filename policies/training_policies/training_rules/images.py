"""Jobs run images from the organisation's registries."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from training_policies.compliance import nist
from training_policies.parameters import flag, matches, texts
from training_policies.policy import Parameters, Policy
from training_policies.request import named
from training_policies.resource import MISSING, UNKNOWN
from training_policies.training_job import TrainingJobView, may_be_training_job
from training_policies.training_rules.job_rules import for_jobs
from training_policies.violation import Violation

_REGISTRIES = [
    "*.dkr.ecr.*.amazonaws.com",
    "*.dkr.ecr.*.amazonaws.com.cn",
    "*.dkr.ecr-fips.*.amazonaws.com",
    "*.dkr-ecr.*.on.aws",
    "*.dkr-ecr.*.on.amazonwebservices.com.cn",
    "*.dkr-ecr-fips.*.on.aws",
    "*.dkr.ecr.*.amazonaws.eu",
    "*.dkr-ecr.*.on.amazonwebservices.eu",
]
"""The hosts of private registries of ECR. Those with a hyphen are also reached by IPv6."""

_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}")


def _judge(job: TrainingJobView, parameters: Parameters) -> Iterator[Violation]:
    """An image that is not known yet is judged when the job is made."""
    algorithm = job.request.read("AlgorithmSpecification.AlgorithmName")
    if algorithm is not MISSING:
        yield from _judge_algorithm(algorithm, parameters["algorithms"])
    elif job.image is not UNKNOWN:
        yield from _judge_image(job.image, parameters)
    for rule in job.rules:
        evaluator = named(rule, "RuleEvaluatorImage")
        if isinstance(evaluator, str):
            yield from _judge_image(evaluator, parameters)


def _judge_algorithm(algorithm: Any, patterns: Sequence[str]) -> Iterator[Violation]:
    if algorithm is UNKNOWN or matches(algorithm, patterns):
        return
    yield Violation(
        "an algorithm that is not allowed",
        "its publisher chooses its image, and can change it",
        algorithm,
        list(patterns) or "no algorithm, but an image",
        "name the image itself, or ask for the algorithm to be allowed",
    )


def _judge_image(image: Any, parameters: Parameters) -> Iterator[Violation]:
    registries = parameters["registries"]
    if not any(_comes_from(image, each) for each in registries):
        yield Violation(
            "the image's registry",
            "those who can write to a registry decide what runs with the job's role and data",
            image,
            registries,
            "copy the image into one of the allowed registries",
        )
    elif parameters["digest"] and not _DIGEST.search(image):
        yield Violation(
            "an image that is named by a tag",
            "a tag can be moved to another image after it was reviewed",
            image,
            "an image by its digest, as …@sha256:…",
            "write the digest of the image that the tag names",
        )


def _comes_from(image: Any, pattern: str) -> bool:
    """Whether host and repository match; a `*` in the host never matches part of the repository."""
    if not isinstance(image, str):
        return False
    host, _, repository = image.partition("/")
    wanted_host, _, wanted_repository = pattern.partition("/")
    return matches(host, [wanted_host]) and matches(repository, [wanted_repository or "*"])


IMAGES = Policy(
    name="training-image-registries",
    checks="the image of a training job is in an allowed registry, and is named by its "
    "digest where that is asked for",
    severity="high",
    controls=[nist("CM-7(5)"), nist("SI-7")],
    remedy="use an image of an allowed registry, named by its digest",
    parameters={
        "registries": texts(
            _REGISTRIES,
            "Patterns of registries, or of registry/repository.",
            minItems=1,
        ),
        "digest": flag("Whether an image must be named by its digest."),
        "algorithms": texts(
            [],
            "Patterns of the ARNs of algorithms that may be used in place of an image.",
        ),
    },
    applies=may_be_training_job,
    judge=for_jobs(_judge),
)

"""Valid jobs of every kind, for properties that all of them must have."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from components.decimals import MOST_EXACT
from components.instances import training_instance_types
from components.training_job.settings.job_settings import JobSettings

IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/training:1"
KEY = "arn:aws:kms:us-east-1:123456789012:key/00000000-0000-0000-0000-000000000000"

_LETTERS = st.characters(min_codepoint=32, max_codepoint=126)
_WORDS = st.sampled_from(["a", "train", "labels", "left-over", "words", "other"])
_TYPES = st.sampled_from(sorted(training_instance_types()))
_PREFIXES = st.sampled_from(["s3://data", "s3://data/", "s3://other-data/a/b/", "s3://data/c.csv"])
_TEXTS = st.text(_LETTERS.filter(lambda letter: letter not in "@:"), max_size=20)


def _as_variable(word: str) -> str:
    return word.upper().replace("-", "_")


_IN_S3 = st.fixed_dictionaries(
    {"s3Uri": _PREFIXES},
    optional={
        "mode": st.sampled_from(["File", "FastFile"]),
        "distribution": st.sampled_from(["FullyReplicated", "ShardedByS3Key"]),
        "contentType": st.just("text/csv"),
        "keyArn": st.just(KEY),
    },
)
_STREAMS = st.fixed_dictionaries(
    {"s3Uri": _PREFIXES, "mode": st.just("Pipe")},
    optional={
        "compression": st.sampled_from(["None", "Gzip"]),
        "recordWrapper": st.sampled_from(["None", "RecordIO"]),
        "shuffleSeed": st.integers(-MOST_EXACT, MOST_EXACT),
    },
)
_MANIFESTS = st.fixed_dictionaries(
    {
        "s3Uri": _PREFIXES,
        "s3DataType": st.just("ManifestFile"),
        "manifestPrefixes": st.lists(_PREFIXES, min_size=1, max_size=3),
        "mode": st.sampled_from(["File", "Pipe"]),
    }
)
_AUGMENTED = st.fixed_dictionaries(
    {
        "s3Uri": _PREFIXES,
        "s3DataType": st.just("AugmentedManifestFile"),
        "manifestPrefixes": st.lists(_PREFIXES, min_size=1, max_size=3),
        "attributeNames": st.lists(_WORDS, min_size=1, max_size=16),
        "mode": st.just("Pipe"),
    }
)
_MOUNTED = st.fixed_dictionaries(
    {
        "fileSystem": st.fixed_dictionaries(
            {
                "id": st.sampled_from(["fs-01234567", "fs-0123456789abcdef0"]),
                "type": st.sampled_from(["EFS", "FSxLustre"]),
                "directoryPath": st.sampled_from(["/fsx", "/fsx/data/train"]),
                "securityGroupId": st.just("sg-0123456789abcdef0"),
            },
            optional={"accessMode": st.sampled_from(["ro", "rw"])},
        )
    }
)
CHANNELS = _IN_S3 | _STREAMS | _MANIFESTS | _AUGMENTED | _MOUNTED

_ONE_TYPE: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {}, optional={"instanceType": _TYPES, "instanceCount": st.integers(1, 64)}
)
_GROUPS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "instanceGroups": st.dictionaries(
            _WORDS,
            st.fixed_dictionaries(
                {"instanceType": _TYPES}, optional={"instanceCount": st.integers(1, 64)}
            ),
            min_size=1,
            max_size=5,
        )
    }
)
_PREFERENCES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "instancePreferences": st.lists(
            st.fixed_dictionaries(
                {"instanceType": _TYPES}, optional={"instanceCount": st.integers(1, 64)}
            ),
            min_size=1,
            max_size=5,
            unique_by=lambda each: each["instanceType"],
        ),
        "spot": st.just(False),
    }
)
_ON_DEMAND: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"spot": st.just(False)}, optional={"keepAlive": st.integers(60, 21_600)}
)
_ON_SPOT: st.SearchStrategy[dict[str, Any]] = st.sampled_from([{}, {"spot": True}, {"spot": {}}])
_RUNTIMES = st.integers(60, 28 * 86_400) | st.integers(1, 59).map(lambda seconds: f"{seconds}s")
_OTHER: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "volumeGb": st.integers(1, 16_384),
        "maxRuntime": _RUNTIMES,
        "maxRetries": st.integers(1, 30),
        "maxPending": st.integers(1800, 28 * 86_400),
        "inputs": st.dictionaries(_WORDS.filter(lambda name: name != "code"), CHANNELS, max_size=3),
        "hyperparameters": st.dictionaries(
            _WORDS, st.integers() | st.booleans() | _TEXTS, max_size=5
        ),
        "environment": st.dictionaries(_WORDS.map(_as_variable), _TEXTS, max_size=5),
        "metrics": st.dictionaries(_WORDS, st.just("x=(.*)"), max_size=5),
        "networkIsolation": st.booleans(),
        "compressModel": st.booleans(),
        "tags": st.dictionaries(_WORDS, st.just("a value"), max_size=5),
        "runId": _TEXTS,
    },
)
_FALLBACKS = st.lists(
    st.fixed_dictionaries(
        {"instanceType": _TYPES},
        optional={"instanceCount": st.integers(1, 64), "spot": st.booleans()},
    ),
    max_size=3,
)


@st.composite
def jobs(draw: st.DrawFn) -> dict[str, Any]:
    """The settings of a job that breaks no rule."""
    groups = draw(st.booleans())
    capacity = draw(_ON_SPOT if groups else _ON_SPOT | _ON_DEMAND)
    job: dict[str, Any] = {"image": IMAGE}
    if draw(st.integers(0, 4)) == 0:
        return _pending(job | draw(_PREFERENCES) | draw(_OTHER))
    job |= draw(_GROUPS if groups else _ONE_TYPE) | capacity | draw(_OTHER)
    fallbacks = [] if groups or "keepAlive" in job else draw(_FALLBACKS)
    if fallbacks:
        attempts = draw(st.integers(len(fallbacks) + 1, 30))
        job |= {"fallbacks": fallbacks, "relaunch": "onFailure", "maxAttempts": attempts}
    return _pending(job)


_NUMBERS: st.SearchStrategy[dict[str, Any]] = st.tuples(
    st.floats(1e-6, 0.4), st.floats(0.5, 0.99), st.sampled_from(["auto", "linear", "log"])
).map(lambda ends: {"from": ends[0], "to": ends[1], "scale": ends[2]}) | st.just(
    {"from": 0.5, "to": 0.99, "scale": "reverseLog"}
)
_WHOLE: st.SearchStrategy[dict[str, Any]] = st.tuples(st.integers(-5, 5), st.integers(6, 2000)).map(
    lambda ends: {"from": ends[0], "to": ends[1], "integer": True}
)
_VALUES = st.lists(st.integers() | _TEXTS, min_size=2, max_size=4, unique_by=str).map(
    lambda values: {"values": values}
)
_TUNED = st.sampled_from(["tuned", "learning-rate", "n", "lr", "optimizer"])
_STOPS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"converged": st.just(True)},
    optional={"reaches": st.floats(-10, 10) | st.integers(), "notImprovingFor": st.integers(3, 99)},
)
_PLANS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "parallel": st.integers(1, 2),
        "maxRuntime": st.integers(120, 30 * 86_400),
        "stopWhen": _STOPS,
        "seed": st.integers(0, 2**31 - 1),
        "warmStart": st.sampled_from(["lineage", "never"]),
    },
)


@st.composite
def tuned_jobs(draw: st.DrawFn) -> dict[str, Any]:
    """The settings of a job with tuning that breaks no rule."""
    job = {"image": IMAGE, **draw(_ONE_TYPE), **draw(_ON_SPOT), **draw(_OTHER)}
    job |= {"metrics": {"loss": "loss=(.*)"}, "source": {"dir": "src", "entryPoint": "train.py"}}
    strategy = draw(st.sampled_from(["bayesian", "random", "grid", "hyperband"]))
    ranges = draw(
        st.dictionaries(
            _TUNED,
            _VALUES if strategy == "grid" else _NUMBERS | _WHOLE | _VALUES,
            min_size=1,
            max_size=4,
        )
    )
    objective = draw(st.sampled_from(["minimize", "maximize"]))
    tuning: dict[str, Any] = {
        "objective": {objective: "loss"},
        "strategy": strategy,
        "ranges": ranges,
        **({} if strategy == "grid" else {"maxTrials": 2}),
        **draw(_PLANS),
    }
    if strategy == "hyperband":
        tuning["epochs"] = {"max": draw(st.integers(2, 20_000))}
    else:
        tuning["earlyStopping"] = draw(st.booleans())
    return _pending(job | {"tuning": tuning})


def _pending(job: dict[str, Any]) -> dict[str, Any]:
    """The job, without maxPending where no instance type has accelerators."""
    settings = JobSettings.model_validate(job)
    types = {group.instance_type for each in settings.variants for group in each.groups}
    if any(training_instance_types()[each].accelerators for each in types):
        return job
    return {key: value for key, value in job.items() if key != "maxPending"}

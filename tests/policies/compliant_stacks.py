"""The stack files of the checkout, varied as a team may vary them within its quotas."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from components.network.subnets import chosen_zones
from components.stack.configuration import parse
from components.training_platform import TrainingPlatform
from tests.components.recording import REGION, Recorded, record
from tests.components.training_job.any_job import KEY
from tests.test_stack_files import CHECKOUT, raw
from training_policies.resource import UNKNOWN, Resource, as_the_sdk_sends

_ACCOUNT = "123456789012"
_SUFFIXES = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=12)
_NAMES = st.sampled_from([
    "a", "digits", "llm-finetune", "multi-task-learning", "mask-rcnn-with-resnet",
    "risk-assessment-2026", "tokenizer", "key-points", "passage-ranking", "b2",
    "desk-task-sk-detection", "public-key-of-maps", "password-strength",
])  # fmt: skip
_LEARNED = st.sampled_from([
    "learning-rate", "batch-size", "epochs", "token_dropout", "pad_token", "mask_token",
    "eos_token_id", "max_tokens", "token_type", "tokens-per-batch", "tokenizer", "num_key_value",
    "key_dim", "n_keys", "task-name", "risk", "sampler", "author", "passes",
    "sequence-length", "secretary", "compass", "authority", "model.hidden_size", "seed",
    "bypass", "monkey", "keypoints", "cross_attention_key_size", "hashing", "salt-and-pepper",
])  # fmt: skip
_LEARNED_VALUES = (
    st.integers(-(10**9), 10**9)
    | st.booleans()
    | st.sampled_from([0.00001, 1.5, "<pad>", "[MASK]", "</s>", "adamw", "cosine", "bert-base"])
    | st.sampled_from(["multi-task-learning-with-a-very-long-name", "s3://bucket/prefix", "1e-5"])
    | st.text("abcdefghijklmnop -_./,=", max_size=40)
)
_VARIABLES = st.sampled_from([
    "NCCL_DEBUG", "TOKENIZERS_PARALLELISM", "HF_HUB_OFFLINE", "OMP_NUM_THREADS", "MONKEY",
    "WANDB_MODE", "PYTHONPATH", "PAD_TOKEN", "MAX_TOKENS", "XLA_FLAGS", "JAX_PLATFORMS", "KEYBOARD",
])  # fmt: skip
_TAGS = st.dictionaries(
    st.sampled_from(["project", "owner", "data-class", "Name"]),
    st.sampled_from(["a b", "ada@example.org", "x/y", "task-force-of-2026"]),
    max_size=3,
)
_INPUTS = st.sampled_from([
    {"s3Uri": "s3://data-of-everybody/train/"},
    {"s3Uri": "s3://data-of-everybody/train/", "keyArn": KEY, "mode": "FastFile"},
    {"s3Uri": "s3://data/a/b/", "distribution": "ShardedByS3Key", "contentType": "text/csv"},
    {"s3Uri": "s3://data/a/", "mode": "Pipe", "compression": "Gzip", "shuffleSeed": 3},
    {"s3Uri": "s3://data/all.manifest", "s3DataType": "ManifestFile",
     "manifestPrefixes": ["s3://data/a/"]},
    {"s3Uri": "s3://data/lines.jsonl", "s3DataType": "AugmentedManifestFile", "mode": "Pipe",
     "manifestPrefixes": ["s3://data/a/"], "attributeNames": ["image-ref", "label"]},
    {"path": "examples/digits/data"},
    {"fileSystem": {"id": "fs-01234567", "type": "EFS", "directoryPath": "/data",
                    "securityGroupId": "sg-0123456789abcdef0"}},
    {"fileSystem": {"id": "fs-01234567", "type": "FSxLustre", "directoryPath": "/fsx/data",
                    "securityGroupId": "sg-0123456789abcdef0", "accessMode": "rw"}},
])  # fmt: skip
_IMAGES = st.sampled_from([
    f"{_ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/training:1",
    f"{_ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/a/b/training@sha256:{'0a' * 32}",
    "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.8.0-gpu-py312",
])  # fmt: skip
_EXISTING = {"vpcId": "vpc-0123456789abcdef0", "subnetIds": ["subnet-0123456789abcdef0"]}
_NETWORKS = st.fixed_dictionaries(
    {},
    optional={
        "availabilityZones": st.integers(1, 4),
        "cidr": st.sampled_from(["10.64.0.0/16", "172.16.0.0/18", "192.168.0.0/19"]),
        "interfaceEndpoints": st.lists(
            st.sampled_from(["logs", "ecr.dkr", "ecr.api", "sts", "kms"]), unique=True
        ),
        "flowLogDays": st.sampled_from([1, 30, 365, 3653]),
    },
) | st.sampled_from([
    {"existing": _EXISTING},
    {"existing": {**_EXISTING, "s3EndpointId": "vpce-0123456789abcdef0",
                  "endpointGroupId": "sg-0123456789abcdef0"}},
])  # fmt: skip
_ALERTS = st.booleans() | st.fixed_dictionaries(
    {},
    optional={
        "emails": st.lists(_SUFFIXES.map("{}@example.org".format), max_size=3, unique=True),
        "slack": st.just({"workspaceId": "T0123456789", "channelId": "C0123456789"}),
        "failuresPerDay": st.integers(1, 50),
        "prolonged": st.fixed_dictionaries(
            {"after": st.sampled_from(["30m", "12h", "3d"])}, optional={"stop": st.booleans()}
        ),
        "monthlyBudgetUsd": st.integers(1, 10**6),
    },
)
_VPC_ONLY = {
    "vpcOnly": True,
    "exemptPrincipals": [f"arn:aws:iam::{_ACCOUNT}:role/administrator"],
}
_DEPLOYERS = st.just(False) | st.fixed_dictionaries(
    {"trustedPrincipals": st.just([f"arn:aws:iam::{_ACCOUNT}:role/pipeline"])},
    optional={"githubSubjects": st.just(["repo:acme/platform:environment:production"])},
)


_OBJECTIVES = st.sampled_from([{"minimize": "loss"}, {"maximize": "loss"}])
_TRIALS = {
    "objective": _OBJECTIVES,
    "ranges": st.sampled_from([
        {"depth": {"from": 2, "to": 8, "integer": True}},
        {"warm-up": {"from": 0.001, "to": 0.1, "scale": "log"}, "activation": {"values": ["a", 1]}},
        {"decay": {"from": 0.9, "to": 0.999, "scale": "reverseLog"}},
    ]),
    "maxTrials": st.integers(2, 3),
}  # fmt: skip
_TUNINGS = st.fixed_dictionaries(
    _TRIALS | {"strategy": st.sampled_from(["bayesian", "random"])},
    optional={
        "maxRuntime": st.sampled_from(["3h", "1d"]),
        "earlyStopping": st.booleans(),
        "stopWhen": st.sampled_from([{"reaches": 0.05}, {"notImprovingFor": 3}]),
        "seed": st.integers(0, 2**31),
        "warmStart": st.sampled_from(["lineage", "never"]),
    },
) | st.fixed_dictionaries(
    {
        "objective": _OBJECTIVES,
        "ranges": st.just({"activation": {"values": ["relu", "gelu"]}}),
        "strategy": st.just("grid"),
    }
)
"""One trial at a time: a team's quota may be two jobs at once, and the stack may have two jobs."""

_MADE_UP = re.compile(r"-(id|0a1b2c3)\b")
"""What is in the ids and names that only AWS gives, as the recording has them."""


@st.composite
def compliant_settings(draw: st.DrawFn, file: Path) -> dict[str, Any]:
    """A stack file's settings, with what a team may vary varied within its quotas."""
    settings: dict[str, Any] = raw(file)
    production = settings["environment"] == "prod"
    spot_only = settings["team"] == "research" and not production
    for name, job in settings["jobs"].items():
        settings["jobs"][name] = draw(_varied(job, settings["environment"], spot_only))
    if draw(st.booleans()):
        [first] = settings["jobs"].values()
        settings["jobs"][draw(_NAMES)] = draw(_varied(first, settings["environment"], spot_only))
    changes = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "costCenter": st.sampled_from(["", "4711", "a b/c"]),
                "enableTrainingJob": st.booleans(),
                "preflight": st.booleans(),
                "waitForCompletion": st.booleans(),
                "network": _NETWORKS,
                "artifacts": _artifacts(production),
                "alerts": _ALERTS,
                "deployer": _DEPLOYERS,
                "permissionsBoundary": st.just(f"arn:aws:iam::{_ACCOUNT}:policy/boundary"),
            },
        )
    )
    settings |= changes
    if "existing" not in settings["network"] and draw(st.booleans()):
        settings["artifacts"] |= _VPC_ONLY
    return settings


def resources_of(settings: Mapping[str, Any]) -> tuple[list[Resource], list[Resource]]:
    """What the program registers, as policies see it: at the first preview, and once all is up."""
    stack, problems = parse(settings, CHECKOUT)
    assert stack is not None
    assert problems == [], "; ".join(map(str, problems))
    zones = chosen_zones([f"{REGION}{zone}" for zone in "abcdef"], stack.network.availability_zones)
    site = stack.site(_ACCOUNT, REGION, "test", zones)
    recording = record(lambda: TrainingPlatform(site, stack, CHECKOUT))
    made = [each for each in recording.resources if not each.read]
    return [_judged(each, _before(each)) for each in made], [
        _judged(each, each.state | each.inputs) for each in made
    ]


def _before(resource: Recorded) -> dict[str, Any]:
    """The inputs before anything exists; the provider has made up the resource's own names."""
    own: dict[str, Any] = {
        key: resource.state[key] for key in ("name", "bucket") if key in resource.state
    }
    inputs: dict[str, Any] = _unknown(resource.inputs)
    return own | {"id": UNKNOWN} | inputs


def _unknown(value: Any) -> Any:
    """A value in which every text is unknown that has what AWS gives in it."""
    if isinstance(value, dict):
        return {key: _unknown(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_unknown(each) for each in value]
    return UNKNOWN if isinstance(value, str) and _MADE_UP.search(value) else value


def _judged(resource: Recorded, properties: Mapping[str, Any]) -> Resource:
    return Resource(
        resource.type,
        resource.name,
        resource.urn,
        as_the_sdk_sends(properties),
        is_component=resource.component,
    )


def _artifacts(production: bool) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {"retain": st.just(True) if production else st.booleans()},
        optional={
            "checkpointDays": st.integers(1, 400),
            "noncurrentDays": st.integers(1, 90),
            "accessLogBucket": st.just("access-logs-of-everybody"),
        },
    )


@st.composite
def _varied(
    draw: st.DrawFn, job: dict[str, Any], environment: str, spot_only: bool
) -> dict[str, Any]:
    """A job within the quotas of all teams: two of them, with all attempts, cost 60 USD at most.

    The environment `tuning` has no quota for GPUs.
    """
    production = environment == "prod"
    minutes = draw(st.integers(10, 120))
    types = ["ml.c5.2xlarge", "ml.c5.xlarge", "ml.c5.4xlarge"]
    if environment != "tuning":
        types += ["ml.g5.xlarge", "ml.g5.2xlarge"]
    if production:
        types.append("ml.g5.12xlarge")
    count = draw(st.integers(1, 1 if not production else 2))
    kept: dict[str, Any] = {"image": draw(_IMAGES)}
    kept |= {key: job[key] for key in ("source", "distribution", "metrics") if key in job}
    if draw(st.booleans()):
        script = kept["source"]["entryPoint"].removesuffix(".py").removeprefix("-m ")
        kept["source"] = kept["source"] | {"entryPoint": f"-m {script}"}
    kept |= {"instanceType": draw(st.sampled_from(types)), "instanceCount": count}
    kept |= {"maxRuntime": f"{minutes}m"}
    on_spot = spot_only or "g5" in kept["instanceType"] or draw(st.booleans())
    kept["spot"] = on_spot and draw(
        st.just({})
        | st.integers(minutes, 600).map(lambda wait: {"maxWait": f"{wait}m", "checkpoints": True})
    )
    tuned = draw(st.booleans())
    if tuned:
        kept["tuning"] = draw(_TUNINGS)
    elif not on_spot and draw(st.booleans()):
        kept["keepAlive"] = draw(st.integers(60, 1800))
    elif draw(st.booleans()):
        kept |= {"relaunch": "onFailure", "maxAttempts": draw(st.integers(2, 4))}
        kept["fallbacks"] = [{"instanceType": draw(st.sampled_from(types)), "spot": True}]
    extra = (
        {"ProfilerConfig": {"DisableProfiler": True}}
        if production
        else {"RemoteDebugConfig": {"EnableRemoteDebug": True}}
    )
    not_in_a_trial = {} if tuned else {"extra": st.just(extra)}
    return kept | draw(
        st.fixed_dictionaries(
            {},
            optional={
                "volumeGb": st.integers(1, 1024),
                "maxRetries": st.integers(1, 30),
                "compressModel": st.booleans(),
                "inputs": st.dictionaries(_NAMES, _INPUTS, max_size=3),
                "hyperparameters": st.dictionaries(_LEARNED, _LEARNED_VALUES, max_size=8),
                "environment": st.dictionaries(
                    _VARIABLES, st.sampled_from(["", "1", "false", "a,b", "<pad>"]), max_size=4
                ),
                "tags": _TAGS,
                "paused": st.booleans(),
                "runId": _SUFFIXES,
                "fresh": _SUFFIXES,
                **not_in_a_trial,
            },
        )
    )

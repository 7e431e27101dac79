"""How the trials of tuning jobs are begun, observed, stopped and continued."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from localcloud.server import daemon
from tests.localcloud.cloud import (
    GO_ON,
    Cloud,
    checkpoints,
    eventually,
    kill,
    resources,
    stop,
    wait_for_snapshot,
)
from tests.localcloud.sagemaker.tuning.tunings import (
    CONFIG,
    DEFINITION,
    LIMITS,
    describe,
    ended,
    request_of,
    trials,
)
from tests.localcloud.spot import SPOT, TWICE, begin, interrupt, rows

SLOW = """
import argparse, os, pathlib, time
parser = argparse.ArgumentParser()
parser.add_argument('--rate', type=float)
parser.add_argument('--kind')
given = parser.parse_args()
done = pathlib.Path('/opt/ml/checkpoints') / os.environ['TRAINING_JOB_NAME']
start = int(done.read_text()) if done.exists() else 0
for epoch in range(start, 8):
    time.sleep(0.25)
    print(f'epoch={epoch} loss={given.rate + (8 - epoch) / 100}', flush=True)
    done.write_text(str(epoch + 1))
"""
"""A script that trains for two seconds and goes on from its checkpoint, which is its own."""
CURVE = """
import argparse, time
parser = argparse.ArgumentParser()
parser.add_argument('--rate', type=float)
parser.add_argument('--kind')
given = parser.parse_args()
for epoch in range(5):
    print(f'loss={given.rate}', flush=True)
    time.sleep(0.3)
if given.rate == 2:
    time.sleep(600)
"""
"""A script that prints its rate as the loss of each epoch; with the rate 2 it has to be stopped."""
_numbers = itertools.count(1)


def create(cloud: Cloud, script: str, **changes: Any) -> str:
    name = f"tuner-{next(_numbers)}"
    cloud.sagemaker.create_hyper_parameter_tuning_job(**request_of(cloud, name, script, **changes))
    return name


def statuses(cloud: Cloud, name: str) -> Counter[str]:
    return Counter(each["TrainingJobStatus"] for each in trials(cloud, name))


def most_at_once(cloud: Cloud, name: str) -> int:
    """How many of a tuning job's trials existed at once."""
    spans = [(each["CreationTime"], each["TrainingEndTime"]) for each in trials(cloud, name)]
    return max(len([1 for begin, end in spans if begin <= moment < end]) for moment, _ in spans)


def test_a_trial_without_a_quota_waits_for_it_and_does_not_fail(cloud: Cloud):
    kind = "ml.c5.9xlarge"  # of no other test
    quota = {"name": f"{kind} for training job usage", "region": cloud.region, "value": 1}
    daemon.ask(cloud.server, "POST", "/localcloud/quotas", quota)
    name = create(
        cloud,
        "print('loss=1')",
        **{
            f"{LIMITS}.MaxNumberOfTrainingJobs": 3,
            f"{DEFINITION}.ResourceConfig": resources(1) | {"InstanceType": kind},
        },
    )

    answer = ended(cloud, name)

    assert answer["HyperParameterTuningJobStatus"] == "Completed"
    assert statuses(cloud, name) == {"Completed": 3}
    assert most_at_once(cloud, name) == 1


def test_a_trial_that_cannot_be_created_any_more_fails_the_tuning_job(cloud: Cloud):
    script = f"""
        import pathlib, time
        print('loss=1', flush=True)
        while not pathlib.Path({GO_ON!r}).exists():
            time.sleep(0.02)
    """
    name = create(cloud, script, **{f"{LIMITS}.MaxParallelTrainingJobs": 1})
    source = describe(cloud, name)[DEFINITION]["InputDataConfig"][0]["DataSource"]
    (first,) = eventually(lambda: trials(cloud, name) or None)
    cloud.wait_for_line(first["TrainingJobName"], "loss=1")
    key = source["S3DataSource"]["S3Uri"].removeprefix(f"s3://{cloud.bucket}/") + "main.py"
    cloud.s3.delete_object(Bucket=cloud.bucket, Key=key)
    cloud.let_go_on(first["TrainingJobName"])

    answer = ended(cloud, name)

    assert answer["HyperParameterTuningJobStatus"] == "Failed"
    assert answer["FailureReason"].startswith("ClientError: No S3 objects found under S3 URL")
    assert statuses(cloud, name) == {"Completed": 1}
    assert answer["BestTrainingJob"]["TrainingJobName"] == first["TrainingJobName"]


def test_an_interrupted_trial_starts_again_as_the_same_training_job(cloud: Cloud):
    spot = {f"{DEFINITION}.{member}": value for member, value in SPOT.items()}
    name = create(
        cloud,
        f"print('loss=1', flush=True)\n{TWICE}",
        **spot,
        **{
            f"{LIMITS}.MaxNumberOfTrainingJobs": 1,
            f"{DEFINITION}.CheckpointConfig": checkpoints(f"interrupted-{next(_numbers)}/"),
        },
    )
    (trial,) = eventually(lambda: trials(cloud, name) or None)
    begin(cloud, trial["TrainingJobName"])

    assert interrupt(cloud, trial["TrainingJobName"], "--abrupt").exit_code == 0

    assert ended(cloud, name)["HyperParameterTuningJobStatus"] == "Completed"
    assert [each["TrainingJobName"] for each in trials(cloud, name)] == [trial["TrainingJobName"]]
    assert "Interrupted" in rows(cloud.describe(trial["TrainingJobName"]))


def test_a_trial_that_is_worse_than_earlier_ones_is_stopped_and_its_objective_counts(
    cloud: Cloud,
):
    name = create(
        cloud,
        CURVE,
        **{
            f"{CONFIG}.TrainingJobEarlyStoppingType": "Auto",
            f"{CONFIG}.Strategy": "Grid",
            f"{CONFIG}.ParameterRanges": {
                "CategoricalParameterRanges": [{"Name": "rate", "Values": ["1", "2", "0.5"]}]
            },
            f"{LIMITS}.MaxNumberOfTrainingJobs": 3,
            f"{LIMITS}.MaxParallelTrainingJobs": 1,
        },
    )

    ended(cloud, name)

    found = trials(cloud, name)
    assert [each["TrainingJobStatus"] for each in found] == ["Completed", "Stopped", "Completed"]
    assert [each["ObjectiveStatus"] for each in found] == ["Succeeded"] * 3
    assert found[1]["FinalHyperParameterTuningJobObjectiveMetric"]["Value"] == 2
    # It has not reached its own limit.
    assert cloud.describe(found[1]["TrainingJobName"])["SecondaryStatus"] == "Stopped"


@pytest.mark.deep
@pytest.mark.parametrize("end", [stop, kill], ids=["stop", "kill"])
def test_a_tuning_goes_on_after_the_end_of_the_server_and_no_trial_is_lost_or_run_twice(
    start: Callable[[], Cloud], end: Callable[[Cloud], None]
):
    cloud = start()
    name = create(
        cloud,
        SLOW,
        **{
            f"{CONFIG}.Strategy": "Bayesian",
            f"{LIMITS}.MaxNumberOfTrainingJobs": 7,
            f"{DEFINITION}.CheckpointConfig": checkpoints("ended-server/"),
        },
    )
    for finished in (1, 4):
        eventually(lambda: True if statuses(cloud, name)["Completed"] >= finished else None)  # noqa: B023
        kept = {each["TrainingJobName"] for each in trials(cloud, name)}
        wait_for_snapshot(cloud)
        end(cloud)
        cloud = start()
        assert kept <= {each["TrainingJobName"] for each in trials(cloud, name)}

    answer = ended(cloud, name)

    assert answer["HyperParameterTuningJobStatus"] == "Completed"
    assert answer["TrainingJobStatusCounters"]["Completed"] == 7
    found = trials(cloud, name)
    numbers = [each["TrainingJobName"].removeprefix(f"{name}-")[:3] for each in found]
    assert numbers == [f"{number:03}" for number in range(1, 8)]
    assert most_at_once(cloud, name) <= 3
    listed = cloud.sagemaker.list_training_jobs(NameContains=name, MaxResults=100)
    assert len(listed["TrainingJobSummaries"]) == 7
    for trial in found:
        value = trial["FinalHyperParameterTuningJobObjectiveMetric"]["Value"]
        assert value == pytest.approx(float(trial["TunedHyperParameters"]["rate"]) + 0.01, abs=1e-5)
    assert describe(cloud, name)["BestTrainingJob"] in found

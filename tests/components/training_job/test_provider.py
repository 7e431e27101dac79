"""The provider's verbs, with AWS in memory."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from components.training_job.aws.errors import TrainingJobError
from components.training_job.provider import TrainingJobProvider
from components.training_job.request.job_tags import OWNER_TAG, RELEASED_TAG
from components.training_job.run import ending
from components.unknowns import UNKNOWN
from tests.components.fake_aws import FakeAws
from tests.components.training_job.providers import checked, launch

Inputs = Callable[..., dict[str, Any]]


def test_a_job_is_launched_under_its_lineage_definition_and_attempt(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs())
    assert state["training_job_name"] == f"research-dev-digits-{state['definition_hash']}-1"
    assert aws.live() == [state["training_job_name"]]
    assert state["attempt"] == 1
    assert None not in state.values()


@pytest.mark.parametrize(("compress", "model"), [(True, "model.tar.gz"), (False, "model/")])
def test_a_model_that_is_not_compressed_is_a_folder(
    provider: TrainingJobProvider, job_inputs: Inputs, compress: bool, model: str
) -> None:
    state = launch(provider, job_inputs({"compressModel": compress}))
    assert state["model_uri"].endswith(f"{state['training_job_name']}/output/{model}")


def test_nothing_is_launched_while_the_switch_is_off(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs(launch=False))
    assert state["training_job_name"] == ""
    assert state["status"] == "NotLaunched"
    assert aws.calls == []
    assert None not in state.values()


def test_nothing_is_launched_while_the_job_is_paused(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    assert launch(provider, job_inputs({"paused": True}))["training_job_name"] == ""
    assert aws.calls == []


def test_other_instances_go_on_in_the_same_lineage_and_the_preview_says_from_which_step(
    provider: TrainingJobProvider,
    aws: FakeAws,
    job_inputs: Inputs,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = launch(provider, job_inputs({"instanceCount": 2}))
    name = state["training_job_name"]
    aws.objects[f"{state['checkpoint_uri']}step-000000812.rank-0.sha256-0"] = b""
    aws.set_status(name, "Stopped")
    state = provider.read(name, state).outs or {}
    more = checked(provider, job_inputs({"instanceCount": 3}))
    assert provider.diff("", state, more).replaces == ["definition_hash"]
    goes_on = f"{name}: goes on from step 812 on 3 × ml.g5.2xlarge, on spot capacity\n"
    assert capsys.readouterr().out == goes_on
    provider.delete("", state)
    assert (
        launch(provider, job_inputs({"instanceCount": 3}))["checkpoint_uri"]
        == (state["checkpoint_uri"])
    )


def test_a_second_launch_of_the_same_definition_adopts_the_first(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    first = launch(provider, job_inputs())
    assert launch(provider, job_inputs()) == first
    assert aws.calls.count("CreateTrainingJob") == 1


def test_a_to_b_to_a_is_three_jobs_and_never_two_at_once(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    names = []
    for epochs in (1, 2, 1):
        state = launch(provider, job_inputs({"hyperparameters": {"epochs": epochs}}))
        names.append(state["training_job_name"])
        assert aws.live() == [state["training_job_name"]]
        provider.delete(state["training_job_name"], state)
        assert aws.live() == []
    assert len(set(names)) == 3
    assert names[2].endswith("-2")


def test_a_live_job_of_the_lineage_is_stopped_before_the_next_is_launched(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    launch(provider, job_inputs({"hyperparameters": {"epochs": 1}}))
    second = launch(provider, job_inputs({"hyperparameters": {"epochs": 2}}))
    assert aws.live() == [second["training_job_name"]]


def test_another_owners_live_job_on_the_same_checkpoints_is_not_touched(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    theirs = launch(provider, job_inputs(owner="theirs"))
    with pytest.raises(TrainingJobError, match=r"belongs to theirs, not to artifacts"):
        launch(provider, job_inputs({"hyperparameters": {"epochs": 2}}))
    assert aws.live() == [theirs["training_job_name"]]


def test_a_job_without_an_owners_tag_on_the_same_checkpoints_is_not_touched(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    by_hand = launch(provider, job_inputs())
    aws.tags[by_hand["training_job_arn"]].clear()
    with pytest.raises(TrainingJobError, match="belongs to no known owner"):
        launch(provider, job_inputs({"hyperparameters": {"epochs": 2}}))
    assert aws.live() == [by_hand["training_job_name"]]


OLD_OWNER = "arn:aws:iam::123456789012:role/research-dev-execution-role-0a1b2c3"
"""The tag of the owner as an earlier release wrote it: the ARN of the execution role."""


@pytest.mark.parametrize("epochs", [1, 2])
def test_a_job_with_the_tag_of_an_earlier_release_is_known_by_its_bucket(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs, epochs: int
) -> None:
    old = launch(provider, job_inputs({"hyperparameters": {"epochs": 1}}, owner=OLD_OWNER))
    new = launch(provider, job_inputs({"hyperparameters": {"epochs": epochs}}))
    assert aws.live() == [new["training_job_name"]]
    assert (new["training_job_name"] == old["training_job_name"]) is (epochs == 1)


def test_a_job_of_an_earlier_release_whose_output_is_in_another_bucket_is_not_touched(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    theirs = job_inputs(owner=OLD_OWNER)
    theirs["request"]["OutputDataConfig"]["S3OutputPath"] = "s3://artifacts-of-theirs/output"
    their_job = launch(provider, theirs)
    with pytest.raises(TrainingJobError, match="belongs to arn:"):
        launch(provider, job_inputs())
    assert aws.live() == [their_job["training_job_name"]]


@pytest.mark.parametrize("switch", [True, False])
def test_an_upgrade_marks_a_running_job_with_the_bucket_and_touches_nothing_else(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs, switch: bool
) -> None:
    state = launch(provider, job_inputs(owner=OLD_OWNER))
    name, arn = state["training_job_name"], state["training_job_arn"]
    tags = dict(aws.tags[arn])
    news = checked(provider, job_inputs(launch=switch))
    difference = provider.diff("", state, news)
    assert (difference.changes, difference.replaces) == (True, [])
    after = provider.update("", state, news).outs or {}
    assert after["owner"] == "artifacts"
    assert aws.tags[arn] == tags | {OWNER_TAG: "artifacts"}
    assert aws.live() == [name]
    assert provider.diff("", after, news).changes is False


@pytest.mark.parametrize("status", ["InProgress", "Completed"])
def test_a_job_of_before_all_traffic_was_encrypted_is_recorded_in_place_and_runs_on(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs, status: str
) -> None:
    before = job_inputs()
    before["request"] = before["request"] | {"EnableInterContainerTrafficEncryption": False}
    state = launch(provider, before)
    aws.set_status(state["training_job_name"], status)
    state = provider.read("", state).outs or {}

    news = provider.check(before, job_inputs()).inputs
    assert news["definition_hash"] == state["definition_hash"]
    difference = provider.diff("", state, news)
    assert (difference.changes, difference.replaces) == (True, [])
    after = provider.update("", state, news).outs or {}
    assert provider.diff("", after, news).changes is False
    assert aws.calls.count("CreateTrainingJob") == 1
    assert "StopTrainingJob" not in aws.calls


def test_a_job_of_the_same_name_with_another_bucket_is_not_touched(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    theirs = job_inputs(owner="theirs")
    theirs["request"]["CheckpointConfig"]["S3Uri"] = "s3://theirs/checkpoints/research-dev-digits/"
    theirs["request"]["OutputDataConfig"]["S3OutputPath"] = "s3://theirs/output"
    their_job, our_job = launch(provider, theirs), launch(provider, job_inputs())
    assert set(aws.live()) == {their_job["training_job_name"], our_job["training_job_name"]}


def test_delete_stops_the_job_and_lets_it_go_but_keeps_its_record(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs())
    provider.delete(state["training_job_name"], state)
    assert aws.live() == []
    assert state["training_job_name"] in aws.jobs
    assert RELEASED_TAG in aws.tags[state["training_job_arn"]]


@pytest.mark.parametrize("keep_alive", ["30m", None])
def test_delete_gives_back_the_instances_that_a_warm_pool_keeps(
    provider: TrainingJobProvider,
    aws: FakeAws,
    job_inputs: Inputs,
    keep_alive: str | None,
) -> None:
    state = launch(provider, job_inputs({"spot": False, "keepAlive": keep_alive}))
    provider.delete(state["training_job_name"], state)
    pool = aws.jobs[state["training_job_name"]].get("WarmPoolStatus")
    assert pool == ({"Status": "Terminated"} if keep_alive else None)
    assert ("UpdateTrainingJob" in aws.calls) is bool(keep_alive)


def test_a_pause_stops_in_place_and_the_next_attempt_goes_on(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs())
    paused = checked(provider, job_inputs({"paused": True}))
    assert provider.diff("", state, paused).replaces == []
    state = provider.update("", state, paused).outs or {}
    assert aws.live() == []
    assert state["status"] == "Stopped"
    resumed = checked(provider, job_inputs())
    assert provider.diff("", state, resumed).replaces
    provider.delete("", state)
    assert launch(provider, job_inputs())["attempt"] == 2


def test_floats_and_nulls_from_the_engine_are_no_difference(
    provider: TrainingJobProvider, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs())
    noisy = job_inputs()
    noisy["max_attempts"] = 3.0
    noisy["request"]["ResourceConfig"]["InstanceCount"] = 1.0
    noisy["request"]["ResourceConfig"]["KeepAlivePeriodInSeconds"] = None
    noisy["request"]["StoppingCondition"]["MaxRuntimeInSeconds"] = 7200.0
    state["tries"] = 1.0
    assert provider.diff("", state, checked(provider, noisy)).changes is False


def test_the_hash_is_unknown_while_the_bucket_is(
    provider: TrainingJobProvider, job_inputs: Inputs
) -> None:
    inputs = job_inputs()
    inputs["request"]["OutputDataConfig"]["S3OutputPath"] = UNKNOWN
    assert checked(provider, inputs)["definition_hash"] == UNKNOWN


def test_check_reports_every_value_that_the_api_refuses(
    provider: TrainingJobProvider, job_inputs: Inputs
) -> None:
    inputs = job_inputs({"environment": {"1A": "x" * 600}})
    inputs["request"]["VpcConfig"]["Subnets"] = []
    reasons = [failure.reason for failure in provider.check({}, inputs).failures]
    assert any("request.Environment.1A" in reason and "600" in reason for reason in reasons)
    assert any("request.VpcConfig.Subnets" in reason for reason in reasons)


def test_a_request_is_checked_against_the_api_once_and_whenever_it_may_be_launched_again(
    provider: TrainingJobProvider, job_inputs: Inputs
) -> None:
    """Reading the service's description is most of what an update without changes would cost."""
    inputs = job_inputs()
    inputs["request"]["VpcConfig"]["Subnets"] = []
    assert provider.check(dict(inputs), inputs).failures == []
    assert provider.check({}, inputs).failures
    for key, other in (("request", {}), ("fallbacks", [{}]), ("launch", False), ("paused", True)):
        assert provider.check(inputs | {key: other}, inputs).failures, key


def test_the_credentials_of_another_account_write_nothing(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    with pytest.raises(TrainingJobError, match="123456789012, but the stack to 210987654321"):
        launch(provider, job_inputs(account_id="210987654321"))
    assert aws.calls == []


def test_a_refresh_says_why_a_job_waits(
    provider: TrainingJobProvider,
    aws: FakeAws,
    job_inputs: Inputs,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state = launch(provider, job_inputs())
    provider.read(state["training_job_name"], state)
    assert f"{state['training_job_name']}: Starting for " in capsys.readouterr().out
    aws.set_status(state["training_job_name"], "InProgress", "Uploading")
    provider.read(state["training_job_name"], state)
    assert capsys.readouterr().out == ""


UNSETTLED = (
    "Could not assume role arn:aws:iam::1:role/x.",
    'Unauthorized to List objects under S3 URL "s3://artifacts/source/".',
    "Access denied to OutputDataConfig S3 bucket: artifacts",
    "Access denied to hub content arn:aws:sagemaker:us-east-1:aws:hub-content/x",
    "Access denied for repository: training in registry ID: 1.",
    "No S3 objects found. Error message from S3: User: arn:aws:sts::1:assumed-role/x/SageMaker is "
    'not authorized to perform: s3:ListBucket on resource: "arn:aws:s3:::artifacts" because no '
    "identity-based policy allows the s3:ListBucket action",
)


@pytest.mark.parametrize("text", UNSETTLED)
def test_a_role_that_is_not_settled_yet_is_waited_for(
    text: str,
    provider: TrainingJobProvider,
    aws: FakeAws,
    job_inputs: Inputs,
    capsys: pytest.CaptureFixture[str],
) -> None:
    aws.refuse("CreateTrainingJob", "ValidationException", text, times=9)
    assert launch(provider, job_inputs())["attempt"] == 1
    assert aws.calls.count("CreateTrainingJob") == 10
    expected = "waiting until SageMaker sees what the execution role may do, 0 s of at most 180 s"
    assert expected in capsys.readouterr().out


def test_a_role_that_never_settles_is_reported_in_the_services_words_with_the_remedy(
    provider: TrainingJobProvider,
    aws: FakeAws,
    job_inputs: Inputs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", lambda seconds: now.__setitem__(0, now[0] + seconds))
    aws.refuse("CreateTrainingJob", "ValidationException", UNSETTLED[-1])
    with pytest.raises(TrainingJobError) as caught:
        launch(provider, job_inputs())
    message = str(caught.value)
    assert UNSETTLED[-1] in message
    assert "It has said so for 180 s" in message
    assert "arn:aws:iam::123456789012:role/execution" in message
    assert 180 <= now[0] < 195


def test_what_the_caller_itself_may_not_do_is_reported_at_once(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    text = "User: me is not authorized … because no identity-based policy allows the iam:PassRole"
    aws.refuse("CreateTrainingJob", "AccessDeniedException", text)
    with pytest.raises(TrainingJobError, match="iam:PassRole") as caught:
        launch(provider, job_inputs())
    assert "It has said so" not in str(caught.value)
    assert aws.calls.count("CreateTrainingJob") == 1


def test_a_refusal_that_waiting_does_not_change_is_reported_at_once(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    aws.refuse("CreateTrainingJob", "ResourceLimitExceeded", "the limit is 0 Instances")
    with pytest.raises(TrainingJobError, match="the limit is 0 Instances"):
        launch(provider, job_inputs())
    assert aws.calls.count("CreateTrainingJob") == 1


def test_a_vanished_record_leaves_the_state(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs())
    aws.jobs.clear()
    assert provider.read(state["training_job_name"], state).id is None


@pytest.mark.parametrize("paused", [True, False])
def test_a_vanished_record_is_reported_by_an_update_and_stops_no_delete(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs, paused: bool
) -> None:
    state = launch(provider, job_inputs())
    aws.jobs.clear()
    news = checked(provider, job_inputs({"paused": paused}, max_attempts=7))
    with pytest.raises(TrainingJobError, match="pulumi up --refresh"):
        provider.update("", state, news)
    provider.delete(state["training_job_name"], state)
    assert "StopTrainingJob" not in aws.calls


def test_a_refresh_of_a_finished_job_is_no_difference(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs())
    aws.set_status(state["training_job_name"], "Completed")
    refreshed = provider.read(state["training_job_name"], state).outs or {}
    assert refreshed["status"] == "Completed"
    assert provider.diff("", refreshed, checked(provider, job_inputs())).changes is False


def test_a_failed_job_is_retried_at_most_as_often_as_allowed(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    settings = {"relaunch": "onFailure", "maxAttempts": 3}
    state, launches = launch(provider, job_inputs(settings)), 1
    for _ in range(5):
        aws.set_status(state["training_job_name"], "Failed", reason="AlgorithmError: x")
        state = provider.read(state["training_job_name"], state).outs or {}
        if not provider.diff("", state, checked(provider, job_inputs(settings))).replaces:
            break
        provider.delete("", state)
        state, launches = launch(provider, job_inputs(settings)), launches + 1
    assert launches == 3
    assert state["tries"] == 3


def test_a_changed_tag_reaches_the_job_and_launches_nothing(
    provider: TrainingJobProvider, aws: FakeAws, job_inputs: Inputs
) -> None:
    state = launch(provider, job_inputs())
    inputs = job_inputs()
    inputs["request"]["Tags"] = [{"Key": "team", "Value": "vision"}]
    news = checked(provider, inputs)
    assert provider.diff("", state, news).replaces == []
    provider.update("", state, news)
    assert aws.tags[state["training_job_arn"]]["team"] == "vision"
    assert aws.calls.count("CreateTrainingJob") == 1


def test_an_import_is_refused_with_the_remedy(provider: TrainingJobProvider) -> None:
    with pytest.raises(TrainingJobError, match="adopted by its name and tags"):
        provider.read("research-dev-digits-00000001-1", {})


def test_a_stop_that_never_ends_is_reported(
    provider: TrainingJobProvider,
    aws: FakeAws,
    job_inputs: Inputs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ending, "STOP_DEADLINE_SECONDS", 0.05)
    monkeypatch.setattr(aws, "_stop", lambda _name: None)
    state = launch(provider, job_inputs())
    with pytest.raises(TrainingJobError, match="still stopping"):
        provider.delete(state["training_job_name"], state)

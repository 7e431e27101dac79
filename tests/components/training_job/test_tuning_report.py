"""What a stack's outputs say of its jobs that are tuned."""

from __future__ import annotations

from components.training_job.tuning.tuning_provider import TuningJobProvider
from components.training_job.tuning_report import merged_tuning_report
from tests.components.fake_aws import FakeAws
from tests.components.training_job.tuning.tuned_jobs import launch, tuned, tuning_provider_over


def test_what_a_state_lacks_is_no_null_and_how_it_ended_replaces_what_it_knew() -> None:
    known = {"tuning_job_name": "tuning", "status": "InProgress", "instance_type": None}
    ends = {"tuning": {"status": "Completed", "objective_value": 0.5, "cost_usd": 2.0}}
    report = merged_tuning_report(known, ends)
    assert None not in report.values()
    assert (report["name"], report["status"]) == ("tuning", "Completed")
    assert (report["objective_value"], report["cost_usd"]) == (0.5, 2.0)
    assert merged_tuning_report(known, {})["objective_value"] == "unknown"


def test_a_report_has_what_other_stacks_need_and_no_inner_matters(aws: FakeAws) -> None:
    provider: TuningJobProvider = tuning_provider_over(aws)
    state = launch(provider, tuned())
    report = merged_tuning_report(state, {})
    assert report["console_url"].endswith(f"#/hyper-tuning-jobs/{state['tuning_job_name']}")
    assert f"{state['tuning_job_name']}-" in report["log_url"]
    assert not {"tries", "nothing_left", "region"} & report.keys()
    assert report["lineage"] == "research-dev-digits"

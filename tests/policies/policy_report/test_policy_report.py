from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from policy_report.__main__ import main
from policy_report.markdown import marker
from tests.policies.policy_report.events import (
    END,
    ENFORCED,
    KEPT,
    ONLY_QUOTAS,
    Event,
    breach,
    configured,
    error,
    job,
    judged,
    step,
    tuning_job,
    written,
)
from training_policies.configuration import VARIABLE
from training_policies.preview import SECRET, preview_of

BUCKET = "aws:s3/bucket:Bucket"
QUOTA = {"all": {"costPerJobUsd": 20, "costPerStackUsd": 30}, "families": {"*": {}}}
Report = Callable[..., tuple[int, str]]


@pytest.fixture
def report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Report:
    """The exit code and the text of a report on events."""
    configuration = tmp_path / "configuration.json"
    monkeypatch.setenv(VARIABLE, str(configuration))

    def run(
        *events: Event,
        end: str = "",
        tags: dict[str, str] | None = None,
        packs: Sequence[str] = (),
        **values: Any,
    ) -> tuple[int, str]:
        configuration.write_text(
            json.dumps({"teams": {"research": {"dev": QUOTA}}, "policies": ONLY_QUOTAS} | values)
        )
        file = written(tmp_path, list(events), end)
        arguments = [str(file), "--stack", "research-dev"]
        if tags is not None:
            (tmp_path / "tags.json").write_text(json.dumps(tags))
            arguments += ["--tags", str(tmp_path / "tags.json")]
        arguments += [f"--known-pack={each}" for each in packs]
        return main(arguments), capsys.readouterr().out

    return run


def test_a_compliant_stack_passes_with_its_cost_ceilings(report: Report):
    code, text = report(job(), job("other", count=1, spot=False), *KEPT)
    assert code == 0
    assert text.startswith(
        f"{marker('research-dev')}\n## ✅ research-dev: within quotas, {len(ENFORCED)} policies"
    )
    # 2 × 1.515 USD/h × (3600 + 600) s
    assert "| `digits` | `2 × ml.g5.2xlarge, spot` | 1 h | 3.54 USD | 20.00 USD |" in text
    assert "| `other` | `1 × ml.g5.2xlarge, on demand` | 1 h | 1.77 USD | 20.00 USD |" in text
    assert "| **2 jobs** | | | **5.30 USD** | 30.00 USD |" in text
    assert "The launch switch is off" in text
    assert "Violations" not in text


def test_what_a_stack_costs_while_no_job_runs_is_beside_the_ceilings(report: Report):
    key, gateway = "aws:kms/key:Key", "aws:ec2/natGateway:NatGateway"
    events = [step("create", key, "key"), step("same", gateway, "a"), step("delete", gateway, "b")]
    _, text = report(job(), *events, *KEPT)
    section = text.partition("### While no job runs\n")[2].partition("###")[0]
    assert "| NAT gateway | 1 | 32.85 USD |" in section
    assert "| KMS key | 1 | 1.00 USD |" in section
    assert "| **together** | | **33.85 USD** |" in section
    assert "traffic through NAT" in section


def test_a_tuning_job_shows_its_worst_case_and_its_verdict_before_it_is_launched(report: Report):
    limits = {"MaxNumberOfTrainingJobs": 12, "MaxParallelTrainingJobs": 2}
    code, text = report(tuning_job(limits=limits, count=1), *KEPT)
    assert code == 1  # 12 × 1.515 USD/h × (3600 + 600) s is above 20 USD
    row = "| `tuned` | `2 trials of 1 × ml.g5.2xlarge, spot` | 1 h | 21.21 USD | 20.00 USD |"
    assert row in text
    row = "| `tuned` | 12 | no limit | 2 | 1 h | no limit | 21.21 USD | 6.36 USD |"
    assert row in text
    assert "- **quota-cost-per-job** on `tuned`, high" in text
    assert "The launch switch is off" in text

    limits["MaxRuntimeInSeconds"] = 7200
    code, text = report(tuning_job(limits=limits, count=1, spot=False, wait=None), job(), *KEPT)
    assert code == 0  # 2 × (7200 + 600) s
    row = "| `tuned` | 12 | no limit | 2 | 1 h | 2 h | 6.57 USD | 6.57 USD |"
    assert row in text
    assert "| **2 jobs** | | | **10.10 USD** | 30.00 USD |" in text


def test_a_tuning_job_has_a_forecast_of_all_its_trials(report: Report):
    limits = {"MaxNumberOfTrainingJobs": 20, "MaxParallelTrainingJobs": 4}
    tuned = tuning_job(limits=limits, runtime=7200, wait=14400)
    tuned["resourcePreEvent"]["metadata"]["new"]["inputs"]["expected_seconds"] = 3600
    _, text = report(tuned)
    [row] = [
        line for line in text.splitlines() if line.startswith("| `tuned` |") and " h / " in line
    ]
    assert " of trials, and all of them in " in row
    assert "Trials that are stopped early make a tuning shorter and cheaper" in text


def test_a_tuning_job_whose_limits_are_not_known_has_an_unknown_worst_case(report: Report):
    code, text = report(tuning_job(limits={"MaxParallelTrainingJobs": "[secret]"}), *KEPT)
    assert code == 1
    assert "`? trials of 2 × ml.g5.2xlarge, spot`" in text
    assert "| `tuned` | unknown | no limit | unknown | 1 h | no limit | unknown | unknown |" in text


def test_the_number_of_trials_is_compared_with_the_teams(report: Report):
    quota = {"all": {"maxTrials": 3, "tuningCostPerStackUsd": 5}, "families": {"*": {}}}
    limits = {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 1}
    code, text = report(
        tuning_job(limits=limits, count=1), *KEPT, teams={"research": {"dev": quota}}
    )
    assert code == 1
    assert "| `tuned` | 4 | 3 | 1 |" in text
    assert "- **quota-trials** on `tuned`, medium" in text
    over = "| the cost ceiling of tuning jobs | 7.07 USD (over) | 5.00 USD |"
    assert f"| `research in dev` | `all instances` {over}" in text


def test_a_stack_without_tuning_jobs_has_no_table_of_them(report: Report):
    assert "Tuning jobs" not in report(job(), *KEPT)[1]


def test_what_runs_on_a_training_plan_is_prepaid_and_not_free(report: Report):
    plan = "arn:aws:sagemaker:us-east-1:123456789012:training-plan/spring-2027"
    code, text = report(job(spot=False, TrainingPlanArn=plan), *KEPT)
    assert code == 0
    row = "| `digits` | `2 × ml.g5.2xlarge, on a training plan` | 1 h | prepaid | 20.00 USD |"
    assert row in text
    assert "| **1 job** | | | **prepaid** | 30.00 USD |" in text


def test_what_all_jobs_take_is_held_against_the_teams_quotas(report: Report):
    _, text = report(job(count=9), job("other", count=8), *KEPT)
    assert "### Quotas of the stack" in text
    row = "| `research in dev` | `all instances` | the cost ceiling | {} | 30.00 USD |"
    assert row.format("30.05 USD (over)") in text
    _, text = report(job(), *KEPT)
    assert row.format("3.54 USD") in text
    assert "no limit" not in text.split("### Quotas of the stack")[1]


def test_a_violation_is_shown_as_it_was_reported_and_refuses(report: Report):
    code, text = report(job(), breach(), *KEPT)
    assert code == 1
    assert "## ❌ research-dev: 1 violation of the policies" in text
    assert "### Violations\n\n- **quota-spot-only** on `digits`, high\n" in text
    assert "  ```text\n  Checks it.\n  No.\n  ```" in text


def test_marks_for_the_terminals_colours_are_not_shown(report: Report):
    coloured = breach(message="<{%reset%}>Too many.<{%reset%}>\n<{%fg 13%}>Why")
    code, text = report(job(), coloured, error("<{%fg 1%}>broken<{%reset%}>"), *KEPT)
    assert code == 1
    assert "Too many." in text
    assert "broken" in text
    assert "{%" not in text


def test_a_warning_is_shown_and_refuses_nothing(report: Report):
    code, text = report(job(), breach("advisory"), *KEPT)
    assert code == 0
    assert f"within quotas, {len(ENFORCED)} policies kept, 1 warning" in text
    assert "### Warnings" in text
    assert "### Violations" not in text


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ([], "the preview failed"),
        ([job(), judged("quota-team")], "the preview failed"),
        ([job(), END], "no policy ran"),
        ([job(), error("no such setting"), *KEPT], "the preview failed"),
    ],
)
def test_what_was_not_judged_to_its_end_does_not_pass(
    report: Report, events: list[Event], said: str
):
    code, text = report(*events)
    assert code == 1
    assert f"❌ research-dev: {said}" in text


def test_a_log_that_is_missing_or_breaks_off_does_not_pass(report: Report, tmp_path: Path):
    assert report(job(), judged("quota-team"), end='{"summaryEv')[0] == 1
    assert main([str(tmp_path / "none.json"), "--stack", "research-dev"]) == 1


OVER = [job("one", count=9), job("two", count=9)]
"""Jobs that are within their own limits, and together above that of the stack's cost."""
EXEMPTION = {
    "policy": "quota-cost-per-stack",
    "resource": "research-dev",
    "resourceType": "pulumi:pulumi:Stack",
    "reason": "a deadline in July",
    "owner": "ada@example.org",
    "expires": str(date.today() + timedelta(days=30)),
}


def test_a_pack_with_other_policies_is_not_taken_for_this_one(report: Report):
    code, text = report(job(), judged("anything"), END)
    assert code == 1
    every = len(ENFORCED)
    assert f"❌ research-dev: {every} of the pack's {every} policies did not run" in text
    assert "These policies of the pack did not run in the preview: `pack-exemptions`, " in text
    assert "remove `plugins` and `packages` from Pulumi.yaml" in text
    code, text = report(job(), judged(*ENFORCED, pack="another"), END)
    assert code == 1
    assert "❌ research-dev: no policy ran" in text


def test_a_pack_that_ran_beside_this_one_is_refused_unless_it_is_named(report: Report):
    changed = {"policyRemediationEvent": {"policyPackName": "another", "policyName": "fixed"}}
    for event in (judged("anything", pack="another"), changed):
        code, text = report(job(), event, *KEPT)
        assert code == 1
        assert "❌ research-dev: 1 unknown policy pack ran" in text
        assert "These packs ran as well, and a pack can change what a program declares: " in text
        assert "`another`" in text
        assert report(job(), event, *KEPT, packs=["another"])[0] == 0


def test_one_policy_that_did_not_run_is_named_and_refuses(report: Report):
    code, text = report(job(), judged(*ENFORCED - {"quota-team"}, "anything"), END)
    assert code == 1
    assert f"❌ research-dev: 1 of the pack's {len(ENFORCED)} policies did not run" in text
    assert "did not run in the preview: `quota-team`.\n" in text


def test_a_sum_that_is_over_refuses_although_every_policy_is_said_to_have_passed(report: Report):
    code, text = report(*OVER, *KEPT)
    assert code == 1
    assert (
        "❌ research-dev: the engine and this report disagree: 1 violation that the engine" in text
    )
    assert "### The engine's verdict is not the pack's" in text
    assert "- **quota-cost-per-stack** on " in text
    assert "the cost ceiling of the stack, all instances: asked 31.8" in text
    assert "(over)" in text


def test_a_violation_of_one_job_that_the_engine_does_not_report_refuses(report: Report):
    code, text = report(job(count=12), *KEPT)
    assert code == 1
    assert "disagree: 1 violation that" in text
    assert "- **quota-cost-per-job** on `digits`, high" in text


@pytest.mark.parametrize(("level", "disagree"), [("mandatory", False), ("advisory", True)])
def test_what_the_engine_reports_must_refuse_as_it_does_in_the_pack(
    report: Report, level: str, disagree: bool
):
    reported = breach(level)
    reported["policyEvent"]["policyName"] = "quota-cost-per-job"
    code, text = report(job(count=12), reported, *KEPT)
    assert code == 1
    assert ("disagree" in text) is disagree


@pytest.mark.parametrize(
    "allowed",
    [
        {"exemptions": [EXEMPTION]},
        {"policies": ONLY_QUOTAS | {"quota-cost-per-stack": {"level": "advisory"}}},
    ],
)
def test_a_sum_that_is_over_as_the_configuration_allows_passes_and_is_not_green(
    report: Report, allowed: dict[str, Any]
):
    code, text = report(*OVER, *KEPT, **allowed)
    assert code == 0
    assert "## ⚠️ research-dev: above a quota, as the configuration allows, " in text
    assert "✅" not in text
    assert "(over)" in text
    assert "passes if it is exempted" in text
    assert "disagree" not in text


def test_a_policy_that_the_configuration_disables_need_not_run(report: Report):
    disabled = {"policies": ONLY_QUOTAS | {"quota-runtime": {"level": "disabled"}}}
    code, text = report(job(), judged(*ENFORCED - {"quota-runtime"}), END, **disabled)
    assert code == 0
    assert f"✅ research-dev: within quotas, {len(ENFORCED) - 1} policies kept" in text


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("[secret]", "`? × ml.g5.2xlarge, spot`"),
        (SECRET | {"ciphertext": "x"}, "`? × ml.g5.2xlarge"),
    ],
)
def test_what_the_log_hides_is_unknown_and_is_no_number_of_instances(
    report: Report, hidden: Any, shown: str
):
    code, text = report(job(count=hidden), *KEPT)
    assert code == 1
    assert shown in text
    assert "**unknown**" in text
    code, text = report(job(instance_type="ml.g5.[secret]"), *KEPT)
    assert code == 1
    assert "`2 × ?, spot`" in text


def test_where_settings_are_not_trusted_the_stacks_tags_say_whose_its_jobs_are(report: Report):
    own = {"team": "research", "environment": "dev"}
    code, text = report(configured(**own), job(), *KEPT, tags=own, trustSettings=False)
    assert code == 0
    assert "| `research in dev` |" in text
    for tags in (None, {}, {"team": "research"}, {"environment": "dev"}):
        code, text = report(configured(**own), job(), *KEPT, tags=tags, trustSettings=False)
        assert code == 1
        assert "- **quota-team** on `digits`" in text
        assert "`pulumi stack tag set " in text
        assert "| `research in dev` |" not in text
        assert " 20.00 USD |" not in text


def test_a_stack_whose_files_name_another_team_than_its_tags_is_refused(report: Report):
    said = {"team": "research", "environment": "dev"}
    for trust in (True, False):
        tags = {"team": "vision", "environment": "dev"}
        code, text = report(configured(**said), job(), *KEPT, tags=tags, trustSettings=trust)
        assert code == 1
        assert "the stack's settings name another team than the stack's tags" in text
        assert "jobs for which two owners are named" in text


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.integers(1, 9), max_size=4),
    st.frozensets(st.sampled_from(sorted(ENFORCED)), max_size=2),
    st.booleans(),
)
def test_a_report_is_green_only_where_every_sum_is_within_and_every_policy_ran(
    report: Report, counts: list[int], missing: frozenset[str], ends: bool
):
    jobs = [job(f"job-{index}", count=count) for index, count in enumerate(counts)]
    code, text = report(*jobs, judged(*ENFORCED - missing), *([END] if ends else []))
    # 1.515 USD/h × (3600 + 600) s for each instance, and at most 30 USD for all.
    within = sum(counts) * 1.515 * 4200 / 3600 <= 30
    green = within and not missing and ends
    assert (code == 0) is green
    assert ("✅" in text) is green
    assert ("(over)" in text) is not within


def test_errors_are_shown_once_and_the_engines_own_last_word_not_at_all(report: Report):
    said = error("jobs.digits.spot: 7 — is no mapping")
    _, text = report(said, said, error("preview failed"), *KEPT)
    assert text.count("jobs.digits.spot: 7") == 1
    assert "preview failed\n" not in text


def test_a_program_that_fails_has_its_own_errors_in_the_report_and_no_sum_of_jobs(report: Report):
    ended = error("an unhandled error occurred: program exited with non-zero exit code: 1\n")
    _, text = report(error("jobs.digits.spot: 7 — must be a section"), ended)
    assert "jobs.digits.spot: 7" in text
    assert "unhandled" not in text
    assert "Not known: the preview failed before it came to a training job." in text
    code, text = report(ended, *KEPT)
    assert code != 0
    assert "unhandled" in text, "where the program says nothing, the engine's line stays"


def test_changes_are_counted_and_listed_and_replacements_count_once(report: Report):
    _, text = report(
        step("create", BUCKET, "new"),
        step("update", BUCKET, "changed"),
        step("delete", BUCKET, "gone"),
        step("create-replacement", BUCKET, "another"),
        step("replace", BUCKET, "another"),
        step("delete-replaced", BUCKET, "another"),
        step("same", BUCKET, "kept"),
        step("create", "pulumi:providers:pulumi-python", "default"),
        *KEPT,
    )
    assert "1 to create, 1 to update, 1 to delete, 1 to replace, 1 unchanged" in text
    for line in ("+ {} new", "~ {} changed", "- {} gone", "± {} another"):
        assert line.format(BUCKET) in text
    assert f"{BUCKET} kept" not in text
    assert "The stack has no training job." in text


def test_jobs_that_stay_as_they_are_count_and_those_that_go_do_not(report: Report):
    _, text = report(job("stays", "same"), job("goes", "delete"), *KEPT)
    assert "`stays`" in text
    assert "`goes`" not in text
    assert "**1 job**" in text


def test_a_launched_job_is_not_said_to_cost_nothing_yet(report: Report):
    assert "launch switch" not in report(job(launch=True), *KEPT)[1]


@pytest.mark.parametrize(
    "unknown", [{"runtime": None}, {"count": None}, {"instance_type": "ml.new.xlarge"}]
)
def test_a_ceiling_that_cant_be_computed_is_unknown_and_so_is_the_sum(
    report: Report, unknown: dict[str, Any]
):
    _, text = report(job(), job("odd", **unknown), *KEPT)
    assert "| **2 jobs** | | | **unknown** | 30.00 USD |" in text


def test_what_a_program_writes_is_not_read_as_markdown_or_html(report: Report):
    hostile = "</details> ```\n# ✅ all is well @everybody\n````"
    _, text = report(
        job("a`b|c", instance_type="ml.@everybody|<b>.xlarge"),
        breach(name="x` @everybody", message=hostile),
        error(hostile),
        step("create", BUCKET, hostile),
        *KEPT,
    )
    assert "| `abc` | `2 × ml.@everybody<b>.xlarge, spot` |" in text
    assert "on `x @everybody`, high" in text
    fence = None
    for line in text.splitlines():
        stripped = line.strip()
        if fence is None and stripped.endswith("text") and stripped.startswith("```"):
            fence = stripped.removesuffix("text")
        elif fence == stripped:
            fence = None
        elif fence is None:
            assert "all is well" not in line
    assert fence is None


def test_a_report_is_no_longer_than_a_comment_may_be(report: Report):
    _, text = report(*(step("create", BUCKET, f"bucket-{n}" * 10) for n in range(2000)), *KEPT)
    assert len(text) < 65_536
    assert text.endswith("… cut here.\n")


def test_without_a_usable_configuration_nothing_passes(
    report: Report, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none.json"))
    assert report(job(), *KEPT) == (1, "")


def test_a_fallback_is_part_of_what_a_job_takes_at_most():
    event = job()
    event["resourcePreEvent"]["metadata"]["new"]["inputs"]["fallbacks"] = [{"spot": False}]
    [view] = preview_of([event, *KEPT]).jobs
    assert len(view.variants) == 2


def test_a_recurring_job_costs_its_ceiling_for_each_run_of_a_month(report: Report):
    recurring = job()
    inputs = recurring["resourcePreEvent"]["metadata"]["new"]["inputs"]
    inputs["recurring"] = "research-dev-digits"
    text = report(recurring, *KEPT)[1]
    [row] = [
        line for line in text.splitlines() if line.startswith("| `digits` |") and "×" not in line
    ]
    once, weekly, daily = (float(cell.removesuffix(" USD").replace(",", ""))
                           for cell in row.strip("| ").split(" | ")[1:])  # fmt: skip
    assert weekly == pytest.approx(5 * once, abs=0.05)
    assert daily == pytest.approx(31 * once, abs=0.3)
    assert "none is launched" in text
    assert "The launch switch is off" not in text
    inputs["launch"] = True
    assert "none is launched" not in report(recurring, *KEPT)[1]

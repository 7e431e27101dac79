"""The command that writes a pull request's report, on the stack `dev` of the checkout."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from development.policy_pack import forecast, policy_check
from development.terminal import CommandError
from toolchain.layout import Layout

STRICT = {"teams": {"research": {"dev": {"all": {"instancesPerJob": 1}, "families": {"*": {}}}}}}


@pytest.fixture
def layout(tmp_path: Path, plugins: Path) -> Layout:
    """The checkout with a folder of its own: neither its local cloud nor another test is met."""
    layout = Layout(local=tmp_path / "local")
    layout.pulumi_home.mkdir(parents=True)
    (layout.pulumi_home / "plugins").symlink_to(plugins)
    return layout


@pytest.mark.integration
@pytest.mark.deep
def test_the_stack_dev_passes_and_is_refused_where_the_organisation_is_stricter(
    layout: Layout,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    assert policy_check(layout, "dev") == 0
    report = capfd.readouterr().out
    assert "## ✅ dev: within quotas" in report
    assert "| `research-dev-digits` | `2 × ml.c5.xlarge, spot` | 20 min | 0.2040 USD |" in report
    assert "+ aws:s3/bucket:Bucket research-dev-store-artifacts" in report

    configuration = tmp_path / "organisation.json"
    configuration.write_text(json.dumps(STRICT))
    monkeypatch.setenv("TRAINING_POLICIES_CONFIGURATION", str(configuration))
    assert policy_check(layout, "dev") == 1
    report = capfd.readouterr().out
    assert "## ❌ dev: 1 violation of the policies" in report
    assert "- **quota-instances-per-job** on `research-dev-digits`, high" in report
    assert "asked 2, allowed 1" in report
    assert list(layout.local.glob("policy-check-*")) == []


@pytest.mark.integration
@pytest.mark.deep
def test_a_job_is_forecast_before_it_is_launched(layout: Layout, capfd: pytest.CaptureFixture[str]):
    assert forecast(layout, "llm-finetune", "research-prod") == 0
    printed = capfd.readouterr().out
    assert "research-prod-llm-finetune: 5.0 h of training, as expectedRuntime says" in printed
    assert "maxRuntime 8.0 h, maxWait 16 h" in printed
    assert "assumed: 0.05 per instance-hour" in printed
    with pytest.raises(CommandError, match="There is no job 'none'"):
        forecast(layout, "none", "research-prod")
    assert list(layout.local.glob("policy-check-*")) == []


def test_a_stack_that_does_not_exist_is_answered_with_those_that_do():
    with pytest.raises(CommandError, match="There is no stack 'prod'; there is: dev, research-"):
        policy_check(Layout(), "prod")

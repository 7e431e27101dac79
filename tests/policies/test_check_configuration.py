from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.policies.test_configuration import exemption, written
from training_policies import check_configuration


def test_the_check_says_what_a_configuration_has_and_when_exemptions_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    soon = str(date.today() + timedelta(days=30))
    exemptions = [exemption(expires=soon), exemption(expires="2020-01-31")]
    file = written(tmp_path, {"teams": {"research": {}}, "exemptions": exemptions})
    assert check_configuration.main([str(file)]) == 0
    first, expired, lasting = capsys.readouterr().out.splitlines()
    assert first == "organisation.json can be used. It has quotas for research."
    assert expired.startswith("Expired: exemption of * from quota-spot-only for ada@example.org")
    assert "days left: exemption of *" in lasting


def test_the_check_fails_with_every_problem(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert check_configuration.main([str(written(tmp_path, {}))]) == 1
    assert "teams: nothing — is required" in capsys.readouterr().err

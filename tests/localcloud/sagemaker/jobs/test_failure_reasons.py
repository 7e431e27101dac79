"""Why a job failed, in a limited number of words."""

from __future__ import annotations

from pathlib import Path

from localcloud.sagemaker.jobs import failure_reasons


def test_a_failure_reason_is_never_longer_than_the_service_allows(tmp_path: Path):
    (tmp_path / "failure").write_text("x" * 5000)

    reason = failure_reasons.algorithm_error(tmp_path / "failure", 1)

    assert len(reason) == 1024
    assert reason.endswith("x, exit code: 1")


def test_a_failure_file_that_is_a_link_is_not_read(tmp_path: Path):
    (tmp_path / "failure").symlink_to("/etc/hostname")

    assert (
        failure_reasons.algorithm_error(tmp_path / "failure", 1) == "AlgorithmError: , exit code: 1"
    )

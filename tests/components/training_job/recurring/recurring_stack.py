"""A stack with one recurring job over AWS in memory, updated as the engine does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from components.training_job.request.channels import input_channel
from components.training_job.settings.input_settings import InputSettings
from tests.components.fake_aws import FakeAws
from tests.components.training_job.conftest import PLACEMENT, inputs_of_job
from tests.components.training_job.providers import checked, provider_over

JOB = "research-dev-digits"
LAST_MODEL = {
    "job": JOB,
    "channel": input_channel("model", InputSettings(last_run_of="digits"), ""),
}
RUNS = ("2026-w47", "2026-w48", "2026-w49")


class Engine:
    """A stack with one recurring job, updated as the engine does."""

    def __init__(self, aws: FakeAws) -> None:
        self.aws, self.provider = aws, provider_over(aws)
        self.state: dict[str, Any] | None = None

    def up(self, run: str = "", *, refresh: bool = True, **settings: Any) -> str:
        """An update; returns which operation it was, "" for none."""
        lineage = f"{JOB}-{run}" if run else JOB
        placement = replace(
            PLACEMENT,
            output_uri=f"s3://artifacts/output/{lineage}",
            checkpoint_uri=f"s3://artifacts/checkpoints/{lineage}/",
        )
        news = inputs_of_job({"recurring": True} | settings, placement, lineage=lineage)
        news |= {"recurring": JOB, "launch": bool(run), "last_runs": [LAST_MODEL]}
        news = checked(self.provider, news)
        if self.state is None:
            return self._create("create", news)
        if refresh:
            self.state = self.provider.read("", self.state).outs or {}
        difference = self.provider.diff("", self.state, news)
        if not difference.changes:
            return ""
        if difference.replaces:
            self.provider.delete("", self.state)
            return self._create("replace", news)
        self.state = self.provider.update("", self.state, news).outs
        return "update"

    def end(self, status: str) -> None:
        """The live job ends, if there is one."""
        for name in self.aws.live():
            self.aws.set_status(name, status)

    def _create(self, operation: str, news: dict[str, Any]) -> str:
        self.state = self.provider.create(news).outs
        return operation

    @property
    def jobs(self) -> list[str]:
        """The lineages of all jobs, in the order of their launches."""
        return [name.rsplit("-", 2)[0].removeprefix(f"{JOB}-") for name in self.aws.jobs]

"""What all stacks of the checkout and the jobs on its local cloud take, against the quotas."""

from __future__ import annotations

import subprocess

from localcloud.server import daemon
from toolchain.environment import REGION, engine_environment
from toolchain.layout import Layout


def quota_report(layout: Layout) -> int:
    """Prints the report, and returns its exit code: 0 within, 1 above a quota, 2 unreadable."""
    server = daemon.find(layout.cloud)
    layout.state.mkdir(parents=True, exist_ok=True)
    options = ["--pulumi", str(layout.pulumi_bin / "pulumi")]
    options += ["--live", REGION] if server else []
    return subprocess.run(
        [str(layout.python), "-m", "quota_report", *options],
        # The policy pack's folder is the root of its imports.
        cwd=layout.checkout / "policies",
        env=engine_environment(layout, endpoint_url=server.url if server else None),
        check=False,
    ).returncode

"""A local cloud that was started from other code than the checkout's."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from development.local_cloud import find_current, start
from localcloud.server import code_version, daemon
from localcloud.server.code_version import fingerprint
from toolchain.layout import Layout


@pytest.fixture
def layout(tmp_path: Path) -> Iterator[Layout]:
    layout = Layout(local=tmp_path)
    yield layout
    daemon.stop(layout.cloud)


@pytest.mark.deep
def test_a_local_cloud_of_older_code_is_started_again_with_its_data(
    layout: Layout, capfd: pytest.CaptureFixture[str]
):
    server = start(layout)
    assert find_current(layout) == start(layout) == server
    client(server, "s3").create_bucket(Bucket="kept")
    channel = chat_channel(server)
    assert capfd.readouterr().out == ""

    state = layout.cloud / daemon.STATE_FILE
    state.write_text(json.dumps(json.loads(state.read_text()) | {"sources": "older"}))
    assert find_current(layout) is None
    assert "earlier version" in capfd.readouterr().out
    assert daemon.find(layout.cloud) is None

    again = start(layout)
    assert again.pid != server.pid
    assert find_current(layout) == again
    assert [each["Name"] for each in client(again, "s3").list_buckets()["Buckets"]] == ["kept"]
    found = client(again, "chatbot").describe_slack_channel_configurations()
    assert found["SlackChannelConfigurations"] == [channel]


def test_where_none_runs_there_is_none(layout: Layout):
    assert find_current(layout) is None


def test_a_fingerprint_changes_with_any_file_but_compiled_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(code_version, "_PACKAGE", tmp_path)
    seen = [fingerprint()]
    (tmp_path / "data.csv").write_text("a")
    seen.append(fingerprint())
    (tmp_path / "data.csv").write_text("b")
    seen.append(fingerprint())
    (tmp_path / "data.csv").rename(tmp_path / "table.csv")
    seen.append(fingerprint())
    assert len(set(seen)) == 4
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "data.pyc").write_bytes(b"c")
    assert fingerprint() == seen[-1]


def chat_channel(server: daemon.Server) -> dict[str, Any]:
    """A channel of a service that the local cloud has in addition to moto's."""
    role = client(server, "iam").create_role(RoleName="chat", AssumeRolePolicyDocument="{}")["Role"]
    answer = client(server, "chatbot").create_slack_channel_configuration(
        ConfigurationName="alerts", SlackTeamId="T0", SlackChannelId="C0", IamRoleArn=role["Arn"]
    )
    return dict(answer["ChannelConfiguration"])


def client(server: daemon.Server, service: str) -> Any:
    make: Any = boto3.client
    return make(
        service,
        region_name="us-east-1",
        endpoint_url=server.url,
        aws_access_key_id="local",
        aws_secret_access_key="local",
    )

"""The sessions of jobs end with their jobs, and few of the ended ones are kept."""

from __future__ import annotations

import math
import time

import boto3
import pytest

from localcloud.authorization import sessions as module
from localcloud.authorization.sessions import Session, Sessions
from tests.localcloud.cloud import BUCKET, REGION, Cloud, refusal

ROLE = "arn:aws:iam::123456789012:role/training"


def assumed(sessions: Sessions, expires: float = math.inf) -> str:
    """Assumes a role, and returns the access key of its session."""
    from moto.sts.models import sts_backends

    given = sts_backends["123456789012"]["aws"].assume_role(REGION, "any", ROLE, "", 3600, "")
    key = str(given.access_key_id)
    sessions.add(key, Session(ROLE, REGION, expires=expires))
    return key


def kept() -> set[str]:
    """The access keys that moto has."""
    from moto.iam.models import iam_backends
    from moto.sts.models import sts_backends

    roles = sts_backends["123456789012"]["aws"].assumed_roles
    return {each.access_key_id for each in roles} | {
        *iam_backends["123456789012"]["aws"].access_keys
    }


def test_of_sessions_that_end_or_expire_only_the_last_keys_are_kept(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(module, "MOST_ENDED", 20)
    sessions = Sessions()
    running = assumed(sessions)

    ended = [assumed(sessions) for _ in range(30)]
    for key in ended:
        sessions.end([key])
    expired = [assumed(sessions, time.time() - 1) for _ in range(10)]
    last = assumed(sessions)

    assert kept() & {running, *ended, *expired, last} == {running, last}
    assert [sessions.has_ended(key) for key in ended] == [False] * 20 + [True] * 10
    assert all(sessions.has_ended(key) for key in expired)
    assert sessions.find(running) is not None
    assert not any(map(sessions.find, [*ended, *expired]))


def test_the_credentials_of_a_script_end_with_its_job(cloud: Cloud):
    script = """
        import os
        for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"):
            print(os.environ[f"AWS_{name}"])
        """
    job = cloud.run(script, EnableNetworkIsolation=False)
    key, secret, token = cloud.lines(job["TrainingJobName"])

    s3 = boto3.client(
        "s3",
        region_name=REGION,
        endpoint_url=cloud.server.url,
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
    )
    assert refusal(s3.list_objects_v2, Bucket=BUCKET)[0] == "ExpiredToken"

"""A run whose state was stored, and its account, made again on a local cloud.

The engine that reads the state finds in the account what the run had made. Names are those of
the state. The ids that AWS chooses are others, so they are replaced in the state.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import time
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from botocore.exceptions import ClientError

from localcloud.awsplugin import resource_lifecycle
from localcloud.awsplugin.cloud import Cloud
from localcloud.awsplugin.provider_settings import read_settings
from localcloud.awsplugin.resources import RESOURCE_TYPES
from tests.integration.engine import Stack
from toolchain.environment import REGION

STORED_STATES = Path(__file__).parent
SOURCE = "job"
"""The folder of the jobs' source, and of a local input, in the copy of the program."""
OBJECT = "aws:s3/bucketObjectv2:BucketObjectv2"
STATE, SETTINGS, LAUNCHES, OBJECTS = "state.json", "settings.json", "launches.json", "objects/"
"""What is in the file: the export of the state, the stack's settings, the operations that launched
its jobs, and what it had uploaded."""
_CHOSEN = re.compile(r"\b[a-z]+-[0-9a-f]{17}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
"""An id that AWS chooses: of the network, of a key."""

_NAMES = ("TrainingJobName", "HyperParameterTuningJobName")
_SETTLE_SECONDS = 30.0


class StoredRun:
    """A run by the file of its version."""

    def __init__(self, file: Path) -> None:
        """Reads the file."""
        with zipfile.ZipFile(file) as archive:
            content = {name: archive.read(name) for name in archive.namelist()}
        self.settings: dict[str, Any] = json.loads(content[SETTINGS])
        self._launches: list[dict[str, Any]] = json.loads(content[LAUNCHES])
        self._state: dict[str, Any] = json.loads(content[STATE])
        self._uploads = {
            name.removeprefix(OBJECTS): body
            for name, body in content.items()
            if name.startswith(OBJECTS)
        }
        self._ids: dict[str, str] = {}
        """The ids in the state that AWS chose, each with what it is in the account made again."""

    @property
    def resources(self) -> list[dict[str, Any]]:
        """The resources in the state."""
        resources: list[dict[str, Any]] = self._state["deployment"]["resources"]
        return resources

    @property
    def job_names(self) -> set[str]:
        """The names of the jobs that were launched, without trials."""
        requests = [each["request"] for each in self._launches]
        return {each[name] for each in requests for name in each if name in _NAMES}

    def unpack_source(self, program: Path) -> None:
        """Puts the jobs' source, as it was uploaded, into a copy of the program."""
        packed = next(body for key, body in self._uploads.items() if key.endswith(".tar.gz"))
        with tarfile.open(fileobj=io.BytesIO(packed)) as source:
            source.extraction_filter = getattr(tarfile, "data_filter", None)  # from 3.11.4 on
            source.extractall(program / SOURCE)  # noqa: S202 - made by the program

    def make_account(self, stack: Stack) -> None:
        """Makes what the run had made in its account. Its jobs run to their end again."""
        cloud = Cloud(read_settings({"region": REGION}, stack.environment()))
        s3, sagemaker = stack.client("s3"), stack.client("sagemaker")
        for each in self.resources:
            kind, inputs = RESOURCE_TYPES.get(each["type"]), self._with_ids(each.get("inputs"))
            if each["type"] == OBJECT:
                bucket, key, tags = inputs["bucket"], inputs["key"], urlencode(inputs["tagsAll"])
                s3.put_object(Bucket=bucket, Key=key, Body=self._uploads[key], Tagging=tags)
            elif kind:
                identity, made = resource_lifecycle.create(kind, cloud, inputs)
                self._learn(each["id"], identity)
                for name in each["outputs"].keys() & made.keys():
                    self._learn(each["outputs"][name], made[name])
        for launch in self._launches:
            create = getattr(sagemaker, launch["create"])
            _once_the_role_has_settled(partial(create, **self._with_ids(launch["request"])))

    def state(self) -> dict[str, Any]:
        """The state of the stack, with the ids of the account that was made."""
        state: dict[str, Any] = self._with_ids(self._state)
        return state

    def _learn(self, before: Any, now: Any) -> None:
        if isinstance(before, str) and isinstance(now, str):
            self._ids |= dict(zip(_CHOSEN.findall(before), _CHOSEN.findall(now), strict=False))

    def _with_ids(self, value: Any) -> Any:
        """A value of the state, with the ids of the account."""
        text = _CHOSEN.sub(lambda id_: self._ids.get(id_[0], id_[0]), json.dumps(value))
        return json.loads(text)


def _once_the_role_has_settled(create: Callable[[], object]) -> None:
    """Launches a job. For a while, the service does not see what a new role may do."""
    until = time.monotonic() + _SETTLE_SECONDS
    while True:
        try:
            create()
        except ClientError:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return

"""Snapshots of moto's data in this process: what is kept, and what happens to the rest."""

from __future__ import annotations

import hashlib
import json
import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.core.base_backend import BackendDict
from moto.s3.models import s3_backends
from moto.sqs.models import sqs_backends

from localcloud.snapshots.file import FORMAT
from localcloud.snapshots.gate import Gate
from localcloud.snapshots.keeper import Keeper, Restored

ACCOUNT = "123456789012"
BUCKET = "kept-bucket"


@pytest.fixture(autouse=True)
def _no_data() -> Iterator[None]:
    forget()
    yield
    forget()


def forget() -> None:
    """Empties moto, as it is in a new process."""
    BackendDict.reset()
    s3_backends.bucket_accounts.clear()


class Notes:
    """Data of the local cloud's own."""

    def __init__(self, *notes: str) -> None:
        self.notes = list(notes)

    def state(self) -> list[str]:
        return self.notes

    def restore(self, state: list[str]) -> None:
        self.notes = state


def keeper(folder: Path, notes: Notes | None = None) -> Keeper:
    made = Keeper(folder / "kept", Gate())
    made.add("notes", notes or Notes())
    return made


def put(**objects: bytes) -> None:
    s3: Any = s3_backends[ACCOUNT]["aws"]
    if BUCKET not in s3.buckets:
        s3.create_bucket(BUCKET, "us-east-1")
    for name, content in objects.items():
        s3.put_object(BUCKET, name, content)


def objects() -> dict[str, bytes]:
    s3: Any = s3_backends[ACCOUNT]["aws"]
    bucket = s3.buckets.get(BUCKET)
    return {key.name: key.value for key in bucket.keys.values()} if bucket else {}


def keep(folder: Path) -> None:
    kept = keeper(folder)
    kept.start()
    kept.finish()


def contents(folder: Path) -> list[Path]:
    return sorted((folder / "kept" / "objects").glob("*/*"))


def test_all_data_come_back_and_a_name_is_still_taken(tmp_path: Path):
    put(first=b"1", second=b"2")
    notes = Notes("one")
    keeper(tmp_path, notes).save()
    forget()
    found = Notes()

    keeper(tmp_path, found).restore()

    assert objects() == {"first": b"1", "second": b"2"}
    assert found.notes == ["one"]
    other: Any = s3_backends["999999999999"]["aws"]
    with pytest.raises(Exception, match="BucketAlreadyExists"):
        other.create_bucket(BUCKET, "us-east-1")


def test_nothing_is_missing_after_an_end_in_good_order_and_something_may_be_otherwise(
    tmp_path: Path,
):
    put(first=b"1")
    keep(tmp_path)
    assert keeper(tmp_path).restore().lost == ""

    # As it was restored but has not ended yet, it may have lost something.
    assert "changes after" in keeper(tmp_path).restore().lost


def test_an_empty_folder_has_nothing(tmp_path: Path):
    assert keeper(tmp_path).restore() == Restored(0.0, "It began empty.")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"moto": "1.0"}, f"format {FORMAT} of moto 1.0"),
        ({"format": 99}, "format 99"),
        ({"sha256": "0" * 64}, "was changed"),
        ({"more": 1}, "is not a snapshot"),
    ],
)
def test_a_snapshot_that_cannot_be_used_is_set_aside_whole(
    tmp_path: Path, change: dict[str, Any], reason: str
):
    put(first=b"1")
    keep(tmp_path)
    snapshot = tmp_path / "kept" / "snapshot"
    line, data = snapshot.read_bytes().split(b"\n", 1)
    changed = json.dumps(json.loads(line) | change).encode() + b"\n" + data
    snapshot.write_bytes(changed)
    forget()

    lost = keeper(tmp_path).restore().lost

    assert reason in lost
    assert objects() == {}
    [aside] = tmp_path.glob("kept-set-aside-*")
    assert str(aside) in lost
    assert (aside / "snapshot").read_bytes() == changed
    assert not (tmp_path / "kept").exists()


def test_a_snapshot_that_names_what_is_no_longer_there_is_set_aside(tmp_path: Path):
    keeper(tmp_path, Notes()).save()
    snapshot = tmp_path / "kept" / "snapshot"
    line, _ = snapshot.read_bytes().split(b"\n", 1)
    state = b"cno.such_module\nthing\n."
    header = json.loads(line) | {"sha256": hashlib.sha256(state).hexdigest()}
    snapshot.write_bytes(json.dumps(header).encode() + b"\n" + state)

    assert "set aside" in keeper(tmp_path).restore().lost


def test_an_object_whose_content_was_damaged_is_reported_and_the_others_kept(tmp_path: Path):
    put(damaged=b"content 1", missing=b"content 2", whole=b"content 3")
    keep(tmp_path)
    for path in contents(tmp_path):
        if path.read_bytes() == b"content 1":
            path.write_bytes(b"something else")
        elif path.read_bytes() == b"content 2":
            path.unlink()
    forget()

    lost = keeper(tmp_path).restore().lost

    assert objects() == {"whole": b"content 3"}
    assert f"s3://{BUCKET}/damaged" in lost
    assert f"s3://{BUCKET}/missing" in lost
    assert "whole" not in lost


def test_a_content_is_written_once_and_removed_with_its_last_object(tmp_path: Path):
    put(first=b"the same", second=b"the same")
    kept = keeper(tmp_path)
    kept.save()
    [content] = contents(tmp_path)
    written = content.stat()
    put(third=b"another")
    kept.save()

    assert content.stat() == written
    assert len(contents(tmp_path)) == 2
    bucket = s3_backends[ACCOUNT]["aws"].buckets[BUCKET]
    bucket.keys.pop("first")
    bucket.keys.pop("second")
    kept.save()

    assert [path.read_bytes() for path in contents(tmp_path)] == [b"another"]


def test_what_was_restored_is_not_written_again(tmp_path: Path):
    put(first=b"1")
    keep(tmp_path)
    [content] = contents(tmp_path)
    written = content.stat()
    forget()
    again = keeper(tmp_path)
    again.restore()

    again.save()

    assert content.stat() == written


def test_a_write_that_fails_leaves_the_snapshot_before_it_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    put(first=b"1")
    kept = keeper(tmp_path)
    kept.save()
    put(second=b"2")

    def full(_: int) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space"):
            kept.save()
    assert not list(tmp_path.rglob("*.new"))
    forget()
    keeper(tmp_path).restore()
    assert objects() == {"first": b"1"}

    put(second=b"2")
    kept.save()
    forget()
    keeper(tmp_path).restore()
    assert objects() == {"first": b"1", "second": b"2"}


def test_a_service_that_cannot_be_kept_is_left_out_and_reported(tmp_path: Path):
    put(first=b"1")
    queues: Any = sqs_backends[ACCOUNT]["us-east-1"]
    queues.something_that_runs = threading.Thread()
    with pytest.raises(TypeError):
        pickle.dumps(queues.something_that_runs)
    keep(tmp_path)
    forget()

    lost = keeper(tmp_path).restore().lost

    assert "moto.sqs.models" in lost
    assert objects() == {"first": b"1"}


def test_a_change_is_kept_soon(tmp_path: Path):
    kept = keeper(tmp_path)
    kept.start()
    put(first=b"1")

    kept.changed()

    written = threading.Event()
    for _ in range(600):
        if (tmp_path / "kept" / "snapshot").exists():
            written.set()
            break
        threading.Event().wait(0.05)
    assert written.is_set()
    kept.finish()

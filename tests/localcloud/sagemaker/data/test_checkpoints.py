"""How checkpoints travel between a job and S3."""

from __future__ import annotations

import itertools
import logging
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from localcloud.sagemaker.data.checkpoints import (
    UPLOADED,
    UPLOADING,
    Changes,
    CheckpointSync,
    Files,
    Stamp,
    changes,
)
from localcloud.sagemaker.data.locations import Location, list_keys
from localcloud.sagemaker.jobs.failure_reasons import ClientError
from localcloud.sagemaker.sandbox.script_files import remove
from tests.localcloud.cloud import BUCKET, LISTEN, Cloud, checkpoints, eventually, resources
from tests.localcloud.roles import PULL, READ, WRITE, World, deny
from tests.localcloud.spot import SPOT, interrupt

OLD, NEW = Stamp(1, 1, 1), Stamp(2, 2, 1)


@pytest.mark.parametrize(
    ("before", "now", "kept", "expected"),
    [
        pytest.param({}, {"a": OLD}, {}, Changes((), ()), id="a new file waits for a second look"),
        pytest.param({"a": OLD}, {"a": NEW}, {}, Changes((), ()), id="a growing file waits"),
        pytest.param({"a": OLD}, {"a": OLD}, {}, Changes(("a",), ()), id="a stable file goes"),
        pytest.param({"a": NEW}, {"a": NEW}, {"a": OLD}, Changes(("a",), ()), id="a change goes"),
        pytest.param({"a": OLD}, {"a": OLD}, {"a": OLD}, Changes((), ()), id="nothing twice"),
        pytest.param({"a": OLD}, {}, {"a": OLD}, Changes((), ("a",)), id="a deletion is mirrored"),
        pytest.param({"a": OLD}, {}, {}, Changes((), ()), id="what S3 never had is not deleted"),
    ],
)
def test_a_pass_finds_what_changed(before: Files, now: Files, kept: Files, expected: Changes):
    assert changes(before, now, kept) == expected


def test_checkpoints_are_uploaded_while_the_job_runs_and_restored_by_the_next(cloud: Cloud):
    config = checkpoints("resumed/")
    name = cloud.create(
        "import os\n"
        "os.makedirs('/opt/ml/checkpoints/epoch')\n"
        "open('/opt/ml/checkpoints/epoch/1', 'w').write('state')\n" + LISTEN,
        CheckpointConfig=config,
    )
    eventually(lambda: cloud.keys("resumed/") or None)
    assert cloud.keys("resumed/") == ["resumed/epoch/1"]
    assert cloud.describe(name)["TrainingJobStatus"] == "InProgress"
    cloud.stop(name)

    job = cloud.run(
        "print(open('/opt/ml/checkpoints/epoch/1').read())",
        CheckpointConfig=config,
        ResourceConfig=resources(2),
    )

    assert cloud.lines(job["TrainingJobName"]) == ["state", "state"]
    assert cloud.keys("resumed/") == ["resumed/epoch/1"]


def test_a_deletion_is_mirrored_while_the_job_runs(cloud: Cloud):
    cloud.put("deleted/old", b"old")
    cloud.put("deleted/kept", b"kept")
    name = cloud.create(
        "import os; os.remove('/opt/ml/checkpoints/old')\n" + LISTEN,
        CheckpointConfig=checkpoints("deleted/"),
    )

    eventually(lambda: cloud.keys("deleted/") == ["deleted/kept"] or None)
    cloud.stop(name)


def test_the_end_of_a_job_is_no_deletion(cloud: Cloud):
    cloud.put("lasting/old", b"old")

    cloud.run(
        "open('/opt/ml/checkpoints/new', 'w').write('new')",
        CheckpointConfig=checkpoints("lasting/"),
    )

    assert cloud.keys("lasting/") == ["lasting/new", "lasting/old"]


def test_a_prefix_without_a_slash_restores_its_siblings_too_and_changes_none(cloud: Cloud):
    cloud.put("run-1/state", b"own")
    cloud.put("run-10/state", b"sibling")
    script = """
        import pathlib
        folder = pathlib.Path('/opt/ml/checkpoints')
        print(sorted(str(path.relative_to(folder)) for path in folder.rglob('state')))
        (folder / 'state').write_text('changed')
        (folder / 'run-10' / 'state').unlink(missing_ok=True)
    """

    without = cloud.run(script, CheckpointConfig=checkpoints("run-1"))
    kept = cloud.get("run-1/state"), cloud.get("run-10/state")
    slash = cloud.run(script, CheckpointConfig=checkpoints("run-1/"))

    assert cloud.lines(without["TrainingJobName"]) == ["['run-10/state', 'state']"]
    assert cloud.lines(slash["TrainingJobName"]) == ["['state']"]
    assert kept == (b"changed", b"sibling")
    assert cloud.keys("run-1") == ["run-1/state", "run-10/state"]


def test_the_service_marks_uploads_and_leaves_out_what_is_marked_to_be_ignored(cloud: Cloud):
    name = cloud.create(
        """
        import os, time
        folder = '/opt/ml/checkpoints/'
        open(folder + 'part.sagemaker-ignore', 'w')
        open(folder + 'state', 'w')
        while not os.path.exists(folder + 'state.sagemaker-uploaded'):
            time.sleep(0.02)
        print(sorted(os.listdir(folder)))
        """,
        CheckpointConfig=checkpoints("marked/"),
    )

    cloud.ended(name)

    assert cloud.lines(name) == ["['part.sagemaker-ignore', 'state', 'state.sagemaker-uploaded']"]
    assert cloud.keys("marked/") == ["marked/state"]


def test_a_link_in_a_markers_place_is_replaced_and_not_followed(cloud: Cloud, tmp_path: Path):
    folder, outside = tmp_path / "checkpoints", tmp_path / "outside"
    folder.mkdir()
    for suffix in (UPLOADING, UPLOADED):
        (folder / f"state{suffix}").symlink_to(outside)
    (folder / "state").write_text("1")
    sync = CheckpointSync(cloud.s3, Location(BUCKET, "linked/"), folder, interval=60.0)
    sync.start()
    sync.finish(60)
    assert cloud.keys("linked/") == ["linked/state"]
    assert not outside.exists()
    assert not (folder / f"state{UPLOADED}").is_symlink()


def test_checkpoints_can_lie_outside_opt_ml(cloud: Cloud):
    cloud.run(
        "open('/checkpoints/state', 'w').write('elsewhere')",
        CheckpointConfig=checkpoints("elsewhere/") | {"LocalPath": "/checkpoints"},
    )

    assert cloud.get("elsewhere/state") == b"elsewhere"


@contextmanager
def synchronised(
    s3: Any, prefix: str, folder: Path, interval: float = 0.1
) -> Iterator[CheckpointSync]:
    """Keeps a folder in step with S3, as an instance does while its script runs."""
    folder.mkdir(exist_ok=True)
    sync = CheckpointSync(s3, Location(BUCKET, prefix), folder, interval)
    sync.start()
    try:
        yield sync
    finally:
        sync.abandon()


@contextmanager
def rotating(folder: Path, seconds: float) -> Iterator[None]:
    """Writes a checkpoint after another meanwhile, and removes all but the newest two."""
    ended = threading.Event()

    def rotate() -> None:
        for number in itertools.count(1):
            part = folder / f"checkpoint-{number}" / "weights"
            part.mkdir(parents=True)
            (part / "state").write_text(str(number))
            remove(folder / f"checkpoint-{number - 2}")
            if ended.wait(seconds):
                return

    thread = threading.Thread(target=rotate)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def newest(cloud: Cloud, prefix: str) -> int | None:
    keys = cloud.keys(prefix)
    return max((int(key.split("checkpoint-")[1].split("/")[0]) for key in keys), default=None)


def test_checkpoints_arrive_though_each_lives_half_as_long_as_a_pass_takes(
    cloud: Cloud, tmp_path: Path
):
    folder = tmp_path / "checkpoints"
    with synchronised(cloud.s3, "rotated/", folder, interval=0.4) as sync:
        with rotating(folder, seconds=0.1):
            first = eventually(lambda: newest(cloud, "rotated/"))
            eventually(lambda: (newest(cloud, "rotated/") or 0) > first + 8 or None)
        sync.finish(60)

    kept = [key.removeprefix("rotated/") for key in cloud.keys("rotated/")]
    left = sorted(str(path.relative_to(folder)) for path in folder.rglob("state"))
    assert kept == left
    assert len(kept) == 2


def test_a_pass_that_comes_too_late_for_a_new_file_leaves_the_old_ones(
    cloud: Cloud, tmp_path: Path
):
    def remove_the_next(name: str) -> None:
        if name == "new-1":
            (folder / "new-2").unlink(missing_ok=True)

    cloud.put("late/old", b"old")
    folder = tmp_path / "checkpoints"
    sync = CheckpointSync(S3(cloud, remove_the_next), Location(BUCKET, "late/"), folder, 1.0)
    sync.restore()
    (folder / "new-1").touch()
    (folder / "new-2").touch()
    (folder / "old").unlink()

    sync.finish(60)
    assert cloud.keys("late/") == ["late/new-1", "late/old"]

    sync.finish(60)
    assert cloud.keys("late/") == ["late/new-1"]


def test_a_pass_that_sees_only_files_that_are_too_new_leaves_the_old_ones(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def rotate(_seconds: float) -> bool:
        """Happens between the two looks of a pass."""
        names = sorted(path.name for path in folder.iterdir())
        (folder / names[-1]).unlink()
        (folder / f"new-{len(looks)}").touch()
        looks.append(1)
        return False

    cloud.put("too-new/old", b"old")
    folder, looks = tmp_path / "checkpoints", list[int]()
    sync = CheckpointSync(cloud.s3, Location(BUCKET, "too-new/"), folder, 1.0)
    sync.restore()
    with monkeypatch.context() as patch:
        patch.setattr(sync._finished, "wait", rotate)
        for _ in range(3):
            sync._apply_stable()
            assert cloud.keys("too-new/") == ["too-new/old"]

    sync._apply_stable()
    assert cloud.keys("too-new/") == ["too-new/new-2"]
    (folder / "new-2").unlink()
    sync._apply_stable()
    assert cloud.keys("too-new/") == []


def test_a_script_that_is_always_faster_than_the_passes_does_not_fill_the_bucket(
    cloud: Cloud, tmp_path: Path
):
    def remove_the_next(name: str) -> None:
        if name.endswith("-1"):
            (folder / name.replace("-1", "-2")).unlink(missing_ok=True)

    folder = tmp_path / "checkpoints"
    folder.mkdir()
    sync = CheckpointSync(
        S3(cloud, remove_the_next), Location(BUCKET, "always-faster/"), folder, 1.0
    )
    for number in range(9):
        for path in folder.iterdir():
            path.unlink()
        for part in (1, 2):
            (folder / f"{number}-{part}").touch()
        sync.finish(60)

    assert cloud.keys("always-faster/") == [f"always-faster/{number}-1" for number in (6, 7, 8)]


def test_small_files_are_uploaded_without_threads_of_their_own(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    folder = tmp_path / "checkpoints"
    folder.mkdir()
    for number in range(20):
        (folder / f"{number:02}").write_text(str(number))
    started: list[threading.Thread] = []
    monkeypatch.setattr(threading.Thread, "start", started.append)

    CheckpointSync(cloud.s3, Location(BUCKET, "small/"), folder, 1.0).finish(60)

    assert [cloud.get(key) for key in cloud.keys("small/")] == [b"%d" % each for each in range(20)]
    assert started == []


def test_a_job_that_rotates_its_checkpoints_loses_little_by_an_abrupt_interruption(cloud: Cloud):
    name = cloud.create(
        """
        import itertools, pathlib, shutil, time
        folder = pathlib.Path('/opt/ml/checkpoints')
        found = [int(path.name.split('-')[1]) for path in folder.iterdir()]
        start = max(found, default=0)
        print('after', start)
        for number in itertools.count(start + 1):
            for part in range(5):
                new = folder / f'checkpoint-{number}' / f'{part}'
                new.mkdir(parents=True, exist_ok=True)
                (new / 'state').write_text(str(number))
            shutil.rmtree(folder / f'checkpoint-{number - 2}', ignore_errors=True)
            time.sleep(0.02)
        """,
        CheckpointConfig=checkpoints("rotating-job/"),
        **SPOT,
    )
    eventually(lambda: (newest(cloud, "rotating-job/") or 0) > 20 or None)
    assert interrupt(cloud, name, "--abrupt").exit_code == 0

    lines = eventually(lambda: lines if len(lines := cloud.lines(name)) > 1 else None)
    cloud.stop(name)

    assert lines[0] == "after 0"
    assert int(lines[1].split()[1]) >= 20


def wait_for_key(cloud: Cloud, key: str) -> None:
    eventually(lambda: cloud.keys(key) or None)


def bind(path: Path) -> None:
    here = os.open(path.parent, os.O_PATH)
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{here}/{path.name}")  # a socket's path may be no longer
    os.close(here)


def deepen(path: Path) -> None:
    """Makes a file so deep that no path leads to it."""
    here = os.open(path.parent, os.O_RDONLY)
    for name in [path.name, *["deeper"] * 800]:
        os.mkdir(name, dir_fd=here)
        inner = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(os.open("state", os.O_WRONLY | os.O_CREAT, dir_fd=here))
    os.close(here)


ODD: dict[str, tuple[str, Callable[[Path], Any], bool]] = {
    "a name that leaves no room for a marker": ("n" * 240, Path.touch, True),
    "a name that is not UTF-8": (os.fsdecode(b"n\xff"), Path.touch, True),
    "a name with a newline": ("n\nn", Path.touch, True),
    "a marker's place that is taken": (f"n{UPLOADING}/x", lambda path: path.touch(), False),
    "a socket": ("n", bind, False),
    "a pipe": ("n", os.mkfifo, False),
    "a link to nothing": ("n", lambda path: path.symlink_to("nowhere"), False),
    "a link to itself": ("n", lambda path: path.symlink_to("n"), False),
    "a link to a folder": ("n", lambda path: path.symlink_to("/etc"), False),
    "folders too deep for a path": ("n", deepen, True),
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_file_costs_only_itself_and_is_reported_once(
    cloud: Cloud, tmp_path: Path, caplog: pytest.LogCaptureFixture, name: str
):
    odd, make, reported = ODD[name]
    folder, prefix = tmp_path / "checkpoints", f"odd-{list(ODD).index(name)}/"
    (folder / odd).parent.mkdir(parents=True)
    make(folder / odd)
    with caplog.at_level(logging.WARNING), synchronised(cloud.s3, prefix, folder) as sync:
        for good in ("a", "n.ok", "z/state"):
            (folder / good).parent.mkdir(exist_ok=True)
            (folder / good).write_text("good")
            wait_for_key(cloud, prefix + good)
        sync.finish(60)

    others = [key for key in cloud.keys(prefix) if not key.startswith(f"{prefix}n{UPLOADING}")]
    assert others == [f"{prefix}a", f"{prefix}n.ok", f"{prefix}z/state"]
    assert [record.exc_info for record in caplog.records] == [None] * reported
    remove(folder)


def test_a_name_may_hold_what_a_key_may(cloud: Cloud, tmp_path: Path):
    names = ["é &?%2F+*", "\x01", "n" * 230]
    folder, restored = tmp_path / "checkpoints", tmp_path / "restored"
    with synchronised(cloud.s3, "named/", folder) as sync:
        for name in names:
            (folder / name).write_text(name)
        sync.finish(60)

    CheckpointSync(cloud.s3, Location(BUCKET, "named/"), restored, 60).restore()

    assert {path.name: path.read_text() for path in restored.iterdir()} == {
        name: name for name in names
    }


class S3:
    """S3, where something else happens before an upload."""

    def __init__(self, cloud: Cloud, happen: Callable[[str], None]) -> None:
        self._s3 = cloud.s3
        self._happen = happen

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._s3, name)
        if name not in {"put_object", "upload_fileobj"}:
            return real

        def upload(*arguments: Any, **options: Any) -> None:
            key: str = options["Key"] if name == "put_object" else arguments[2]
            self._happen(key.rpartition("/")[2])
            real(*arguments, **options)

        return upload


@pytest.mark.parametrize("content", ["shorter", "longer " * 3_000_000])
def test_a_file_that_changes_while_it_is_uploaded_is_uploaded_again(
    cloud: Cloud, tmp_path: Path, content: str
):
    folder, prefix = tmp_path / "checkpoints", f"changed-{len(content)}/"
    folder.mkdir()
    (folder / "state").write_text("of middle length" * 250_000)
    changed: list[int] = []

    def change(**_: Any) -> None:
        if not changed:
            changed.append((folder / "state").write_text(content))

    s3 = cloud.client("s3")
    # When all that is to be known of the upload has been said and the content is sent.
    s3.meta.events.register("before-send.s3.PutObject", change)

    with synchronised(s3, prefix, folder):
        eventually(lambda: cloud.keys(prefix) or None)
        eventually(lambda: cloud.get(f"{prefix}state") == content.encode() or None)
    assert changed


@pytest.mark.parametrize("place", ["state", "folder"])
def test_a_link_that_takes_a_files_place_before_its_upload_is_not_followed(
    cloud: Cloud, tmp_path: Path, place: str
):
    folder, prefix = tmp_path / "checkpoints", f"replaced-{place}/"
    outside = tmp_path / "outside"
    for here in (outside, folder / "folder"):
        here.mkdir(parents=True)
        (here / "state").write_text(here.name)
    (folder / "state").write_text("inside")
    (folder / "first").write_text("inside")
    target = outside if place == "folder" else outside / "state"

    def happen(key: str) -> None:
        if key == "first":
            (folder / place).rename(tmp_path / "moved")
            (folder / place).symlink_to(target)

    with synchronised(S3(cloud, happen), prefix, folder) as sync:
        sync.finish(60)

    assert not (set(cloud.keys(prefix)) & {prefix + place, f"{prefix}{place}/state"})
    assert f"{prefix}first" in cloud.keys(prefix)
    assert [path.name for path in outside.iterdir()] == ["state"]


def test_an_error_of_an_unexpected_kind_is_logged_with_its_trace_once_and_costs_one_file(
    cloud: Cloud, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    folder, tries = tmp_path / "checkpoints", []

    def happen(name: str) -> None:
        if name == "bad":
            tries.append(name)
            raise ZeroDivisionError("unheard of")

    with synchronised(S3(cloud, happen), "unexpected/", folder) as sync:
        (folder / "bad").touch()
        eventually(lambda: len(tries) > 2 or None)
        (folder / "good").touch()
        eventually(lambda: cloud.keys("unexpected/") or None)
        sync.finish(60)

    [record] = caplog.records
    assert record.exc_info
    assert "bad" in record.getMessage()
    assert cloud.keys("unexpected/") == ["unexpected/good"]


@pytest.mark.parametrize("phase", [each / 20 for each in range(20)])
def test_a_script_that_writes_as_regularly_as_the_passes_come_is_uploaded(
    phase: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    now = [phase]
    passes: list[float] = []
    uploaded: list[str] = []

    def wait(seconds: float) -> bool:
        now[0] += seconds
        passes.append(seconds)
        return len(passes) > 100

    def scan(*_: Any) -> dict[str, Stamp]:
        return {"state": Stamp(1, int(now[0]), 1)}  # another one each second

    sync = CheckpointSync(None, Location(BUCKET, "regular/"), tmp_path, interval=1.0)
    monkeypatch.setattr(sync, "_upload", uploaded.append)
    monkeypatch.setattr("localcloud.sagemaker.data.checkpoints.scan", scan)
    monkeypatch.setattr(sync._finished, "wait", wait)
    sync._run()

    assert len(uploaded) > 20


def test_a_pass_that_fails_as_a_whole_does_not_end_the_passes(
    cloud: Cloud, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    def fail(*_: Any) -> Any:
        failures.append(1)
        raise ZeroDivisionError("unheard of")

    failures: list[int] = []
    folder = tmp_path / "checkpoints"
    with synchronised(cloud.s3, "failing/", folder) as sync:
        with monkeypatch.context() as patch:
            patch.setattr(os, "scandir", fail)
            eventually(lambda: len(failures) > 2 or None)
        (folder / "first").touch()
        eventually(lambda: cloud.keys("failing/first") or None)
        (folder / "second").touch()  # it is uploaded only after the end of the first one's pass
        eventually(lambda: cloud.keys("failing/second") or None)
        with monkeypatch.context() as patch:
            patch.setattr(os, "scandir", fail)
            sync.finish(60)

    assert [bool(record.exc_info) for record in caplog.records] == [True, True]
    assert cloud.keys("failing/") == ["failing/first", "failing/second"]


@pytest.mark.parametrize("error", [PermissionError(13, "no"), OSError(24, "Too many open files")])
def test_a_folder_that_cannot_be_looked_at_is_not_a_deleted_one(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError
):
    folder, prefix = tmp_path / "checkpoints", f"hidden-{error.errno}/"
    real = os.scandir

    def look(path: Any = ".") -> Any:
        if "closed" in str(path):
            looked.append(1)
            raise error
        return real(path)

    looked: list[int] = []
    (folder / "closed").mkdir(parents=True)
    (folder / "closed" / "state").touch()
    (folder / "old").touch()
    with synchronised(cloud.s3, prefix, folder) as sync:
        eventually(lambda: len(cloud.keys(prefix)) == 2 or None)
        with monkeypatch.context() as patch:
            patch.setattr(os, "scandir", look)
            (folder / "old").unlink()
            eventually(lambda: cloud.keys(prefix) == [f"{prefix}closed/state"] or None)
            eventually(lambda: len(looked) > 3 or None)
        sync.finish(60)

    assert cloud.keys(prefix) == [f"{prefix}closed/state"]


def test_a_file_that_the_service_may_not_read_costs_only_itself(
    cloud: Cloud,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    folder, real = tmp_path / "checkpoints", os.open

    def refuse(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
        if str(path).endswith("n"):
            raise PermissionError(13, "Permission denied", path)  # root may read all
        return real(path, flags, *arguments, **options)

    folder.mkdir()
    for name in ("a", "n", "z"):
        (folder / name).touch()
    with monkeypatch.context() as patch, synchronised(cloud.s3, "locked/", folder) as sync:
        patch.setattr(os, "open", refuse)
        eventually(lambda: len(cloud.keys("locked/")) == 2 or None)
        sync.finish(60)

    assert cloud.keys("locked/") == ["locked/a", "locked/z"]
    assert len(caplog.records) == 1


def test_a_finished_job_with_odd_files_is_completed_and_its_other_files_are_kept(cloud: Cloud):
    world = World(cloud)
    kept = deny("s3:PutObject", on=f"arn:aws:s3:::{BUCKET}/odd-job/forbidden")
    script = """
        import os, pathlib
        folder = pathlib.Path('/opt/ml/checkpoints')
        os.chdir(folder)
        for name in ('forbidden', 'n' * 240, b'n\\xff', 'a', 'a\\nb', 'z'):
            open(name, 'w').close()
        os.mkfifo('pipe')
        os.symlink('nowhere', 'link')
        os.chdir('/tmp')
        for _ in range(1200):
            os.mkdir('deeper')
            os.chdir('deeper')
    """

    job = world.run(READ, WRITE, PULL, kept, script=script, CheckpointConfig=checkpoints("odd-job"))

    assert job["TrainingJobStatus"] == "Completed"
    assert cloud.keys("odd-job/") == ["odd-job/a", "odd-job/z"]


@pytest.mark.parametrize(
    "keys",
    [("state", "state/part"), ("n" * 256,), ("a\0b",), ("a/../../b",)],
    ids=["a file and a folder", "too long", "NUL", "a way out"],
)
def test_a_key_that_can_be_no_file_fails_the_job_by_its_name(
    cloud: Cloud, tmp_path: Path, keys: tuple[str, ...]
):
    prefix = f"nameless-{keys[0][:4].strip(chr(0))}/"
    for key in keys:
        cloud.put(prefix + key, b"x")
    sync = CheckpointSync(cloud.s3, Location(BUCKET, prefix), tmp_path / "checkpoints", 60)

    with pytest.raises(ClientError) as caught:
        sync.restore()

    assert repr(prefix + keys[-1])[1:-1] in str(caught.value)


def test_a_checkpoint_that_vanishes_while_others_are_restored_is_not_there(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def listed(s3: Any, location: Location) -> list[str]:
        keys = list(list_keys(s3, location))
        cloud.s3.delete_object(Bucket=BUCKET, Key="vanished/b")
        return keys

    monkeypatch.setattr("localcloud.sagemaker.data.checkpoints.list_keys", listed)
    for name in "abc":
        cloud.put(f"vanished/{name}", b"x")
    folder = tmp_path / "checkpoints"
    sync = CheckpointSync(cloud.s3, Location(BUCKET, "vanished/"), folder, 60)

    sync.restore()

    assert sorted(path.name for path in folder.iterdir()) == ["a", "c"]


def test_the_next_one_knows_what_s3_has_and_what_a_kill_interrupted(cloud: Cloud, tmp_path: Path):
    folder, memory = tmp_path / "checkpoints", tmp_path / "memory"
    folder.mkdir()

    def make(s3: Any) -> CheckpointSync:
        return CheckpointSync(s3, Location(BUCKET, "next/"), folder, 60, memory)

    def interrupt_the_second(name: str) -> None:
        if name == "b":
            raise SystemExit

    for name in "abc\udc80":
        (folder / name).write_text("1")
    with pytest.raises(SystemExit):
        make(S3(cloud, interrupt_the_second)).finish(60)
    (folder / "a").unlink()
    cloud.put("next/of-another-host", b"")

    make(cloud.s3).finish(60)

    assert cloud.keys("next/") == ["next/b", "next/c", "next/of-another-host"]
    (folder / "d").write_text("1")
    sent: list[str] = []
    make(S3(cloud, sent.append)).finish(60)
    assert sent == ["d", "\udc80"]


def test_many_files_are_all_uploaded_when_the_script_has_ended(cloud: Cloud, tmp_path: Path):
    for number in range(300):
        (tmp_path / f"{number}").touch()

    CheckpointSync(cloud.s3, Location(BUCKET, "many/"), tmp_path, 60).finish(60)

    assert len(cloud.keys("many/")) == 300

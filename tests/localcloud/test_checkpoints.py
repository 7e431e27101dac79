"""How checkpoints travel between a job and S3."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from localcloud.sagemaker.locations import Location
from localcloud.sagemaker.runtime.checkpoints import (
    UPLOADED,
    UPLOADING,
    Changes,
    CheckpointSync,
    Files,
    Stamp,
    changes,
)
from tests.localcloud.cloud import LISTEN, Cloud, checkpoints, eventually, resources

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


def test_a_neighbouring_prefix_is_neither_restored_nor_changed(cloud: Cloud):
    cloud.put("lineage-2/other", b"")

    job = cloud.run(
        "import os; print(os.listdir('/opt/ml/checkpoints'))",
        CheckpointConfig=checkpoints("lineage"),
    )

    assert cloud.lines(job["TrainingJobName"]) == ["[]"]
    assert cloud.keys("lineage") == ["lineage-2/other"]


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


def test_a_link_in_a_markers_place_is_replaced_and_not_followed(tmp_path: Path):
    folder, outside = tmp_path / "checkpoints", tmp_path / "outside"
    folder.mkdir()
    for suffix in (UPLOADING, UPLOADED):
        (folder / f"state{suffix}").symlink_to(outside)
    (folder / "state").write_text("1")
    uploaded: list[str] = []
    s3 = SimpleNamespace(upload_file=lambda _path, bucket, key: uploaded.append(f"{bucket}/{key}"))
    sync = CheckpointSync(s3, Location("store", "work/"), folder, interval=60.0)
    sync.start()
    sync.finish(60)
    assert uploaded == ["store/work/state"]
    assert not outside.exists()
    assert not (folder / f"state{UPLOADED}").is_symlink()


def test_checkpoints_can_lie_outside_opt_ml(cloud: Cloud):
    cloud.run(
        "open('/checkpoints/state', 'w').write('elsewhere')",
        CheckpointConfig=checkpoints("elsewhere/") | {"LocalPath": "/checkpoints"},
    )

    assert cloud.get("elsewhere/state") == b"elsewhere"

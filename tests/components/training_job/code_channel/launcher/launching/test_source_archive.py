"""The source archive: what is unpacked of it, and what is refused."""

from __future__ import annotations

import os
import stat
import tarfile
from typing import Any

import pytest

from tests.components.training_job.code_channel.container import Container, add


def test_a_script_imports_its_neighbours_and_keeps_executable_bits(container: Container) -> None:
    with tarfile.open(container.channel / "source.tar.gz", "w:gz") as tar:
        add(tar, "jobs/train.py", b"import common; import os; assert os.access('tool', os.X_OK)")
        add(tar, "common.py", b"")
        add(tar, "tool", b"", mode=0o4755)
    container.environment["PYTHONSAFEPATH"] = "1"  # the launcher's own folder has modules too
    done = container.run("--entry-point", "jobs/train.py")
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE((container.base / "code" / "tool").stat().st_mode) == 0o755


UNSAFE: dict[str, dict[str, Any]] = {
    "an absolute path": {"name": "/tmp/escape.py"},  # noqa: S108
    "a path that leads up": {"name": "a/../../escape.py"},
    "a link that leads up": {"name": "a", "type": tarfile.SYMTYPE, "linkname": "../x"},
    "a link to an absolute path": {"name": "a", "type": tarfile.SYMTYPE, "linkname": "/etc"},
    "a hard link": {"name": "a", "type": tarfile.LNKTYPE, "linkname": "train.py"},
    "a pipe": {"name": "a", "type": tarfile.FIFOTYPE},
    "a device": {"name": "a", "type": tarfile.CHRTYPE, "devmajor": 1, "devminor": 3},
}


@pytest.mark.parametrize("member", UNSAFE.values(), ids=UNSAFE.keys())
def test_an_archive_is_refused_whole_for(container: Container, member: dict[str, Any]) -> None:
    with tarfile.open(container.channel / "source.tar.gz", "w:gz") as tar:
        add(tar, "train.py", b"")
        add(tar, member["name"], b"", **{k: v for k, v in member.items() if k != "name"})
    done = container.run("--entry-point", "train.py")
    assert done.returncode == 1
    assert repr(member["name"]) in container.failure
    assert "Traceback" not in done.stderr
    assert not (container.base / "code").exists()


def test_a_link_that_leads_further_down_is_kept(container: Container) -> None:
    with tarfile.open(container.channel / "source.tar.gz", "w:gz") as tar:
        add(tar, "lib/common.py", b"")
        add(tar, "common.py", b"", type=tarfile.SYMTYPE, linkname="lib/common.py")
        add(tar, "train.py", b"import common")
    assert container.run("--entry-point", "train.py").returncode == 0


def test_files_are_never_written_through_a_link_that_is_there_already(container: Container) -> None:
    outside = container.base.parent / "outside"
    outside.write_text("untouched")
    (container.base / "code").mkdir()
    (container.base / "code" / "train.py").symlink_to(outside)
    assert container.run_script("print('ran')").returncode == 0
    assert outside.read_text() == "untouched"


def test_a_torn_archive_is_reported_in_one_line(container: Container) -> None:
    container.pack({"train.py": "print(1)" * 1000, "b.py": os.urandom(5000).hex()})
    archive = container.channel / "source.tar.gz"
    archive.write_bytes(archive.read_bytes()[:3000])
    done = container.run("--entry-point", "train.py")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "source.tar.gz can't be unpacked" in container.failure


def test_a_missing_archive_is_reported(container: Container) -> None:
    assert container.run("--entry-point", "train.py").returncode == 1
    assert container.failure == "launcher: there is no source.tar.gz beside the launcher"


@pytest.mark.parametrize("entry_point", ["tain.py", "../code/train.py", "/etc/passwd", "."])
def test_a_missing_entry_point_is_named_with_what_there_is(
    container: Container, entry_point: str
) -> None:
    container.pack({"train.py": "", "lib/model.py": ""})
    done = container.run("--entry-point", entry_point)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert f"{entry_point!r} is not in the source folder" in container.failure
    assert "lib/model.py, train.py" in container.failure

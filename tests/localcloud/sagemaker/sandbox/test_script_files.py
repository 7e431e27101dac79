"""Files that a script can change."""

from __future__ import annotations

import os
from pathlib import Path

from localcloud.sagemaker.sandbox.script_files import remove


def test_a_folder_is_removed_however_deep_it_is_and_what_its_links_lead_to_stays(tmp_path: Path):
    folder, outside, link = tmp_path / "folder", tmp_path / "outside", tmp_path / "link"
    (folder / "locked").mkdir(parents=True, mode=0)
    outside.mkdir(mode=0o500)
    for each in (link, folder / "link"):
        each.symlink_to(outside)
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("deeper", dir_fd=here)
        outer, here = here, os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(outer)
    os.close(here)

    for each in (folder, link, tmp_path / "nothing"):
        remove(each)

    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    assert outside.stat().st_mode & 0o777 == 0o500

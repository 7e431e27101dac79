from __future__ import annotations

import json
from pathlib import Path

import pytest

from acceptance.diary import Diary, unfinished, write_private
from tests.acceptance.conftest import NewDiary


def test_what_was_written_is_read_again_and_only_its_owner_can_read_it(
    new_diary: NewDiary,
):
    diary = new_diary()
    diary.done.append("preview")
    diary.facts["edit"] = {"live": True}
    diary.write()
    assert Diary.read(diary.folder) == diary
    assert (diary.folder / "state.json").stat().st_mode & 0o777 == 0o600


def test_a_write_that_fails_leaves_what_was_there(new_diary: NewDiary):
    diary = new_diary()
    before = (diary.folder / "state.json").read_text()
    diary.facts[("no", "key")] = 1  # type: ignore[index]
    with pytest.raises(TypeError):
        diary.write()
    assert (diary.folder / "state.json").read_text() == before


def test_what_a_killed_process_had_begun_to_write_is_not_in_the_way(tmp_path: Path):
    (tmp_path / ".state.json.unfinished").write_text("{half")
    write_private(tmp_path / "state.json", json.dumps({}))
    assert [path.name for path in tmp_path.iterdir()] == ["state.json"]


def test_only_what_was_not_cleaned_up_is_unfinished(new_diary: NewDiary, tmp_path: Path):
    first, second = new_diary("20260101T000000Z"), new_diary("20260102T000000Z")
    assert unfinished(tmp_path) == [first.folder, second.folder]
    first.finished = True
    first.write()
    assert unfinished(tmp_path) == [second.folder]


def test_no_two_acceptances_have_the_same_names(new_diary: NewDiary):
    identities = {new_diary(str(number)).identity for number in range(8)}
    assert len(identities) > 4

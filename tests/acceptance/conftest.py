"""An acceptance without an account: its diary, and a scene whose CLI does nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from acceptance.diary import Diary
from acceptance.scene import Patience, Scene

ACCOUNT, REGION = "123456789012", "eu-west-1"
NewDiary = Callable[..., Diary]


@pytest.fixture
def new_diary(tmp_path: Path) -> NewDiary:
    def make(name: str = "20260101T000000Z") -> Diary:
        diary = Diary(
            folder=tmp_path / name,
            account=ACCOUNT,
            region=REGION,
            image="image",
            instance_type="ml.m5.large",
            extras=[],
            backend=f"file://{tmp_path}",
            max_usd=0.3,
        )
        diary.write()
        return diary

    return make


@pytest.fixture
def said() -> list[str]:
    """What the person is shown."""
    return []


@pytest.fixture
def scene(new_diary: NewDiary, said: list[str]) -> Scene:
    return Scene(new_diary(), Patience(*[0.0] * 5), said.append)

from __future__ import annotations

import pytest

from acceptance.scene import Scene
from tests.acceptance.conftest import NewDiary


@pytest.mark.parametrize("error", [OSError("the terminal is gone"), RuntimeError("reentrant call")])
def test_a_closed_terminal_does_not_end_an_acceptance(
    new_diary: NewDiary, monkeypatch: pytest.MonkeyPatch, error: Exception
):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("builtins.print", fail)
    Scene(new_diary()).say("Cleaning up.")

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
import typer

from development import command_line


@pytest.fixture
def _handler_is_put_back() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_handler_is_put_back")
def test_a_command_that_ctrl_c_ends_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    app = typer.Typer()
    app.command()(lambda: signal.raise_signal(signal.SIGINT))
    monkeypatch.setattr(command_line, "app", app)
    monkeypatch.setattr(command_line, "client_environment", lambda _layout: {**os.environ})
    monkeypatch.setattr("sys.argv", ["development"])
    with pytest.raises(SystemExit) as end:
        command_line.run()
    assert end.value.code == 130
    assert capsys.readouterr() == ("Interrupted. The same command begins again.\n", "")

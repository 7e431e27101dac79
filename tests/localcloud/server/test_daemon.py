from __future__ import annotations

import os
from pathlib import Path

import pytest

from localcloud.server import daemon


def test_ctrl_c_while_a_server_starts_leaves_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    found, processes = iter([None, KeyboardInterrupt]), list[int]()

    def find(_data: Path) -> None:
        if error := next(found):
            raise error

    def spawn(*_arguments: object) -> int:
        processes.append(os.posix_spawn("/bin/sleep", ["sleep", "600"], {}))
        return processes[0]

    monkeypatch.setattr(daemon, "find", find)
    monkeypatch.setattr(daemon, "_spawn", spawn)
    with pytest.raises(KeyboardInterrupt):
        daemon.start(tmp_path / "cloud")
    with pytest.raises(ProcessLookupError):
        os.kill(processes[0], 0)

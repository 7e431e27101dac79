"""Keys for every test of the clients, and a credential process that prints keys."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file in which a credential process writes a line for each key that it has printed."""
    script, calls = tmp_path / "process.py", tmp_path / "calls"
    script.write_text(
        "import json, pathlib, sys\n"
        "calls = pathlib.Path(sys.argv[1])\n"
        "with calls.open('a') as file: file.write('called\\n')\n"
        "key = f'key{len(calls.read_text().splitlines())}'\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': key, 'SecretAccessKey': 'secret',\n"
        "    'SessionToken': 'token', 'Expiration': '2999-01-01T00:00:00Z'}))\n"
    )
    config = tmp_path / "config"
    config.write_text(f"[profile team]\ncredential_process = {sys.executable} {script} {calls}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    return calls

"""What the engine is called with; a program in its place writes its arguments down."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from development.engine import Engine
from toolchain.layout import Layout

WRITES_ARGUMENTS = """\
#!/usr/bin/env python3
import json, os, sys
json.dump({"arguments": sys.argv[1:], "folder": os.getcwd()}, open("called.json", "w"))
"""


WRITES_EVENTS = """\
#!/usr/bin/env python3
import sys
path = sys.argv[sys.argv.index("--event-log") + 1]
for operation in ("preview", "update"):
    with open(path, "w") as log:
        print('{"sequence": 1}', file=log)
        print('{"sequence":', end="", file=log)
        if operation == "update":
            log.flush()
            sys.exit("killed")
        print(" 2}", file=log)
"""


class Watcher:
    """Keeps what the engine writes."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.lines: list[str] = []
        self.interrupts = 0

    def event(self, event: Mapping[str, Any]) -> None:
        self.events.append(event)

    def engine_line(self, line: str) -> None:
        self.lines.append(line)

    def interrupted(self) -> None:
        self.interrupts = self.interrupts + 1


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    checkout = tmp_path / "a, \"b\" and 'c'"
    layout = Layout(checkout, tmp_path / "local")
    pulumi = layout.pulumi_bin / "pulumi"
    pulumi.parent.mkdir(parents=True)
    pulumi.write_text(WRITES_ARGUMENTS)
    pulumi.chmod(0o755)
    (checkout / "policies").mkdir()
    (checkout / "policies" / "configuration.json").write_text("{}")
    engine = Engine(layout, "dev", "http://127.0.0.1:1")
    engine.settings_file.parent.mkdir(parents=True)
    engine.settings_file.write_text("config: {}\n")
    return engine


def test_the_policy_pack_is_found_whatever_signs_the_path_of_the_checkout_has(engine: Engine):
    assert engine.up(Watcher()) == 0
    called = json.loads((engine.layout.checkout / "called.json").read_text())
    assert Path(called["folder"]) == engine.layout.checkout
    value = called["arguments"][called["arguments"].index("--policy-pack") + 1]
    assert not set(value) & set(",\"'")
    assert (engine.layout.checkout / value).samefile(engine.layout.checkout / "policies")


def test_the_events_of_each_operation_are_passed_on_also_those_of_an_engine_that_was_killed(
    engine: Engine,
):
    (engine.layout.pulumi_bin / "pulumi").write_text(WRITES_EVENTS)
    watcher = Watcher()
    assert engine.up(watcher) == 1
    assert watcher.events == [{"sequence": 1}, {"sequence": 2}, {"sequence": 1}]
    assert watcher.lines == ["killed"]

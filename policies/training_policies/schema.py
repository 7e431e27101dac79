"""Writes the schema of the configuration file: `python -m training_policies.schema`."""

from __future__ import annotations

import json
from pathlib import Path

from training_policies.configuration_schema import configuration_schema
from training_policies.pack import POLICIES

FILE = Path(__file__).parent.parent / "configuration.schema.json"


def schema_text() -> str:
    """The schema of this pack's configuration file, as it is written."""
    return json.dumps(configuration_schema(POLICIES), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FILE.write_text(schema_text(), encoding="utf-8")

"""The generated files, from the settings' model and the fields of a job's report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from components.stack.aws_settings import AwsSettings
from components.stack.stack_settings import Settings
from development.configuration.declarations import with_declarations
from development.configuration.outputs_page import outputs_page
from development.configuration.outputs_reader import READER, outputs_reader
from development.configuration.schema import model_schema, stack_schema
from development.configuration.settings_page import settings_page


def documents(checkout: Path) -> dict[Path, str]:
    """The text that each of the files should have."""
    settings, aws = model_schema(Settings), model_schema(AwsSettings)
    project, reader = checkout / "Pulumi.yaml", outputs_reader()
    return {
        checkout / "docs" / "configuration.md": settings_page(settings, aws),
        checkout / "docs" / "outputs.md": outputs_page(reader),
        checkout / READER: reader,
        checkout / "stack.schema.json": _json(stack_schema()),
        project: with_declarations(project.read_text(), settings),
    }


def write(checkout: Path) -> Iterator[Path]:
    """Writes the files that are out of date, and yields them."""
    for path, text in documents(checkout).items():
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            yield path


def _json(content: object) -> str:
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"

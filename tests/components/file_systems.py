"""File systems for tests."""

from __future__ import annotations

from typing import Literal

from components.training_job.settings.input_settings import FileSystemSettings


def file_system(
    id_: str, type_: Literal["EFS", "FSxLustre"], security_group_id: str
) -> FileSystemSettings:
    """The settings of a file system's directory."""
    return FileSystemSettings(
        id=id_, type=type_, directory_path="/fsx/data", security_group_id=security_group_id
    )

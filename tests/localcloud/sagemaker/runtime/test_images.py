"""The Python environment that is used in place of an image."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from localcloud.sagemaker.runtime import images


def test_the_first_matching_pattern_names_the_images_environment(tmp_path: Path):
    (tmp_path / "images.toml").write_text(
        f'[images]\n"*/other:*" = "/nowhere"\n"*/training:*" = "{sys.prefix}"\n"*" = "/nowhere"\n'
    )

    image = images.find("1.dkr.ecr.us-east-1.amazonaws.com/training:2", tmp_path)

    assert image.environment == Path(sys.prefix)
    assert image.base == Path(sys.base_prefix)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [("*/training:*", True), ("*/training:2", True), ("*/training*", True), ("*/train:*", False)],
)
def test_an_image_by_digest_is_found_by_its_repository(tmp_path: Path, pattern: str, matches: bool):
    (tmp_path / "images.toml").write_text(f'[images]\n"{pattern}" = "/nowhere"\n')
    uri = f"1.dkr.ecr.us-east-1.amazonaws.com/training@sha256:{'0' * 64}"
    with pytest.raises(images.ImageError) if matches else nullcontext():
        images.find(uri, tmp_path)


def test_without_a_map_the_servers_own_environment_is_used(tmp_path: Path):
    assert images.find("anything", tmp_path).environment == Path(sys.prefix)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[images]\n"*" = "/nowhere"\n', "bin/python3 does not run"),
        ("[pictures]\n", r"needs a table \[images\]"),
        ("images", "images.toml"),
    ],
)
def test_an_unusable_map_is_reported_with_its_file(tmp_path: Path, text: str, message: str):
    (tmp_path / "images.toml").write_text(text)

    with pytest.raises(images.ImageError, match=message):
        images.find("anything", tmp_path)

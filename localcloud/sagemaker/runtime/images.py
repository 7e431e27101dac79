"""The local Python environment that is used in place of a container image.

`images.toml` in the data folder maps patterns of image URIs to environment folders. The first
match counts; without a match, it is the environment that runs the server:

    [images]
    "*/pytorch-training:*" = "/home/me/environments/pytorch"

A job may name its image by digest, without a tag. Then only the part of a pattern before the tag
counts.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from localcloud.sagemaker.jobs.failure_reasons import ClientError

FILE = "images.toml"
_ECR = re.compile(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[\w-]+)\.[a-z.]+/"
    r"(?P<repository>[a-z0-9][a-z0-9._/-]*)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class EcrImage:
    """An image of a private repository in ECR."""

    account: str
    region: str
    repository: str
    tag: str
    """Empty if the image is named by its digest."""
    digest: str
    """Empty if the image is named by its tag."""


def ecr_image(uri: str) -> EcrImage | None:
    """The image in ECR that a URI names; None for other URIs. The default tag is latest."""
    match = _ECR.fullmatch(uri)
    if match is None:
        return None
    parts = match.groupdict(default="")
    if not parts["digest"]:
        parts["tag"] = parts["tag"] or "latest"
    return EcrImage(**parts)


class ImageError(ClientError):
    """An image has no usable environment; the message names the file and the remedy."""


@dataclass(frozen=True)
class Image:
    """A Python environment that is used in place of a container image."""

    environment: Path
    base: Path
    """The installation of a virtual environment; otherwise the environment itself."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that the environment consists of."""
        return tuple(dict.fromkeys((self.base, self.environment)))


def find(uri: str, data: Path) -> Image:
    """The environment for an image URI. Raises ImageError if it can't be used."""
    for pattern, folder in _read(data / FILE).items():
        if _matches(uri, pattern):
            return _inspect(Path(folder).expanduser(), data / FILE)
    return Image(Path(sys.prefix), Path(sys.base_prefix))


def _matches(uri: str, pattern: str) -> bool:
    repository, _, digest = uri.partition("@")
    untagged = pattern.rpartition(":")[0] or pattern
    return fnmatchcase(uri, pattern) or bool(digest and fnmatchcase(repository, untagged))


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        table = tomllib.loads(path.read_text())["images"]
    except (tomllib.TOMLDecodeError, KeyError) as error:
        raise ImageError(f"{path} needs a table [images] of pattern = folder: {error}") from error
    return {str(pattern): str(folder) for pattern, folder in table.items()}


@cache
def _inspect(environment: Path, named_in: Path) -> Image:
    python = environment / "bin" / "python3"
    command = [str(python), "-I", "-S", "-c", "import sys; print(sys.base_prefix)"]
    try:
        answer = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        raise ImageError(
            f"{named_in} names {environment}, whose bin/python3 does not run ({error}): "
            "name the folder of a Python environment"
        ) from error
    return Image(environment, Path(answer.stdout.strip()))

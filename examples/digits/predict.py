"""Classifies the held-out digits with a trained model, and shows a few of them.

    python predict.py model.tar.gz
    AWS_ENDPOINT_URL=http://127.0.0.1:… python predict.py s3://bucket/…/output/model.tar.gz
    AWS_ENDPOINT_URL=http://127.0.0.1:… python predict.py s3://bucket/…/output/model/

Needs NumPy, and boto3 for S3, whose usual variables say where and as whom. The exit code is
1 if fewer than 95 % are recognised.
"""

from __future__ import annotations

import argparse
import io
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np

import digits
import network
from digits import SIDE, Digits

LOWEST_ACCURACY = 0.95
SHADES = " .:-=+*#%@"


def main() -> int:
    """Prints how the model classifies the held-out images; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "model",
        help="a model.tar.gz, or the folder of its files, with a slash at its end: a path or an "
        "s3:// URI",
    )
    parser.add_argument("--data", type=Path, default=Path(__file__).parent / "data")
    parser.add_argument("--pictures", type=int, default=6, help="how many digits are shown")
    options = parser.parse_args()
    try:
        parameters = load_model(options.model)
        _, held_out = digits.split(digits.load(options.data))
    except (OSError, ValueError) as error:
        sys.exit(f"predict.py: {error}")
    predicted = network.scores(parameters, held_out.images).argmax(axis=1)
    wrong = predicted != held_out.labels
    show(held_out, predicted, some_of_both(wrong, options.pictures))
    accuracy = 1 - wrong.mean()
    print(f"{wrong.sum()} of {len(held_out)} misclassified: accuracy={accuracy:.4f}")
    return 0 if accuracy >= LOWEST_ACCURACY else 1


def fetch(location: str) -> bytes:
    """The content of a file or of an S3 object.

    Raises:
        OSError: if it can't be read.
    """
    address = urlsplit(location)
    if address.scheme != "s3":
        return Path(location).read_bytes()
    import boto3  # only S3 needs it
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = boto3.client("s3").get_object(Bucket=address.netloc, Key=address.path[1:])
        return bytes(answer["Body"].read())
    except (BotoCoreError, ClientError) as error:
        raise OSError(f"{location}: {error}") from error


def load_model(location: str) -> network.Parameters:
    """The parameters of the model in an archive, or in a folder, which ends with a slash.

    Raises:
        OSError: if it can't be read.
        ValueError: if it isn't such a model.
    """
    names = (network.ARCHITECTURE_FILE, network.ARRAYS_FILE)
    if location.endswith("/"):
        return network.load(*[fetch(f"{location}{name}") for name in names])
    return network.load(*unpacked(fetch(location), names))


def unpacked(archive: bytes, names: Sequence[str]) -> list[bytes]:
    """Files of a model.tar.gz, which is read in memory: nothing is unpacked.

    Raises:
        ValueError: if it isn't an archive that holds them.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:gz") as tar:
            return [read(tar, name) for name in names]
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ValueError(f"this is no model.tar.gz: {error}") from error


def read(tar: tarfile.TarFile, name: str) -> bytes:
    """One small file of an archive.

    Raises:
        ValueError: if the archive doesn't hold it, or something else of that name.
    """
    members = {member.name.removeprefix("./"): member for member in tar.getmembers()}
    member = members.get(name)
    if member is None or not member.isfile() or member.size > network.LARGEST_BYTES:
        raise ValueError(f"the archive holds no {name}, but {', '.join(members) or 'nothing'}")
    content = tar.extractfile(member)
    return content.read() if content else b""


def some_of_both(wrong: Any, number: int) -> list[int]:
    """Rows to show: up to half of them misclassified, the others not."""
    misclassified = np.flatnonzero(wrong)[: number // 2]
    recognised = np.flatnonzero(~wrong)[: number - len(misclassified)]
    return [*recognised, *misclassified]


def show(images: Digits, predicted: Any, rows: list[int]) -> None:
    """Prints pictures of digits next to each other, with what they were classified as."""
    shades = np.array(list(SHADES))
    levels = (images.images[rows] * (len(SHADES) - 1)).astype(int).reshape(-1, SIDE, SIDE)
    for line in range(SIDE):
        print("   ".join("".join(shades[picture[line]].repeat(2)) for picture in levels))
    labels = [f"{images.labels[row]}, taken for {predicted[row]}" for row in rows]
    print("   ".join(f"{label:<{2 * SIDE}}" for label in labels).rstrip(), end="\n\n")


if __name__ == "__main__":
    sys.exit(main())

"""What predict.py makes of good, bad and hostile models."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pytest
from moto.server import ThreadedMotoServer

import digits
import network

PREDICT = Path(digits.__file__).with_name("predict.py")
KEYS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "AWS_DEFAULT_REGION": "us-east-1"}


def nearest_mean() -> network.Parameters:
    """A network that is computed instead of trained: it compares with each digit's mean image."""
    training, _ = digits.split(digits.load(PREDICT.parent / "data"))
    classes = range(digits.CLASSES)
    means = np.stack([training.images[training.labels == digit].mean(axis=0) for digit in classes])
    same: Any = np.eye(digits.SIDE**2, dtype=np.float32)
    none: Any = np.zeros(digits.SIDE**2, np.float32)
    weights = {"weights_0": same, "weights_1": same, "weights_2": means.T.astype(np.float32)}
    biases = {"biases_0": none, "biases_1": none, "biases_2": -(means**2).sum(axis=1) / 2}
    return weights | biases


def archive(path: Path, parameters: network.Parameters, hidden: int = digits.SIDE**2) -> Path:
    network.save(path, network.Architecture.with_hidden(hidden), parameters)
    with tarfile.open(path / "model.tar.gz", "w:gz") as tar:
        for name in (network.ARRAYS_FILE, network.ARCHITECTURE_FILE):
            tar.add(path / name, name)
    return path / "model.tar.gz"


def predict(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PREDICT), *arguments],
        env={"PATH": os.environ["PATH"], "PYTHONWARNINGS": "error", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_shows_digits_and_how_many_it_misclassifies(tmp_path: Path) -> None:
    done = predict(str(archive(tmp_path, nearest_mean())), "--pictures", "2")
    *picture, labels, _, summary = done.stdout.splitlines()
    assert len(picture) == digits.SIDE
    assert {len(line) for line in picture} == {2 * 2 * digits.SIDE + 3}
    assert labels.count("taken for") == 2
    misclassified = int(summary.split()[0])
    assert (
        summary == f"{misclassified} of 359 misclassified: accuracy={1 - misclassified / 359:.4f}"
    )
    assert 0 < misclassified < 60


def test_a_model_that_recognises_too_few_ends_with_an_error(tmp_path: Path) -> None:
    untrained = network.initial(network.Architecture.with_hidden(8), seed=1)
    done = predict(str(archive(tmp_path, untrained, hidden=8)))
    assert done.returncode == 1
    assert "misclassified" in done.stdout
    assert not done.stderr


@pytest.fixture
def s3_url() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_a_model_is_read_from_s3_at_the_endpoint_of_the_environment(
    tmp_path: Path, s3_url: str
) -> None:
    s3 = boto3.client(
        "s3",
        endpoint_url=s3_url,
        aws_access_key_id="x",
        aws_secret_access_key="x",
        region_name="us-east-1",
    )
    s3.create_bucket(Bucket="models")
    s3.upload_file(str(archive(tmp_path, nearest_mean())), "models", "a b/model.tar.gz")
    done = predict("s3://models/a b/model.tar.gz", AWS_ENDPOINT_URL=s3_url, **KEYS)
    assert "misclassified" in done.stdout, done.stderr
    for name in (network.ARRAYS_FILE, network.ARCHITECTURE_FILE):
        s3.upload_file(str(tmp_path / name), "models", f"a b/model/{name}")
    folder = predict("s3://models/a b/model/", AWS_ENDPOINT_URL=s3_url, **KEYS)
    assert folder.stdout == done.stdout, folder.stderr
    missing = predict("s3://models/none", AWS_ENDPOINT_URL=s3_url, **KEYS)
    assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)


def packed(files: dict[str, bytes], **fields: object) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text)
            for field, value in fields.items():
                setattr(member, field, value)
            tar.addfile(member, io.BytesIO(text))
    return content.getvalue()


def pickled_arrays() -> bytes:
    content = io.BytesIO()
    np.savez(content, weights_0=np.array([{}], dtype=object), allow_pickle=True)
    return content.getvalue()


ARCHITECTURE = json.dumps({"widths": [64, 8, 8, 10]}).encode()


NO_MODELS = {
    "no archive": (b"no archive", "no model.tar.gz"),
    "a torn archive": (packed({"model.npz": b"x" * 9999})[:60], "no model.tar.gz"),
    "other files": (packed({"other": b""}), "holds no model.json, but other"),
    "links": (packed({"model.json": b"", "model.npz": b""}, type=tarfile.SYMTYPE), "no model.json"),
    "another structure": (packed({"model.json": b"[]", "model.npz": b""}), "no model's files"),
    "torn JSON": (packed({"model.json": b"{", "model.npz": b""}), "Expecting property name"),
    "torn arrays": (packed({"model.json": ARCHITECTURE, "model.npz": b"PK\3\4"}), "no model's"),
    "pickles": (packed({"model.json": ARCHITECTURE, "model.npz": pickled_arrays()}), "pickle"),
}


@pytest.mark.parametrize(("content", "message"), NO_MODELS.values(), ids=NO_MODELS.keys())
def test_what_is_no_model_is_refused_in_one_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    (tmp_path / "model.tar.gz").write_bytes(content)
    done = predict(str(tmp_path / "model.tar.gz"))
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert message in done.stderr

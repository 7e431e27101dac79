"""Secrets: the launcher reads them as the job's role, for the script only; none is printed."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from tests.components.training_job.code_channel.container import Container, shown

VALUE = "a value that no one may see"
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:hub-AbCdEf"


class SecretsManager(BaseHTTPRequestHandler):
    """GetSecretValue for one secret."""

    answer: tuple[int, dict[str, str]] = (200, {"SecretString": VALUE})
    asked: ClassVar[list[tuple[str, str, str]]] = []

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        scope = self.headers["Authorization"].split("Credential=")[1].split(",")[0]
        self.asked.append((self.headers["X-Amz-Target"], asked["SecretId"], scope))
        status, content = self.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(SecretsManager, "asked", [])
    server = ThreadingHTTPServer(("127.0.0.1", 0), SecretsManager)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def container(tmp_path: Path, service: str) -> Container:
    container = Container(tmp_path / "ml")
    container.environment |= {
        "AWS_ENDPOINT_URL": service,
        "AWS_ACCESS_KEY_ID": "role",
        "AWS_SECRET_ACCESS_KEY": "role",
        "SECRET_ARN_HUB_TOKEN": ARN,
    }
    return container


def test_the_script_finds_a_secret_under_its_name(container: Container) -> None:
    environment, _, _ = shown(container)
    assert environment["HUB_TOKEN"] == VALUE
    (target, arn, scope), *others = SecretsManager.asked
    assert (target, arn, others) == ("secretsmanager.GetSecretValue", ARN, [])
    assert scope.split("/")[2:4] == ["eu-west-1", "secretsmanager"]


def test_a_job_without_secrets_asks_for_none(container: Container) -> None:
    del container.environment["SECRET_ARN_HUB_TOKEN"]
    assert "HUB_TOKEN" not in shown(container)[0]
    assert SecretsManager.asked == []


def test_a_secret_is_only_in_the_scripts_environment(container: Container) -> None:
    script = "import os; print(open(f'/proc/{os.getppid()}/environ').read())"
    done = container.run_script(script)
    assert done.returncode == 0, done.stderr
    assert ARN in done.stdout
    assert VALUE not in done.stdout + done.stderr


def test_a_secret_is_hidden_in_the_reason_of_a_failure(container: Container) -> None:
    script = "import os; raise ValueError(f'can not log in with {os.environ[\"HUB_TOKEN\"]}')"
    assert container.run_script(script).returncode == 1
    assert container.failure == "train.py: ValueError: can not log in with (hidden)"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ((400, {"__type": "AccessDeniedException", "message": "not authorized"}), "not authorized"),
        ((200, {"SecretBinary": "AAAA"}), "holds no text"),
        ((200, {"SecretString": f"{VALUE}\0"}), "holds no text"),
    ],
)
def test_a_secret_that_can_not_be_had_ends_the_job_with_its_name(
    container: Container,
    monkeypatch: pytest.MonkeyPatch,
    answer: tuple[int, dict[str, str]],
    reason: str,
) -> None:
    monkeypatch.setattr(SecretsManager, "answer", answer)
    done = container.run_script("raise SystemExit(7)")
    assert done.returncode == 1
    assert "the secret HUB_TOKEN" in container.failure
    assert reason in container.failure
    assert VALUE not in done.stdout + done.stderr + container.failure


def test_it_asks_for_boto3_only_where_there_are_secrets(container: Container) -> None:
    del container.environment["SECRET_ARN_HUB_TOKEN"]
    container.environment["PYTHONPATH"] = str(container.base)
    (container.base / "boto3.py").write_text("raise ImportError")
    assert container.run_script("").returncode == 0
    container.environment["SECRET_ARN_TOKEN"] = "arn"
    assert container.run_script("").returncode == 1
    assert "the image has no boto3" in container.failure

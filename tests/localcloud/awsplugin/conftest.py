from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import boto3
import grpc
import pytest
from moto.core.responses import EmptyResult
from moto.moto_server.werkzeug_app import MotoRequestHandler
from moto.sagemaker.responses import SageMakerResponse
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc
from werkzeug.serving import make_server

from localcloud.awsplugin.properties import encode
from localcloud.awsplugin.plugin_server import start
from localcloud.corrections.corrections import correct_moto
from localcloud.handlers.bodies import read_body
from localcloud.handlers.model_checks import check_model
from localcloud.handlers.moto import Moto
from localcloud.handlers.own_services import OwnServices
from localcloud.handlers.refusals import answer_errors
from localcloud.protocol.requests import Handler, application
from localcloud.services.chatbot import Chatbot
from tests.localcloud.awsplugin.engine import Engine
from tests.localcloud.awsplugin.world import World

REGION = "us-east-1"


def _complete_moto() -> None:
    """Corrects moto as the local cloud does, and gives it what this answers itself there."""

    def delete_training_job(response: Any) -> EmptyResult:
        jobs = response.sagemaker_backend.training_jobs
        jobs.pop(response._get_param("TrainingJobName"), None)
        return EmptyResult()

    correct_moto()
    SageMakerResponse.delete_training_job = delete_training_job


@contextmanager
def serving(served: Any, handler: Any = None) -> Iterator[str]:
    """Serve an application, and yield its address."""
    server = make_server("127.0.0.1", 0, served, threaded=True, request_handler=handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of an AWS endpoint on this machine."""
    _complete_moto()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    handlers: list[Handler] = [answer_errors, read_body, check_model, Moto()]
    with serving(application(handlers), MotoRequestHandler) as address:
        yield address


@pytest.fixture(scope="session")
def chat() -> Iterator[str]:
    """The address of the chat service, which moto lacks."""
    with serving(application([OwnServices([Chatbot()])])) as address:
        yield address


@contextmanager
def _variables(endpoint: str, chat: str) -> Iterator[None]:
    """The standard variables, as somebody sets them who works with the local cloud."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", endpoint)
        environment.setenv("AWS_ENDPOINT_URL_CHATBOT", chat)
        environment.setenv("AWS_ACCESS_KEY_ID", "local")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "local")
        for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
            environment.delenv(name, raising=False)
        yield


@contextmanager
def provider() -> Iterator[Any]:
    """A provider of its own, not configured yet, spoken to over gRPC."""
    server, port = start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    server.stop(None)


@pytest.fixture(scope="session")
def engine(endpoint: str, chat: str) -> Iterator[Engine]:
    """An engine with a provider of the plainest settings."""
    with provider() as stub:
        with _variables(endpoint, chat):
            configure(stub)
        yield Engine(stub)


@pytest.fixture
def other(endpoint: str, chat: str) -> Iterator[Any]:
    """A provider for the test alone, to be configured by it."""
    with _variables(endpoint, chat), provider() as stub:
        yield stub


@pytest.fixture
def world(engine: Engine) -> Iterator[World]:
    made = World(engine)
    yield made
    made.clear()


@pytest.fixture(scope="session")
def aws(endpoint: str) -> Callable[[str], Any]:
    """Make clients that look at the cloud past the provider."""

    def client(service: str) -> Any:
        make: Any = boto3.client
        return make(
            service,
            region_name=REGION,
            endpoint_url=endpoint,
            aws_access_key_id="local",
            aws_secret_access_key="local",
        )

    return client


def configure(stub: Any, **settings: Any) -> None:
    """Configure the provider with `settings` as the engine sends them: nested ones as JSON."""
    values = {"region": REGION, **settings}
    arguments = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in values.items()
    }
    stub.Configure(provider_pb2.ConfigureRequest(args=encode(arguments), acceptSecrets=True))

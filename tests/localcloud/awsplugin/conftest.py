from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import boto3
import grpc
import pytest
from moto.moto_server.werkzeug_app import MotoRequestHandler
from pulumi.runtime.proto import provider_pb2_grpc
from werkzeug.serving import make_server

from localcloud.awsplugin.plugin_server import start
from localcloud.corrections.corrections import correct_moto
from localcloud.handlers.bodies import read_body
from localcloud.handlers.model_checks import check_model
from localcloud.handlers.moto import Moto
from localcloud.handlers.own_services import OwnServices
from localcloud.handlers.refusals import answer_errors
from localcloud.handlers.s3_public_access import check_s3_public_access
from localcloud.protocol.requests import Handler, application
from localcloud.services.chatbot import Chatbot
from tests.localcloud.awsplugin.plugin import REGION, Plugin


@contextmanager
def serving(served: Any, handler: Any = None) -> Iterator[str]:
    """Serves an application, and yields its address."""
    server = make_server("127.0.0.1", 0, served, threaded=True, request_handler=handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    """The address of an AWS endpoint on this machine: moto as the local cloud completes it."""
    correct_moto()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    checks: list[Handler] = [check_s3_public_access, check_model]
    handlers: list[Handler] = [answer_errors, read_body, *checks, Moto()]
    with serving(application(handlers), MotoRequestHandler) as address:
        yield address


@pytest.fixture(scope="session")
def chat() -> Iterator[str]:
    """The address of the chat service, which moto lacks."""
    with serving(application([OwnServices([Chatbot()])])) as address:
        yield address


@contextmanager
def _variables(endpoint: str, chat: str) -> Iterator[None]:
    """The standard variables, as a user of the local cloud sets them."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ENDPOINT_URL", endpoint)
        environment.setenv("AWS_ENDPOINT_URL_CHATBOT", chat)
        environment.setenv("AWS_ACCESS_KEY_ID", "local")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "local")
        for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
            environment.delenv(name, raising=False)
        yield


@contextmanager
def _provider() -> Iterator[Any]:
    """A provider that is not configured yet."""
    server, port = start()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield provider_pb2_grpc.ResourceProviderStub(channel)
    server.stop(None)


@pytest.fixture(scope="session")
def _configured(endpoint: str, chat: str) -> Iterator[Any]:
    with _provider() as stub:
        with _variables(endpoint, chat):
            Plugin(stub).configure()
        yield stub


@pytest.fixture
def plugin(_configured: Any) -> Iterator[Plugin]:
    """The plugin with the plainest settings; what the test creates goes with it."""
    made = Plugin(_configured)
    yield made
    made.clear()


@pytest.fixture
def new_plugin(endpoint: str, chat: str) -> Iterator[Plugin]:
    """A plugin for one test, which configures it."""
    with _variables(endpoint, chat), _provider() as stub:
        made = Plugin(stub)
        yield made
        made.clear()


@pytest.fixture(scope="session")
def aws(endpoint: str) -> Callable[[str], Any]:
    """Makes clients that look at the cloud without the plugin."""

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

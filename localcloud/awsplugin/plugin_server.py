"""The gRPC server around the provider."""

from __future__ import annotations

import logging
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NoReturn

import grpc

from localcloud.awsplugin.engine_protocol import provider_pb2_grpc
from localcloud.awsplugin.provider import Provider

_THREADS = 16
_PARENT_CHECK_SECONDS = 0.5
_LARGEST_MESSAGE = 400 * 1024 * 1024  # bytes; what the engine itself allows
_LOG_FILE = "AWS_PLUGIN_LOG"


def start() -> tuple[Any, int]:
    """Starts a server on a free loopback port and returns it with the port."""
    server = grpc.server(
        ThreadPoolExecutor(_THREADS),
        options=[
            ("grpc.max_receive_message_length", _LARGEST_MESSAGE),
            ("grpc.max_send_message_length", _LARGEST_MESSAGE),
        ],
    )
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(Provider(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def serve(parent: int) -> NoReturn:
    """Serves until the process `parent`, the engine, has gone; then ends this process."""
    # A newer engine ends its plugins by an interrupt, which is no failure to report.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if path := os.environ.get(_LOG_FILE):
        logging.basicConfig(filename=path, level=logging.DEBUG)
        logging.getLogger("urllib3").setLevel(logging.INFO)
        logging.getLogger("botocore").setLevel(logging.INFO)
    server, port = start()
    print(port, flush=True)
    while os.getppid() == parent:
        time.sleep(_PARENT_CHECK_SECONDS)
    server.stop(grace=None)
    # Not with a return: that would wait for calls whose answers no one reads.
    os._exit(0)

"""The process from which agents are forked: `python -m localcloud.sagemaker.runtime.agent_parent`.

It has loaded what agents need, and has a client of S3, so that an agent begins within milliseconds.
Its arguments are the URL and the region for which it makes the client. Its input is a socket: each
message has an agent's Reach and its end of a connection, and each answer the agent's process. It
ends with the socket, or when it was not needed for some minutes.
"""

from __future__ import annotations

import gc
import logging
import os
import pickle
import signal
import socket
import sys
from contextlib import suppress
from multiprocessing.connection import Connection

from localcloud.sagemaker.runtime.agent_process import prepare, serve

_MOST_BYTES = 1 << 16
"""Of a message."""
_IDLE_SECONDS = 300.0
_INPUT = 0


def main() -> None:
    """Forks an agent for each message, until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server gets it, too
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel forgets agents that have ended
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    server = socket.socket(fileno=os.dup(_INPUT))
    os.dup2(os.open(os.devnull, os.O_RDONLY), _INPUT)
    server.settimeout(_IDLE_SECONDS)
    prepare(*sys.argv[1:])
    gc.collect()
    gc.freeze()  # otherwise the search for garbage would copy all that the agents share
    with suppress(TimeoutError, ConnectionError):
        while True:
            message, descriptors, _, _ = socket.recv_fds(server, _MOST_BYTES, 1)
            if not message:
                return
            process = os.fork()
            if process == 0:
                server.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                serve(Connection(descriptors[0]), pickle.loads(message))  # noqa: S301 - the server's
            os.close(descriptors[0])
            server.send(str(process).encode())


if __name__ == "__main__":
    main()

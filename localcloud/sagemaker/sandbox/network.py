"""Holds the private network of one isolated job while the job's instances live.

The instances of a job share one network namespace, which has only loopback: they reach each
other at 127.0.0.N, and nothing else. `python -S -m localcloud.sagemaker.sandbox.network`
prints a line once the network is up and ends with its standard input. Standard library only.
"""

from __future__ import annotations

import os
import sys

from localcloud.sagemaker.sandbox import linux

READY = "ready"


def main() -> None:
    """Creates the namespaces, brings loopback up, says so and waits for the input to end."""
    user, group = os.geteuid(), os.getegid()
    linux.unshare(linux.CLONE_NEWUSER)
    linux.map_to_root(user, group)
    linux.unshare(linux.CLONE_NEWNET)
    linux.bring_loopback_up()
    print(READY, flush=True)
    # The pipe closes when the server ends, for any reason.
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()

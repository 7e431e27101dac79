"""A job that counts: it prints what it sees of its container, and goes on from its checkpoint.

Without a checkpoint it counts until it is stopped; with one, it counts some steps more and ends.
So a job that was paused while it ran is always one that resumes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))
CHECKPOINT = ROOT / "checkpoints" / "state.json"
MOST_STEPS = 900
SECONDS_PER_STEP = 1.0
PORT = 7911
OUTSIDE = (("169.254.169.254", 80), ("169.254.170.2", 80), ("1.1.1.1", 443))
"""The credentials of an instance and of a container, and an address of the internet."""
LONG_LINES = ("x" * 70_000, "y" * 20_000 + " far=1\rnear=1")
"""A line of several events; one with a metric far from its beginning, and one after a carriage
return."""
CHILD = """
import os, signal, time
signal.signal(signal.SIGTERM, lambda *_: print("child=SIGTERM", flush=True))
parent = os.getppid()
while os.getppid() == parent:
    time.sleep(0.2)
"""
"""A process beside the script, which says whether it gets SIGTERM, and ends with the script."""


def main() -> None:
    """Prints what the container sees, then counts or fails, as the hyperparameters say."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=5)
    parser.add_argument("--fail", type=int, default=0)
    arguments = parser.parse_args()
    resources = json.loads((ROOT / "input/config/resourceconfig.json").read_text())
    host, hosts = resources["current_host"], sorted(resources["hosts"])
    print("seen=" + json.dumps(seen(resources, host, hosts), sort_keys=True), flush=True)
    print(*LONG_LINES, sep="\n", flush=True)
    if arguments.fail:
        fail(host == hosts[-1])
    count(arguments.steps, is_first=host == hosts[0])


def seen(resources: dict[str, Any], host: str, hosts: list[str]) -> dict[str, Any]:
    """What the container has of a network, of credentials and of configuration."""
    listen()
    others = [each for each in hosts if each != host]
    return {
        "configuration": sorted(path.name for path in (ROOT / "input/config").iterdir()),
        "credentials": "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI" in os.environ,
        "interface": resources.get("network_interface_name", ""),
        "neighbours": [each for each in others if answers(each, PORT, 60.0)],
        "others": len(others),
        "parts": sorted(path.name for path in (ROOT / "input/data/parts").iterdir()),
        "volumes": {str(path): shutil.disk_usage(path).total for path in places()},
        "outside": [address for address, port in OUTSIDE if answers(address, port, 0.0)],
    }


def places() -> list[Path]:
    """The folders whose files should all be on the instance's volume."""
    return [ROOT / "model", Path(tempfile.gettempdir()), Path.home()]


def listen() -> None:
    """Listens for the job's other hosts, as long as this process lives."""
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("0.0.0.0", PORT))  # noqa: S104 - only the job's hosts reach it
    server.listen()

    def answer() -> None:
        while True:
            server.accept()[0].close()

    threading.Thread(target=answer, daemon=True).start()


def answers(address: str, port: int, patience: float) -> bool:
    """Whether a connection opens, tried again for so many seconds."""
    until = time.monotonic() + patience
    while True:
        try:
            socket.create_connection((address, port), timeout=2.0).close()
        except OSError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.5)
        else:
            return True


def count(steps: int, *, is_first: bool) -> None:
    """Counts from the checkpoint on; only the first host writes it."""
    done = json.loads(CHECKPOINT.read_text())["step"] if CHECKPOINT.exists() else 0
    last = done + steps if done else MOST_STEPS
    print(f"resumed={done}", flush=True)
    subprocess.Popen([sys.executable, "-c", CHILD])
    if is_first and not CHECKPOINT.with_name("link").is_symlink():
        CHECKPOINT.with_name("link").symlink_to(CHECKPOINT)

    def stop(*_: object) -> None:
        # All that was counted is in the checkpoint, which is uploaded within the grace period.
        print("stopped", flush=True)
        sys.exit(0)

    signal.signal(signal.SIGTERM, stop)
    for step in range(done + 1, last + 1):
        time.sleep(SECONDS_PER_STEP)
        if is_first:
            unfinished = CHECKPOINT.with_name(".unfinished")
            unfinished.write_text(json.dumps({"step": step}))
            unfinished.replace(CHECKPOINT)
            print(f"step={step} loss={1.0 / step:.4f}", flush=True)
    if is_first:
        (ROOT / "model" / "steps.json").write_text(json.dumps({"steps": last}))


def fail(is_last: bool) -> None:
    """Fails on one host only; the others wait, to be ended with it."""
    if is_last:
        time.sleep(2.0)
        sys.exit("this job was made to fail")
    time.sleep(600.0)


if __name__ == "__main__":
    main()

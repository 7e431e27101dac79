"""The gate that lets requests pass and keeps them out while a snapshot is taken."""

from __future__ import annotations

import threading
import time

from localcloud.snapshots.gate import Gate

PATIENCE = 30.0


def test_it_closes_when_no_request_is_inside_any_more():
    gate, inside, leave = Gate(), threading.Event(), threading.Event()

    def pass_through() -> None:
        with gate.passing():
            inside.set()
            leave.wait(PATIENCE)

    worker = threading.Thread(target=pass_through)
    worker.start()
    inside.wait(PATIENCE)
    threading.Timer(0.05, leave.set).start()
    with gate.closed(PATIENCE) as quiet:
        assert quiet
        assert leave.is_set()
    worker.join(PATIENCE)


def test_who_is_inside_may_send_others_in_until_it_closes():
    gate = Gate()

    with gate.passing(), gate.passing():
        pass

    with gate.closed(PATIENCE) as quiet:
        assert quiet


def test_who_comes_while_it_is_closed_waits():
    gate, order = Gate(), []

    def pass_through() -> None:
        with gate.passing():
            order.append("passed")

    with gate.closed(PATIENCE):
        worker = threading.Thread(target=pass_through)
        worker.start()
        order.append("opened")
    worker.join(PATIENCE)

    assert order == ["opened", "passed"]


def test_its_patience_ends():
    gate = Gate()

    with gate.passing(), gate.closed(0.0) as quiet:
        assert not quiet


def test_who_has_waited_passes_before_it_closes_again():
    gate, passed = Gate(), threading.Event()

    def pass_through() -> None:
        with gate.passing():
            passed.set()

    worker = threading.Thread(target=pass_through)
    with gate.closed(PATIENCE):
        worker.start()
        while not gate._waiting:
            time.sleep(0.001)
    with gate.closed(PATIENCE):
        assert passed.is_set()
    worker.join(PATIENCE)

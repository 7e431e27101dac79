"""`python -m development COMMAND`: what the Makefile's targets call."""

from __future__ import annotations

import signal


def main() -> None:
    """Run one command."""
    # While modules are imported, which takes a second, Ctrl-C ends this without a trace of Python.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from development.command_line import run

    run()


if __name__ == "__main__":
    main()

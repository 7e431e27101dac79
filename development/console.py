"""The terminal that all commands print to."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

console = Console(highlight=False)


def tell(line: str) -> None:
    """Prints a line of another program as it is, its colours included, on any width."""
    console.print(Text.from_ansi(line), soft_wrap=True)

"""Dates and addresses as conditions write them; an invalid one raises ValueError.

The sources are the IAM User Guide, "JSON policy elements: Condition operators", and the W3C's note
"Date and Time Formats", to which it refers. Such values hold neither wildcards nor variables.
"""

from __future__ import annotations

import ipaddress
import re
from datetime import UTC, datetime

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_EPOCH = re.compile(r"\d{5,}")
"""Four digits may also be a year; the guide does not say, so they are refused."""
_DATE = re.compile(
    r"(?P<date>\d{4}-\d\d(-\d\d)?)"
    r"(?(2)(T(?P<time>\d\d:\d\d(:\d\d(?P<fraction>\.\d+)?)?)(?P<zone>Z|[+-]\d\d:\d\d))?)",
    re.ASCII,
)
_NETWORK = re.compile(r"[\da-fA-F.:]+(/\d{1,3})?", re.ASCII)


def seconds(text: str) -> float:
    """A date, or a date and time with its zone, or epoch time, as whole epoch seconds.

    Raises ValueError for any other text.
    """
    if _EPOCH.fullmatch(text):
        return float(text)
    match = _DATE.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is neither a date as the W3C writes it nor epoch time")
    date = match["date"] + "-01" * (2 - match["date"].count("-"))
    time = (match["time"] or "00:00").removesuffix(match["fraction"] or "")
    return datetime.fromisoformat(f"{date}T{time}{match['zone'] or 'Z'}").timestamp()


def network(text: str) -> Network:
    """The addresses of a CIDR block; an address without a prefix length is a block of its own.

    Raises ValueError for any other text.
    """
    if not _NETWORK.fullmatch(text):
        raise ValueError(f"{text!r} is neither an address nor a CIDR block")
    return ipaddress.ip_network(text, strict=False)


def date(epoch: float) -> str:
    """A time as the key aws:CurrentTime has it."""
    return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

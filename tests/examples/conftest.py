"""The examples' scripts import their neighbours by bare name, as they do in the container."""

from __future__ import annotations

import sys
from pathlib import Path

DIGITS = Path(__file__).parents[2] / "examples" / "digits"

sys.path.append(str(DIGITS))

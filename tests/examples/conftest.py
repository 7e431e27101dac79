"""The examples' scripts import their neighbours by bare name, as they do in the container."""

from __future__ import annotations

import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"

sys.path += [str(EXAMPLES / "digits"), str(EXAMPLES / "finetune")]

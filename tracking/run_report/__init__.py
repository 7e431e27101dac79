"""The report of a lineage: one page of HTML, which needs nothing else to be read.

What it shows is computed by pure functions, from what the service and the log say (`contents`).
"""

import sys
from pathlib import Path

_PACK = str(Path(__file__).parents[2] / "policies")

# The forecast is one of the pack's programs, and the pack's folder is the root of their imports.
if _PACK not in sys.path:
    sys.path.append(_PACK)

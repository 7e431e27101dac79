"""The launcher: `launch.py` puts its parts together.

It travels into any image as the archive `launcher.py`: the standard library only, Python 3.8 or
later. Only secrets need boto3 in the image, as it knows every way to the role's credentials.
"""

from pathlib import Path

ARCHIVE = Path(__file__).resolve().parents[1]
"""The archive that this runs from; the source archive lies beside it."""


class LaunchError(Exception):
    """The script can't be started; the message says why and what to do."""

"""The parts of the launcher, which `launcher.py` beside this folder puts together."""


class LaunchError(Exception):
    """The script can't be started; the message says why and what to do."""

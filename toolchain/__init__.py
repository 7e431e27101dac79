"""The set-up: `python -m toolchain` installs all that the checkout needs, inside the checkout.

It uses only the standard library and imports no other folder, because it runs before anything is
installed. `layout.py` has the paths, and `environment.py` the environment variables of the engine
and of AWS clients; the commands in `development/` use both. `teardown.py` removes all of it.
"""

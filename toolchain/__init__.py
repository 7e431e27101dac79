"""The set-up: `python -m toolchain` makes all that the checkout needs, inside the checkout.

It needs the standard library only and imports no other folder, because it runs before anything is
installed. `layout.py` says where everything is, `environment.py` with which variables the engine
and AWS clients run; the commands in `development/` go by both. `teardown.py` undoes all of it.
"""

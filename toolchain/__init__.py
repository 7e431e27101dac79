"""The set-up: `python -m toolchain` makes all that the checkout needs, inside the checkout.

Standard library only, because it runs before any dependency is installed.
"""

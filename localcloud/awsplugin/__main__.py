"""Serve the provider: print the port on which the engine finds it, end when the engine does."""

from __future__ import annotations

import os

from localcloud.awsplugin.plugin_server import serve

serve(parent=os.getppid())

"""Serves the provider: prints the port for the engine, and ends when the engine ends."""

from __future__ import annotations

import os

from localcloud.awsplugin.plugin_server import serve

serve(parent=os.getppid())

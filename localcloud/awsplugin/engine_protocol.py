"""The engine's protocol, without the SDK around it.

The messages and services lie in the package `pulumi.runtime.proto`, which imports nothing else.
Importing it by that name would import the whole SDK first, which takes longer than all else that
the plugin does before it can answer. So the folder is imported under a name of its own.
"""

from __future__ import annotations

import importlib
import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

_NAME = "localcloud.awsplugin._protocol"


def _package() -> ModuleType:
    sdk = find_spec("pulumi")
    if sdk is None or sdk.origin is None:
        raise ImportError("the package pulumi is not installed")
    folder = Path(sdk.origin).parent / "runtime" / "proto"
    spec = spec_from_file_location(
        _NAME, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None:
        raise ImportError(f"there is no protocol in {folder}")
    # The package itself stays empty: its own code would import all services at once.
    module = sys.modules[_NAME] = module_from_spec(spec)
    return module


_package()
plugin_pb2: Any = importlib.import_module(f"{_NAME}.plugin_pb2")
provider_pb2: Any = importlib.import_module(f"{_NAME}.provider_pb2")
provider_pb2_grpc: Any = importlib.import_module(f"{_NAME}.provider_pb2_grpc")

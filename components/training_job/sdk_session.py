"""Sessions of the AWS SDK that read a service's description once for all of them."""

from __future__ import annotations

from functools import cache
from typing import Any


def new_session() -> Any:
    """A botocore session; SageMaker's description alone takes it half a second to read."""
    import botocore.session

    session = botocore.session.get_session()
    session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
    return session


@cache
def _loader(data_path: str | None) -> Any:
    from botocore.loaders import create_loader

    return create_loader(data_path)

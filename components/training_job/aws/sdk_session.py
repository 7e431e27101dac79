"""Sessions of the AWS SDK, and what it knows without one.

A service's description is read once for all of them: SageMaker's takes half a second.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any


def new_session(profile: str | None = None) -> Any:
    """A botocore session with a profile, or with that of the environment, if any."""
    import botocore.session

    session = botocore.session.Session(profile=profile)
    session.register_component("data_loader", _loader(session.get_config_variable("data_path")))
    return session


def service_model(service: str) -> Any:
    """The description of a service, for which no profile and no credentials are looked for."""
    from botocore.model import ServiceModel

    loader = _loader(os.environ.get("AWS_DATA_PATH"))
    return ServiceModel(loader.load_service_model(service, "service-2"), service)


def profiles() -> list[str]:
    """The names of the profiles in the AWS configuration files.

    Raises:
        ValueError: one of the files can't be read.
    """
    import botocore.session
    from botocore.exceptions import BotoCoreError

    try:
        return list(botocore.session.Session().available_profiles)
    except (BotoCoreError, OSError) as error:
        raise ValueError(str(error)) from error


@cache
def _loader(data_path: str | None) -> Any:
    from botocore.loaders import create_loader

    return create_loader(data_path)

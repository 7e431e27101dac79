"""The environment variables of the engine, its plugins and AWS clients."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from toolchain.layout import Layout

REGION = "us-east-1"

_ENOUGH_FOR_THE_CLI = (
    "AWS_ENDPOINT_URL",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_DEFAULT_REGION",
)

_REMOVED_PREFIXES = ("AWS_", "PULUMI_")
# With these, another Python or other modules than the virtual environment's would run.
# Without bytecode, every command compiles the AWS SDK's modules again, which takes many seconds.
_REMOVED = frozenset({"PYTHONHOME", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "BOTO_CONFIG"})


def without_user_settings(inherited: Mapping[str, str]) -> dict[str, str]:
    """The variables without those for AWS, Pulumi or another Python."""
    return {
        name: value
        for name, value in inherited.items()
        if not name.startswith(_REMOVED_PREFIXES) and name not in _REMOVED
    }


def engine_environment(
    layout: Layout,
    *,
    endpoint_url: str | None = None,
    inherited: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """The environment for `pulumi`, with which it reads and writes only inside the checkout.

    It has none of the user's own AWS and Pulumi settings: a program for the local cloud must not
    get a profile or a key of a real account.
    """
    environment = client_environment(layout, endpoint_url=endpoint_url, inherited=inherited)
    return environment | _python_variables(layout, environment) | _pulumi_variables(layout)


def client_environment(
    layout: Layout,
    *,
    endpoint_url: str | None = None,
    inherited: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """The environment for other AWS clients than the engine, such as the commands."""
    environment = without_user_settings(inherited)
    return environment | aws_variables(layout, endpoint_url) | _proxy_exceptions(environment)


def aws_variables(layout: Layout, endpoint_url: str | None) -> dict[str, str]:
    """The variables with which an AWS client calls the local cloud, and nothing else."""
    nothing = str(_empty_file(layout.local / "aws" / "empty"))
    variables = {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_CONFIG_FILE": nothing,
        "AWS_SHARED_CREDENTIALS_FILE": nothing,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }
    return variables | (_endpoints(endpoint_url) if endpoint_url else {})


def aws_exports(layout: Layout, endpoint_url: str) -> str:
    """The line of a shell after which the AWS CLI of the checkout calls the local cloud."""
    variables = aws_variables(layout, endpoint_url)
    given = " ".join(f"{name}={variables[name]}" for name in _ENOUGH_FOR_THE_CLI)
    return f"export PATH={shlex.quote(str(layout.virtual_environment / 'bin'))}:$PATH {given}"


def _endpoints(url: str) -> dict[str, str]:
    """Where the services are. The official `aws` plugin reads a bucket's tags from S3 Control.

    Its SDK puts the account's number before the host, as in 123456789012.localhost. Before an IP
    address, that is the name of no host.
    """
    by_name = url.replace("//127.0.0.1:", "//localhost:")
    return {"AWS_ENDPOINT_URL": url, "AWS_ENDPOINT_URL_S3_CONTROL": by_name}


def _python_variables(layout: Layout, environment: Mapping[str, str]) -> dict[str, str]:
    # The virtual environment comes first on PATH, as in an activated one, because the language
    # host that toolchain/ builds doesn't read runtime.options.virtualenv.
    first = (layout.virtual_environment / "bin", layout.pulumi_bin)
    path = os.pathsep.join([*map(str, first), environment.get("PATH", os.defpath)])
    return {"PATH": path, "VIRTUAL_ENV": str(layout.virtual_environment)}


def _pulumi_variables(layout: Layout) -> dict[str, str]:
    return {
        "PULUMI_HOME": str(layout.pulumi_home),
        "PULUMI_BACKEND_URL": f"file://{layout.state}",
        # It protects nothing: the local stack has no secrets.
        "PULUMI_CONFIG_PASSPHRASE": "local",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # A `pulumi-resource-aws` on the user's PATH must not be taken for the local plugin.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
    }


def _proxy_exceptions(environment: Mapping[str, str]) -> dict[str, str]:
    """Keeps loopback traffic away from the user's proxy."""
    chosen = environment.get("no_proxy") or environment.get("NO_PROXY")
    exceptions = ",".join(filter(None, [chosen, "127.0.0.1", "localhost"]))
    return {"NO_PROXY": exceptions, "no_proxy": exceptions}


def _empty_file(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path

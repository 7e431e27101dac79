"""The deletion of model packages and their groups, which moto's SageMaker lacks."""

from __future__ import annotations

from typing import Any


def correct() -> None:
    """Lets moto's SageMaker delete a model package, and a group without packages."""
    from moto.sagemaker.responses import SageMakerResponse

    SageMakerResponse.delete_model_package = _delete_package
    SageMakerResponse.delete_model_package_group = _delete_group


def _delete_package(response: Any) -> Any:
    from moto.core.responses import EmptyResult

    backend, name = response.sagemaker_backend, response._get_param("ModelPackageName")
    package = backend.describe_model_package(name)  # refuses one that does not exist
    del backend.model_packages[package.arn]
    return EmptyResult()


def _delete_group(response: Any) -> Any:
    from moto.core.responses import EmptyResult
    from moto.sagemaker.exceptions import ConflictException

    backend, name = response.sagemaker_backend, response._get_param("ModelPackageGroupName")
    backend.describe_model_package_group(name)  # refuses one that does not exist
    if any(each.model_package_group_name == name for each in backend.model_packages.values()):
        raise ConflictException(f"{name} still holds model packages: delete them first")
    del backend.model_package_groups[name]
    return EmptyResult()

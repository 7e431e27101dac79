"""Pure parts of the runtime: names, shards, configuration, images."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.protocol.errors import ServiceError
from localcloud.protocol.validation import compiled, service_model
from localcloud.sagemaker.api import listing
from localcloud.sagemaker.data.locations import Location
from localcloud.sagemaker.data.sources import relative_name, shard
from localcloud.sagemaker.jobs import failure_reasons
from localcloud.sagemaker.jobs.failure_reasons import ClientError
from localcloud.sagemaker.runtime import images, layout
from localcloud.sagemaker.sandbox.script_files import remove


@pytest.mark.parametrize(
    ("key", "prefix", "expected"),
    [
        ("data/train/a/b.txt", "data/train/", "a/b.txt"),
        ("data/train/b.txt", "data/train", "b.txt"),
        ("data/train.csv", "data/train.csv", "train.csv"),
        ("data/train/b.txt", "data/tr", "train/b.txt"),
        ("b.txt", "", "b.txt"),
    ],
)
def test_an_object_keeps_its_path_below_the_prefix(key: str, prefix: str, expected: str):
    assert relative_name(key, prefix) == expected


def test_a_key_that_would_leave_the_channel_is_refused():
    with pytest.raises(ClientError, match="would leave"):
        relative_name("data/../../etc/passwd", "data/")


@settings(max_examples=30)
@given(st.sets(st.text(min_size=1)), st.integers(1, 8))
def test_shards_are_a_fair_division(keys: set[str], count: int):
    shards = [shard(sorted(keys), index, count) for index in range(count)]

    assert sorted(key for each in shards for key in each) == sorted(keys)
    sizes = [len(each) for each in shards]
    assert max(sizes) - min(sizes) <= 1


def test_host_names_are_in_the_order_of_the_letters():
    hosts = layout.make_hosts(
        {"InstanceType": "ml.m5.large", "InstanceCount": 11}, "127.0.0", named=True
    )

    assert layout.hosts_file(hosts).splitlines()[1] == "127.0.0.1 algo-1"
    document = layout._resources(hosts, hosts[0])
    assert document["hosts"][:3] == ["algo-1", "algo-10", "algo-11"]


def test_instance_groups_are_numbered_through():
    groups = [
        {"InstanceGroupName": "cpu", "InstanceType": "ml.c5.large", "InstanceCount": 1},
        {"InstanceGroupName": "gpu", "InstanceType": "ml.g5.xlarge", "InstanceCount": 2},
    ]

    hosts = layout.make_hosts({"InstanceGroups": groups}, "127.0.0", named=True)

    assert [(host.name, host.group) for host in hosts] == [
        ("algo-1", "cpu"),
        ("algo-2", "gpu"),
        ("algo-3", "gpu"),
    ]


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ({}, ("train",)),
        ({"ContainerEntrypoint": ["python3", "x.py"]}, ("python3", "x.py")),
        ({"ContainerArguments": ["serve"]}, ("serve",)),
        ({"ContainerEntrypoint": ["sh"], "ContainerArguments": ["-c", "x"]}, ("sh", "-c", "x")),
    ],
)
def test_the_command_is_the_images_unless_the_request_replaces_it(
    algorithm: dict[str, list[str]], expected: tuple[str, ...]
):
    assert layout.command({"AlgorithmSpecification": algorithm}) == expected


def test_a_failure_reason_is_never_longer_than_the_service_allows(tmp_path: Path):
    (tmp_path / "failure").write_text("x" * 5000)

    reason = failure_reasons.algorithm_error(tmp_path / "failure", 1)

    assert len(reason) == 1024
    assert reason.endswith("x, exit code: 1")


def test_a_failure_file_that_is_a_link_is_not_read(tmp_path: Path):
    (tmp_path / "failure").symlink_to("/etc/hostname")

    assert (
        failure_reasons.algorithm_error(tmp_path / "failure", 1) == "AlgorithmError: , exit code: 1"
    )


def test_a_folder_is_removed_however_deep_it_is_and_what_its_links_lead_to_stays(tmp_path: Path):
    folder, outside, link = tmp_path / "folder", tmp_path / "outside", tmp_path / "link"
    (folder / "locked").mkdir(parents=True, mode=0)
    outside.mkdir(mode=0o500)
    for each in (link, folder / "link"):
        each.symlink_to(outside)
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1200):
        os.mkdir("deeper", dir_fd=here)
        outer, here = here, os.open("deeper", os.O_RDONLY, dir_fd=here)
        os.close(outer)
    os.close(here)

    for each in (folder, link, tmp_path / "nothing"):
        remove(each)

    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    assert outside.stat().st_mode & 0o777 == 0o500


@pytest.mark.parametrize("uri", ["bucket/key", "s3:///key", "file://x/y"])
def test_what_is_no_s3_uri_is_refused(uri: str):
    with pytest.raises(ValueError, match="not an S3 URI"):
        Location.parse(uri)


def test_a_made_up_page_token_is_refused():
    with pytest.raises(ServiceError, match="NextToken"):
        listing.list_jobs([], {"NextToken": "made-up"}, 0.0)


def test_every_pattern_of_the_service_can_be_checked():
    shapes: dict[str, Any] = {}
    for operation in OPERATIONS:
        collect(service_model().operation_model(operation).input_shape, shapes)
    patterns = {shape.metadata.get("pattern") for shape in shapes.values()} - {None}

    assert len(patterns) > 10
    for pattern in patterns:
        compiled(pattern)


OPERATIONS = ("CreateTrainingJob", "ListTrainingJobs", "UpdateTrainingJob", "AddTags", "DeleteTags")


def collect(shape: Any, found: dict[str, Any]) -> None:
    if shape.name not in found:
        found[shape.name] = shape
        parts = (getattr(shape, name, None) for name in ("member", "key", "value"))
        for part in (*getattr(shape, "members", {}).values(), *filter(None, parts)):
            collect(part, found)


def test_the_first_matching_pattern_names_the_images_environment(tmp_path: Path):
    (tmp_path / "images.toml").write_text(
        f'[images]\n"*/other:*" = "/nowhere"\n"*/training:*" = "{sys.prefix}"\n"*" = "/nowhere"\n'
    )

    image = images.find("1.dkr.ecr.us-east-1.amazonaws.com/training:2", tmp_path)

    assert image.environment == Path(sys.prefix)
    assert image.base == Path(sys.base_prefix)


@pytest.mark.parametrize(
    ("pattern", "matches"),
    [("*/training:*", True), ("*/training:2", True), ("*/training*", True), ("*/train:*", False)],
)
def test_an_image_by_digest_is_found_by_its_repository(tmp_path: Path, pattern: str, matches: bool):
    (tmp_path / "images.toml").write_text(f'[images]\n"{pattern}" = "/nowhere"\n')
    uri = f"1.dkr.ecr.us-east-1.amazonaws.com/training@sha256:{'0' * 64}"
    with pytest.raises(images.ImageError) if matches else nullcontext():
        images.find(uri, tmp_path)


def test_without_a_map_the_servers_own_environment_stands_in(tmp_path: Path):
    assert images.find("anything", tmp_path).environment == Path(sys.prefix)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[images]\n"*" = "/nowhere"\n', "bin/python3 does not run"),
        ("[pictures]\n", r"needs a table \[images\]"),
        ("images", "images.toml"),
    ],
)
def test_an_unusable_map_is_told_with_its_file(tmp_path: Path, text: str, message: str):
    (tmp_path / "images.toml").write_text(text)

    with pytest.raises(images.ImageError, match=message):
        images.find("anything", tmp_path)

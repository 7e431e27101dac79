"""The `aws:*` settings: each is read by the provider and by the jobs' own session, or refused."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pulumi.runtime import set_all_config

from components.stack.aws_settings import AwsSettings
from components.stack.configuration import load
from tests.raw_settings import stack

Load = Callable[..., AwsSettings]
ROLE = "arn:aws:iam::123456789012:role/deployer"


@pytest.fixture
def load_aws(tmp_path: Path) -> Iterator[Load]:
    """Loads a stack whose `aws:*` values are as the engine gives them: texts, or JSON."""

    def load_with(encrypted: tuple[str, ...] = (), /, **values: str) -> AwsSettings:
        config = {f"aws:{key}": value for key, value in ({"region": "us-east-1"} | values).items()}
        own = {f"sagemaker-training:{key}": value for key, value in stack(jobs={}).items()}
        texts = {k: v if isinstance(v, str) else json.dumps(v) for k, v in own.items()}
        set_all_config(config | texts, [f"aws:{key}" for key in encrypted])
        return load(tmp_path)[1]

    yield load_with
    set_all_config({}, [])


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "config").write_text("[profile team]\nregion = us-east-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"):
        monkeypatch.delenv(name, raising=False)


def refusal(load_aws: Load, *encrypted: str, **values: str) -> str:
    """What is said of wrong values, each problem in one line of text and one of remedy."""
    with pytest.raises(pulumi.RunError) as refused:
        load_aws(encrypted, **values)
    return str(refused.value)


WRONG: list[tuple[dict[str, str], str, str]] = [
    # Lists of accounts that would protect nothing.
    ({"allowedAccountsIds": '["123456789012"]'},
     'aws:allowedAccountsIds: "(hidden)" — no such setting exists here.',
     "did you mean allowedAccountIds?"),
    ({"assumeRole": f'{{"roleArn": "{ROLE}"}}'},
     'aws:assumeRole: "(hidden)" — no such setting exists here.', "did you mean assumeRoles?"),
    ({"forbiddenAccountIds": '["123456789012"]', "allowedAccountIds": '["210987654321"]'},
     'aws:forbiddenAccountIds: ["123456789012"] — the aws provider does not take',
     "keep allowedAccountIds"),
    # Account ids.
    ({"allowedAccountIds": "true"}, "aws:allowedAccountIds: true — must be a list.",
     "in quotes"),
    ({"allowedAccountIds": "[12345678901]"},
     "aws:allowedAccountIds.0: 12345678901 — is not the 12 digits of an account's id.",
     "in quotes"),
    ({"forbiddenAccountIds": '["1234-5678-9012"]'},
     'aws:forbiddenAccountIds.0: "1234-5678-9012" — is not the 12 digits', "in quotes"),
    ({"forbiddenAccountIds": "[true]"}, "aws:forbiddenAccountIds.0: true — must be a text.",
     "in quotes"),
    # Roles.
    ({"assumeRoles": '[{"sessionName": "ci"}]'},
     "aws:assumeRoles.0.roleArn: nothing — is required.", "set it: the role's ARN"),
    ({"assumeRoles": '[{"roleArn": "deployer"}]'},
     'aws:assumeRoles.0.roleArn: "deployer" — is not the ARN of a role.', "role/"),
    ({"assumeRoles": f'[{{"roleArn": "{ROLE}", "policy": "x"}}]'},
     'aws:assumeRoles.0.policy: "(hidden)" — no such setting exists here.',
     "roleArn, sessionName, externalId"),
    ({"assumeRoles": f'[{{"roleArn": "{ROLE}", "sessionName": "c i"}}]'},
     'aws:assumeRoles.0.sessionName: "c i" — must be a text that matches', "session"),
    ({"assumeRoles": "[{"}, 'aws:assumeRoles: "(hidden)" — must be a list.', "roles to assume"),
    ({"assumeRoles": f'"{ROLE}"'}, f'aws:assumeRoles: "{ROLE}" — must be a list.',
     "roles to assume"),
    ({"assumeRoles": "[7]"}, "aws:assumeRoles.0: 7 — must be a section of names and values.",
     "roles to assume"),
    # Endpoints.
    ({"endpoints": '[{"sagemakr": "https://127.0.0.1:1"}]'},
     'aws:endpoints.0.sagemakr: "https://127.0.0.1:1" — is not a service of the aws provider.',
     "did you mean sagemaker?"),
    ({"endpoints": '[{"s3": "127.0.0.1:1"}]'},
     'aws:endpoints.0.s3: "127.0.0.1:1" — is not an address.', "https://"),
    ({"endpoints": '{"s3": "https://127.0.0.1:1"}'},
     'aws:endpoints: "(hidden)" — must be a list.', "addresses of services"),
    ({"endpoints": '[{"s3": 1}]'}, "aws:endpoints.0.s3: 1 — must be a text.", "addresses"),
    # Regions and profiles.
    ({"region": "us-east-1a"}, 'aws:region: "us-east-1a" — is not an AWS region.', "us-east-1"),
    ({"region": "xx-east-1"}, 'aws:region: "xx-east-1" — is not an AWS region.', "us-east-1"),
    ({"region": "[]"}, 'aws:region: "[]" — is not an AWS region.', "us-east-1"),
    ({"profile": "nope"}, 'aws:profile: "nope" — no AWS configuration file has this profile.',
     "write it into one, or choose one of team"),
    ({"profile": ""}, 'aws:profile: "" — must be 1 characters or more.', "profile"),
    # Keys that only one of the two would take: the provider, or the session.
    ({"skipRequestingAccountId": "true"},
     'aws:skipRequestingAccountId: "(hidden)" — this program does not read it.', "remove it"),
    ({"useFipsEndpoint": "true"},
     'aws:useFipsEndpoint: "(hidden)" — this program does not read it.',
     "remove it, and set AWS_USE_FIPS_ENDPOINT in the environment"),
    ({"defaultTags": '{"tags": {}}'},
     'aws:defaultTags: "(hidden)" — this program does not read it.', "the stack's own tags"),
]  # fmt: skip


@pytest.mark.parametrize(("values", "message", "remedy"), WRONG, ids=[row[1][:60] for row in WRONG])
def test_a_wrong_value_is_one_problem_with_path_value_rule_and_remedy(
    load_aws: Load, values: dict[str, str], message: str, remedy: str
) -> None:
    text = refusal(load_aws, **values)
    assert text.startswith("1 problem in the settings, so nothing was created:\n")
    _, problem, lines = text.split("\n", 2)
    assert problem.startswith(f"1. {message}")
    assert remedy in lines.partition("Remedy: ")[2]
    assert "\n" not in lines


@pytest.mark.parametrize(
    "region", ["eu-west-1", "us-gov-west-1", "eusc-de-east-1", "us-iso-east-1", "us-isof-south-1"]
)
def test_a_region_of_any_partition_is_accepted(load_aws: Load, region: str) -> None:
    assert load_aws(region=region).region == region


def test_a_missing_region_is_asked_for(load_aws: Load, tmp_path: Path) -> None:
    load_aws()
    set_all_config({"sagemaker-training:team": "research"}, [])
    with pytest.raises(pulumi.RunError, match="aws:region: nothing — is required"):
        load(tmp_path)


def test_all_that_is_wrong_is_reported_at_once_with_the_other_settings(
    load_aws: Load, tmp_path: Path
) -> None:
    load_aws()
    values = {"aws:region": "us", "aws:profile": "nope", "aws:assumeRole": "{}", "aws:token": "x"}
    set_all_config(values | {"sagemaker-training:team": "Research Team"}, [])
    with pytest.raises(pulumi.RunError) as refused:
        load(tmp_path)
    text = str(refused.value)
    assert text.startswith("5 problems in the settings")
    for path in ("aws:region", "aws:profile", "aws:assumeRole", "aws:token", "team"):
        assert f". {path}: " in text


@pytest.mark.parametrize(
    "values",
    [
        {"accessKey": "AKIA1234567890ABCDEF"},
        {"secretKey": "hunter2AKIA"},
        {"token": "hunter2AKIA"},
        {"secretkey": "hunter2AKIA"},
        {"httpsProxy": "http://ann:hunter2AKIA@proxy"},
        {"assumeRoleWithWebIdentity": '{"webIdentityToken": "hunter2AKIA"}'},
        {"assumeRoles": f'[{{"roleArn": "{ROLE}", "secret": "hunter2AKIA"}}]'},
        {"endpoints": '[{"s3": "https://ann:hunter2AKIA@storage"}]'},
        {"endpoints": '"https://ann:hunter2AKIA@storage"'},
        {"profile": '{"accessKey": "hunter2AKIA"}'},
        {"region": '{"secretKey": "hunter2AKIA"}'},
    ],
    ids=str,
)
def test_a_credential_is_refused_and_not_printed(load_aws: Load, values: dict[str, str]) -> None:
    [key] = values
    text = refusal(load_aws, **values)
    assert f"aws:{key}" in text
    assert "AKIA" not in text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("profile", "hunter2"),
        ("secretKey", "hunter2"),
        ("assumeRoles", '[{"externalId": "hunter2"}]'),
    ],
)
def test_an_encrypted_value_is_refused_once_and_not_printed(
    load_aws: Load, key: str, value: str
) -> None:
    text = refusal(load_aws, key, **{key: value})
    assert text.startswith("1 problem in")
    assert f'aws:{key}: "(hidden)"' in text
    assert "hunter2" not in text


@pytest.mark.parametrize("name", ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"])
def test_a_profile_of_the_environment_that_no_file_has_is_refused(
    load_aws: Load, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "nope")
    text = refusal(load_aws)
    assert f'{name}: "nope" — no AWS configuration file has this profile.' in text
    assert load_aws(profile="team").profile == "team"


def test_a_configuration_file_that_cannot_be_read_is_refused(
    load_aws: Load, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("no section\n")
    assert str(tmp_path / "config") in refusal(load_aws, profile="team")


def test_right_values_are_taken(load_aws: Load) -> None:
    role = {"roleArn": ROLE, "sessionName": "ci", "externalId": "a:b/c"}
    taken = load_aws(
        profile="team",
        assumeRoles=json.dumps([role]),
        endpoints='[{"s3": "http://127.0.0.1:1", "sfn": "https://sfn.example.org"}]',
        forbiddenAccountIds='["012345678901"]',
    )
    assert taken.model_dump(by_alias=True) == {
        "region": "us-east-1",
        "profile": "team",
        "assumeRoles": [role],
        "endpoints": [{"s3": "http://127.0.0.1:1", "sfn": "https://sfn.example.org"}],
        "allowedAccountIds": [],
        "forbiddenAccountIds": ["012345678901"],
    }


def test_an_account_id_without_quotes_is_taken_where_it_lost_no_digit(load_aws: Load) -> None:
    assert load_aws(allowedAccountIds="[123456789012]").allowed_account_ids == ["123456789012"]


@pytest.mark.parametrize("account", ["123456789012", "012345678901"])
def test_a_single_account_needs_no_list(load_aws: Load, account: str) -> None:
    assert load_aws(allowedAccountIds=account).allowed_account_ids == [account]


def test_a_profile_may_be_named_by_digits(load_aws: Load, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[profile 123]\n")
    assert load_aws(profile="123").profile == "123"


def official_keys() -> list[str]:
    """The keys of the official provider's settings."""
    arguments = inspect.get_annotations(aws.ProviderArgs.__init__)
    names = [name for name in arguments if name != "return"]
    return ["s3UsEast1RegionalEndpoint" if "east1" in name else camel(name) for name in names]


def camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(each.capitalize() for each in others)


@pytest.mark.parametrize("key", official_keys())
def test_each_key_of_the_official_provider_is_taken_or_refused_by_its_name(
    load_aws: Load, key: str
) -> None:
    if key in {field.alias for field in AwsSettings.model_fields.values()}:
        return
    assert f'aws:{key}: "(hidden)" — this program does not read it.' in refusal(
        load_aws, **{key: "x"}
    )


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
keys = st.sampled_from(official_keys()) | st.text(min_size=1).filter(lambda key: ":" not in key)


def report_of(load_aws: Load, raw: dict[str, str]) -> str:
    """What is said of raw values, "" where they are taken."""
    try:
        load_aws(**raw)
    except pulumi.RunError as refused:
        return str(refused)
    return ""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.dictionaries(keys, values.map(json.dumps) | st.text(), max_size=4))
def test_no_raw_value_raises_anything_but_the_report(load_aws: Load, raw: dict[str, str]) -> None:
    known = {field.alias for field in AwsSettings.model_fields.values()}
    text = report_of(load_aws, raw)
    assert all(f". aws:{key}: " in text for key in raw if key not in known)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    inner=values,
    key=st.sampled_from(["assumeRoles", "endpoints", "allowedAccountIds", "forbiddenAccountIds"]),
    name=st.sampled_from(["roleArn", "externalId", "s3"]) | st.text(),
)
def test_no_shape_within_a_list_raises_anything_but_the_report(
    load_aws: Load, inner: Any, key: str, name: str
) -> None:
    for raw in ([inner], [{name: inner}]):
        text = report_of(load_aws, {key: json.dumps(raw)})
        assert not text or f". aws:{key}" in text

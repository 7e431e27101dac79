"""The KMS keys of log groups."""

from __future__ import annotations

from tests.localcloud.cloud import Cloud, refusal
from tests.localcloud.roles import World

NAME = "/keys/of-a-group"


def test_a_log_group_takes_another_key_or_none(cloud: Cloud):
    world, logs = World(cloud), cloud.logs
    first, second, disabled = world.key(), world.key(), world.key(enabled=False)
    logs.create_log_group(logGroupName=NAME, kmsKeyId=first)

    def shown() -> tuple[str, str | None]:
        [group] = logs.describe_log_groups(logGroupNamePrefix=NAME)["logGroups"]
        return group["logGroupArn"], group.get("kmsKeyId")

    arn, key = shown()
    assert key == first
    logs.associate_kms_key(logGroupName=NAME, kmsKeyId=second)
    assert shown() == (arn, second)
    for unusable in (disabled, f"{first[:-4]}0000", first.rpartition("/")[2]):
        code, message = refusal(logs.associate_kms_key, logGroupName=NAME, kmsKeyId=unusable)
        assert code == "InvalidParameterException"
        assert message.endswith(f"is not allowed to be used with Arn '{arn}'")
    logs.disassociate_kms_key(logGroupName=NAME)
    assert shown() == (arn, None)
    logs.associate_kms_key(resourceIdentifier=arn, kmsKeyId=first)
    assert shown() == (arn, first)
    code, _ = refusal(logs.disassociate_kms_key, logGroupName="/keys/of-no-group")
    assert code == "ResourceNotFoundException"

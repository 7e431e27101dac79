"""Changes of security group rules."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localcloud.cloud import Cloud, refusal

ENDS = {
    "CidrIpv4": ("IpRanges", "CidrIp", "10.0.0.0/16"),
    "CidrIpv6": ("Ipv6Ranges", "CidrIpv6", "2001:db8::/64"),
    "PrefixListId": ("PrefixListIds", "PrefixListId", "pl-0123456789abcdef0"),
    "ReferencedGroupId": ("UserIdGroupPairs", "GroupId", ""),
}


@pytest.mark.parametrize("kind", ENDS)
def test_a_rule_keeps_the_kind_of_its_other_end(cloud: Cloud, kind: str):
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    groups = [new_group(ec2, vpc, f"{kind}-{number}") for number in range(2)]
    plural, member, end = ENDS[kind]
    permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    made = ec2.authorize_security_group_ingress(
        GroupId=groups[0], IpPermissions=[{**permission, plural: [{member: end or groups[1]}]}]
    )
    name = made["SecurityGroupRules"][0]["SecurityGroupRuleId"]

    for other in ENDS:
        change = {**permission, other: ENDS[other][2] or groups[0], "Description": "changed"}
        updates = [{"SecurityGroupRuleId": name, "SecurityGroupRule": change}]
        modify = {"GroupId": groups[0], "SecurityGroupRules": updates}
        if other == kind:
            ec2.modify_security_group_rules(**modify)
            continue
        code, message = refusal(ec2.modify_security_group_rules, **modify)
        assert code == "InvalidParameterValue"
        assert f"You may not specify {other} for an existing rule" in message

    [rule] = ec2.describe_security_group_rules(SecurityGroupRuleIds=[name])["SecurityGroupRules"]
    found = {**rule, "ReferencedGroupId": rule.get("ReferencedGroupInfo", {}).get("GroupId")}
    assert found[kind] == (end or groups[0])
    assert rule["Description"] == "changed"


def new_group(ec2: Any, vpc: str, name: str) -> str:
    made = ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)
    return str(made["GroupId"])

"""What AWS refuses and the local endpoint would take."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Timer
from typing import Any

import grpc
import pytest

from localcloud.awsplugin.properties import Properties
from tests.localcloud.awsplugin.engine import CheckError, Engine
from tests.localcloud.awsplugin.world import TRUST, World, allow

CHECKED = [
    ("aws:kms/key:Key", {"deletionWindowInDays": 3}, r"range \(7 - 30\), got 3"),
    ("aws:kms/key:Key", {"rotationPeriodInDays": 30, "enableKeyRotation": True}, "90 - 2560"),
    ("aws:kms/key:Key", {"rotationPeriodInDays": 90}, "only be set if enableKeyRotation"),
    ("aws:kms/key:Key", {"policy": '{"Statement": []}'}, "has no Statement"),
    ("aws:kms/alias:Alias", {"name": "mine", "targetKeyId": "x"}, "must begin with 'alias/'"),
    ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.1/16"}, "has host bits set"),
    ("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/8"}, "outside /16 to /28"),
    ("aws:ec2/vpc:Vpc", {"instanceTenancy": "shared"}, "expected instanceTenancy to be one of"),
    ("aws:ec2/subnet:Subnet", {"cidrBlock": "10.0.0.0/24"}, "vpcId: Missing required argument"),
    ("aws:s3/bucket:Bucket", {"bucket": "Upper_Case"}, "invalid bucket name"),
    ("aws:s3/bucket:Bucket", {"acl": "public-read"}, "use aws.s3.BucketAcl"),
    ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 31}, "expected retentionInDays"),
    ("aws:iam/role:Role", {"assumeRolePolicy": "{}"}, "has no Statement"),
    ("aws:iam/role:Role", {"assumeRolePolicy": allow()}, "neither Principal nor NotPrincipal"),
    ("aws:iam/role:Role", {"assumeRolePolicy": TRUST, "maxSessionDuration": 60}, "3600"),
    ("aws:iam/rolePolicy:RolePolicy", {"role": "r", "policy": "{"}, "invalid JSON"),
    (
        "aws:iam/rolePolicy:RolePolicy",
        {"role": "r", "policy": allow(Effect="Permit")},
        "not Allow or Deny",
    ),
    (
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        {"securityGroupId": "sg-1", "ipProtocol": "tcp", "cidrIpv4": "10.0.0.0/40"},
        "not a valid CIDR",
    ),
    (
        "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        {
            "securityGroupId": "sg-1",
            "ipProtocol": "-1",
            "cidrIpv4": "10.0.0.0/8",
            "prefixListId": "pl-1",
        },
        "exactly one of",
    ),
    (
        "aws:cloudwatch/eventRule:EventRule",
        {"eventPattern": '{"source": "aws.sagemaker"}'},
        "'source' must be an object or an array",
    ),
    ("aws:cloudwatch/eventRule:EventRule", {"scheduleExpression": "hourly"}, "is not valid"),
    (
        "aws:cloudwatch/eventTarget:EventTarget",
        {"rule": "r", "arn": "arn:aws:states:us-east-1:123456789012:stateMachine:m"},
        "RoleArn is required",
    ),
    (
        "aws:sns/topicSubscription:TopicSubscription",
        {"topic": "t", "protocol": "email", "endpoint": "nobody"},
        "not an e-mail address",
    ),
    (
        "aws:sfn/stateMachine:StateMachine",
        {"roleArn": "r", "definition": '{"StartAt": "A", "States": {}}'},
        "StartAt 'A' is none of its States",
    ),
    (
        "aws:budgets/budget:Budget",
        {"budgetType": "COST", "timeUnit": "WEEKLY"},
        "expected timeUnit",
    ),
]


@pytest.mark.parametrize(("kind", "inputs", "message"), CHECKED)
def test_a_wrong_input_is_refused_before_anything_is_made(
    engine: Engine, kind: str, inputs: Properties, message: str
) -> None:
    with pytest.raises(CheckError, match=message):
        engine.check(kind, "one", inputs)


def refused(action: Callable[[], object]) -> str:
    """The message with which the provider refuses."""
    with pytest.raises(grpc.RpcError) as caught:
        action()
    error: Any = caught.value
    return str(error.details())


def test_an_amount_that_the_budgets_api_does_not_take_fails_the_creation(world: World) -> None:
    inputs = {
        "budgetType": "COST",
        "timeUnit": "MONTHLY",
        "limitAmount": "1e+06",
        "limitUnit": "USD",
    }
    message = refused(lambda: world.make("aws:budgets/budget:Budget", inputs, "month"))
    assert (
        "CreateBudget: ValidationException: 1 validation error detected: Value '1e+06'" in message
    )


def test_an_endpoint_of_a_service_that_does_not_exist_is_refused(world: World) -> None:
    inputs = {"vpcId": world.vpc(), "serviceName": "com.amazonaws.us-east-1.sagemakre.api"}
    message = refused(lambda: world.make("aws:ec2/vpcEndpoint:VpcEndpoint", inputs, "one"))
    assert message == (
        "creating aws:ec2/vpcEndpoint:VpcEndpoint (one): CreateVpcEndpoint: InvalidServiceName: "
        "The Vpc Endpoint Service 'com.amazonaws.us-east-1.sagemakre.api' does not exist"
    )


def test_a_gateway_endpoint_of_a_service_that_has_none_is_refused(world: World) -> None:
    inputs = {"vpcId": world.vpc(), "serviceName": "com.amazonaws.us-east-1.logs"}
    message = refused(lambda: world.make("aws:ec2/vpcEndpoint:VpcEndpoint", inputs))
    assert "Endpoint type (Gateway) does not match available service types" in message


def _private_endpoint(vpc: str, subnet: str) -> Properties:
    return {
        "vpcId": vpc,
        "serviceName": "com.amazonaws.us-east-1.sts",
        "vpcEndpointType": "Interface",
        "privateDnsEnabled": True,
        "subnetIds": [subnet],
    }


def test_private_names_need_a_vpc_that_resolves_them(world: World) -> None:
    vpc = world.vpc()
    inputs = _private_endpoint(vpc, world.subnet(vpc))
    message = refused(lambda: world.make("aws:ec2/vpcEndpoint:VpcEndpoint", inputs))
    assert "requires both enableDnsSupport and enableDnsHostnames" in message


def test_private_names_belong_to_one_endpoint(world: World) -> None:
    vpc = world.vpc(enableDnsHostnames=True)
    inputs = _private_endpoint(vpc, world.subnet(vpc))
    world.make("aws:ec2/vpcEndpoint:VpcEndpoint", inputs)
    message = refused(lambda: world.make("aws:ec2/vpcEndpoint:VpcEndpoint", inputs))
    assert "conflicting DNS domain" in message


def test_a_security_group_that_an_endpoint_uses_stays(world: World, engine: Engine) -> None:
    vpc = world.vpc(enableDnsHostnames=True)
    subnet = world.subnet(vpc)
    group = world.make("aws:ec2/securityGroup:SecurityGroup", {"vpcId": vpc}, "training")
    inputs = {**_private_endpoint(vpc, subnet), "securityGroupIds": [group.id]}
    world.make("aws:ec2/vpcEndpoint:VpcEndpoint", inputs)
    message = refused(lambda: engine.delete(group, seconds=0.1))
    assert message.startswith(
        "deleting aws:ec2/securityGroup:SecurityGroup (training): DeleteSecurityGroup: "
        f"DependencyViolation: resource {group.id} has a dependent object"
    )
    assert engine.read(group) is not None


def test_a_security_group_that_anothers_rule_names_stays(world: World, engine: Engine) -> None:
    vpc = world.vpc()
    named = world.make("aws:ec2/securityGroup:SecurityGroup", {"vpcId": vpc})
    world.make(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {
            "securityGroupId": world.group(vpc),
            "referencedSecurityGroupId": named.id,
            "ipProtocol": "-1",
        },
    )
    assert "DependencyViolation" in refused(lambda: engine.delete(named, seconds=0.1))


def test_a_subnet_and_a_group_are_deleted_as_soon_as_nothing_uses_them(
    world: World, engine: Engine, aws: Callable[[str], Any]
) -> None:
    vpc, ec2 = world.vpc(), aws("ec2")
    subnet = world.make("aws:ec2/subnet:Subnet", {"vpcId": vpc, "cidrBlock": "10.0.9.0/28"})
    group = world.make("aws:ec2/securityGroup:SecurityGroup", {"vpcId": vpc})
    made = ec2.create_network_interface(SubnetId=subnet.id, Groups=[group.id])["NetworkInterface"]
    for used in (subnet, group):
        assert "DependencyViolation" in refused(partial(engine.delete, used, seconds=0.1))
    later = Timer(
        0.6, lambda: ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])
    )
    later.start()
    for used in (subnet, group):
        engine.delete(used)
        assert engine.read(used) is None


def test_a_vpc_with_a_subnet_stays(world: World, engine: Engine) -> None:
    vpc = world.make("aws:ec2/vpc:Vpc", {"cidrBlock": "10.0.0.0/16"})
    world.subnet(vpc.id)
    assert "DependencyViolation" in refused(lambda: engine.delete(vpc))


def test_a_subnet_takes_one_route_table(world: World) -> None:
    vpc = world.vpc()
    subnet = world.subnet(vpc)
    kind = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    world.make(kind, {"subnetId": subnet, "routeTableId": world.route_table(vpc)})
    other = {"subnetId": subnet, "routeTableId": world.route_table(vpc)}
    assert "Resource.AlreadyAssociated" in refused(lambda: world.make(kind, other))


def test_a_bucket_that_holds_an_object_stays(
    world: World, engine: Engine, aws: Callable[[str], Any]
) -> None:
    bucket = world.make("aws:s3/bucket:Bucket", {})
    aws("s3").put_object(Bucket=bucket.id, Key="a", Body=b"1")
    assert "BucketNotEmpty" in refused(lambda: engine.delete(bucket))
    engine.update(bucket, {"forceDestroy": True})
    engine.delete(bucket)
    assert engine.read(bucket) is None


def test_a_bucket_to_be_emptied_loses_versions_markers_and_uploads(
    world: World, engine: Engine, aws: Callable[[str], Any]
) -> None:
    bucket = world.make("aws:s3/bucket:Bucket", {"forceDestroy": True})
    versioned = {"bucket": bucket.id, "versioningConfiguration": {"status": "Enabled"}}
    world.make("aws:s3/bucketVersioning:BucketVersioning", versioned)
    s3 = aws("s3")
    for body in (b"1", b"2"):
        s3.put_object(Bucket=bucket.id, Key="a", Body=body)
    s3.delete_object(Bucket=bucket.id, Key="a")
    s3.create_multipart_upload(Bucket=bucket.id, Key="b")
    engine.delete(bucket)
    assert engine.read(bucket) is None


def test_a_bucket_of_a_taken_name_is_refused(world: World) -> None:
    name = world.bucket()
    message = refused(lambda: world.make("aws:s3/bucket:Bucket", {"bucket": name}))
    assert "BucketAlreadyExists" in message


def test_a_public_bucket_policy_is_refused_where_such_are_blocked(world: World) -> None:
    bucket = world.bucket()
    block = {"bucket": bucket, "blockPublicPolicy": True}
    world.make("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", block)
    public = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*")
    inputs = {"bucket": bucket, "policy": public}
    message = refused(lambda: world.make("aws:s3/bucketPolicy:BucketPolicy", inputs))
    assert "AccessDenied: public policies are blocked" in message


def test_a_bucket_policy_about_another_bucket_is_refused(world: World) -> None:
    document = allow("s3:*", "arn:aws:s3:::another/*", Principal={"AWS": "123456789012"})
    inputs = {"bucket": world.bucket(), "policy": document}
    message = refused(lambda: world.make("aws:s3/bucketPolicy:BucketPolicy", inputs))
    assert "MalformedPolicy: Policy has invalid resource" in message


def test_a_key_policy_that_locks_everybody_out_is_refused(world: World) -> None:
    reader = allow("kms:Decrypt", Principal={"AWS": "arn:aws:iam::123456789012:root"})
    stranger = allow("kms:*", Principal={"AWS": "arn:aws:iam::999999999999:root"})
    for document in (reader, stranger):
        message = refused(partial(world.make, "aws:kms/key:Key", {"policy": document}))
        assert "will not allow you to update the key policy" in message
    world.make("aws:kms/key:Key", {"policy": stranger, "bypassPolicyLockoutSafetyCheck": True})


def test_what_is_encrypted_needs_a_key_that_exists_and_is_enabled(world: World) -> None:
    key = world.make("aws:kms/key:Key", {"isEnabled": False}).state["arn"]
    for kind, name in (
        ("aws:cloudwatch/logGroup:LogGroup", "kmsKeyId"),
        ("aws:sns/topic:Topic", "kmsMasterKeyId"),
    ):
        assert "is Disabled" in refused(partial(world.make, kind, {name: key}))
        missing = key[:-4] + "0000"
        assert "could not be found" in refused(partial(world.make, kind, {name: missing}))


def test_a_role_with_a_policy_that_it_does_not_list_stays(world: World, engine: Engine) -> None:
    role = world.make("aws:iam/role:Role", {"assumeRolePolicy": TRUST})
    world.make("aws:iam/rolePolicy:RolePolicy", {"role": role.id, "policy": allow()})
    assert "DeleteConflict" in refused(lambda: engine.delete(role))
    engine.update(role, {"assumeRolePolicy": TRUST, "forceDetachPolicies": True})
    engine.delete(role)
    assert engine.read(role) is None

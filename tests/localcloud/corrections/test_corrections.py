"""The services other than training jobs."""

from __future__ import annotations

import json

from tests.localcloud.cloud import Cloud, refusal

TLS_ONLY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "arn:aws:s3:::tls-only/*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ],
}


def test_other_services_answer_beside_it(cloud: Cloud):
    assert cloud.client("sts").get_caller_identity()["Account"] == "123456789012"


def test_a_bucket_policy_that_demands_tls_does_not_lock_everyone_out(cloud: Cloud):
    cloud.s3.create_bucket(Bucket="tls-only")
    cloud.s3.put_bucket_policy(Bucket="tls-only", Policy=json.dumps(TLS_ONLY))

    cloud.s3.put_object(Bucket="tls-only", Key="key", Body=b"value")

    assert cloud.s3.get_object(Bucket="tls-only", Key="key")["Body"].read() == b"value"


def test_a_bucket_whose_versioning_was_suspended_can_be_emptied_and_deleted(cloud: Cloud):
    bucket = {"Bucket": "suspended"}
    cloud.s3.create_bucket(**bucket)
    for status in ("Enabled", "Suspended"):
        cloud.s3.put_bucket_versioning(**bucket, VersioningConfiguration={"Status": status})
        cloud.s3.put_object(**bucket, Key=status, Body=b"value")
        if status == "Enabled":
            cloud.s3.delete_object(**bucket, Key=status)
    listed = cloud.s3.list_object_versions(**bucket)
    versions = listed["Versions"] + listed["DeleteMarkers"]
    objects = [{name: version[name] for name in ("Key", "VersionId")} for version in versions]
    assert len(objects) == 3

    answer = cloud.s3.delete_objects(**bucket, Delete={"Objects": objects})

    assert "Errors" not in answer
    assert "Versions" not in cloud.s3.list_object_versions(**bucket)
    cloud.s3.delete_bucket(**bucket)


def test_a_policy_of_awss_own_is_there_when_it_is_asked_for(cloud: Cloud):
    iam, arn = cloud.client("iam"), "arn:aws:iam::aws:policy/AWSDenyAll"
    iam.create_role(RoleName="denied", AssumeRolePolicyDocument="{}")

    iam.attach_role_policy(RoleName="denied", PolicyArn=arn)

    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
    assert [each["Effect"] for each in document["Statement"]] == ["Deny"]
    for other in ("AWSAllowNothing", "service-role/AWSDenyAll"):
        unknown = arn.replace("AWSDenyAll", other)
        assert refusal(iam.get_policy, PolicyArn=unknown)[0] == "NoSuchEntity"


def test_a_role_is_bounded_by_a_policy_that_exists(cloud: Cloud):
    iam, role = cloud.client("iam"), {"RoleName": "bounded", "AssumeRolePolicyDocument": "{}"}
    missing = "arn:aws:iam::123456789012:policy/missing"
    code, message = refusal(iam.create_role, **role, PermissionsBoundary=missing)
    assert code == "NoSuchEntity"
    assert message == f"Scope ARN: {missing} does not exist or is not attachable."
    boundary = "arn:aws:iam::aws:policy/PowerUserAccess"

    iam.create_role(**role, PermissionsBoundary=boundary)

    put = iam.put_role_permissions_boundary
    assert refusal(put, RoleName="bounded", PermissionsBoundary=missing)[0] == "NoSuchEntity"
    found = iam.get_role(RoleName="bounded")["Role"]["PermissionsBoundary"]
    assert found["PermissionsBoundaryArn"] == boundary


def test_a_model_package_group_is_deleted_once_it_is_empty(cloud: Cloud):
    sagemaker, group = cloud.sagemaker, {"ModelPackageGroupName": "digits"}
    sagemaker.create_model_package_group(**group)
    version = sagemaker.create_model_package(**group, ModelPackageDescription="a version")
    package = {"ModelPackageName": version["ModelPackageArn"]}
    assert refusal(sagemaker.delete_model_package_group, **group)[0] == "ConflictException"

    sagemaker.delete_model_package(**package)
    sagemaker.delete_model_package_group(**group)

    assert sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"] == []
    assert refusal(sagemaker.delete_model_package, **package)[0] == "ValidationException"
    assert refusal(sagemaker.delete_model_package_group, **group)[0] == "ValidationException"


def test_a_budgets_subscribers_tags_and_limit_are_read_back(cloud: Cloud):
    budgets, named = cloud.client("budgets"), {"AccountId": "123456789012", "BudgetName": "month"}
    warning = {
        "NotificationType": "ACTUAL",
        "ComparisonOperator": "GREATER_THAN",
        "Threshold": 80.0,
        "ThresholdType": "PERCENTAGE",
    }
    reported = [{"SubscriptionType": "EMAIL", "Address": "team@example.com"}]
    budget = {"BudgetName": "month", "BudgetType": "COST", "TimeUnit": "MONTHLY"}
    arn = "arn:aws:budgets::123456789012:budget/month"
    budgets.create_budget(
        AccountId=named["AccountId"],
        Budget=budget | {"BudgetLimit": {"Amount": "100", "Unit": "USD"}},
        NotificationsWithSubscribers=[{"Notification": warning, "Subscribers": reported}],
        ResourceTags=[{"Key": "team", "Value": "research"}],
    )
    larger = {"Amount": "200", "Unit": "USD"}
    budgets.update_budget(AccountId=named["AccountId"], NewBudget=budget | {"BudgetLimit": larger})
    budgets.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "owner", "Value": "ada"}])
    budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=["team"])

    assert budgets.describe_budget(**named)["Budget"]["BudgetLimit"] == larger
    [notification] = budgets.describe_notifications_for_budget(**named)["Notifications"]
    assert notification == warning | {"NotificationState": "OK"}
    of = budgets.describe_subscribers_for_notification
    assert of(**named, Notification=notification)["Subscribers"] == reported
    other = warning | {"Threshold": 90.0}
    assert refusal(of, **named, Notification=other)[0] == "NotFoundException"
    tags = budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"]
    assert tags == [{"Key": "owner", "Value": "ada"}]
    budgets.delete_budget(**named)
    assert refusal(budgets.describe_notifications_for_budget, **named)[0] == "NotFoundException"


def test_a_repository_that_was_not_created_contains_every_image(cloud: Cloud):
    ecr = cloud.client("ecr")
    ids = [{"imageTag": "1"}, {"imageTag": "2"}]
    first, again = (
        ecr.describe_images(repositoryName="pushed-to", imageIds=ids)["imageDetails"]
        for _ in range(2)
    )
    digests = [image["imageDigest"] for image in first]
    assert digests == [image["imageDigest"] for image in again]
    assert len(set(digests)) == 2
    [by_digest] = ecr.describe_images(
        repositoryName="pushed-to", imageIds=[{"imageDigest": digests[0]}]
    )["imageDetails"]
    assert by_digest["imageDigest"] == digests[0]
    got = ecr.batch_get_image(repositoryName="pushed-to", imageIds=ids)["images"]
    assert [image["imageId"]["imageDigest"] for image in got] == digests

    ecr.create_repository(repositoryName="pushed-to")
    assert "ImageNotFoundException" in refusal(
        lambda: ecr.describe_images(repositoryName="pushed-to", imageIds=ids)
    )

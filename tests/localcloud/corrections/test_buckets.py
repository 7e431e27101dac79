"""What the local cloud adds to moto's buckets."""

from __future__ import annotations

from tests.localcloud.cloud import Cloud, refusal

DEFAULT = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
CLIENTS_KEY = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}


def test_a_bucket_refuses_the_encryption_that_it_blocks(cloud: Cloud):
    s3, upload = cloud.s3, {"Bucket": "blocking", "Key": "model", "Body": b""}
    s3.create_bucket(Bucket="blocking")
    for blocked in ("SSE-C", "NONE"):
        rule = {**DEFAULT, "BlockedEncryptionTypes": {"EncryptionType": [blocked]}}
        configuration = {"Rules": [rule]}
        s3.put_bucket_encryption(Bucket="blocking", ServerSideEncryptionConfiguration=configuration)
        found = s3.get_bucket_encryption(Bucket="blocking")["ServerSideEncryptionConfiguration"]
        assert found["Rules"][0]["BlockedEncryptionTypes"] == {"EncryptionType": [blocked]}
        s3.put_object(**upload)
        if blocked == "SSE-C":
            assert refusal(s3.put_object, **upload, **CLIENTS_KEY)[0] == "AccessDenied"
            named = {"Bucket": "blocking", "Key": "model"}
            assert refusal(s3.create_multipart_upload, **named, **CLIENTS_KEY)[0] == "AccessDenied"
        else:
            s3.put_object(**upload, **CLIENTS_KEY)


def test_a_new_bucket_encrypts_with_s3s_key_and_blocks_the_clients(cloud: Cloud):
    s3, bucket = cloud.s3, {"Bucket": "encrypting"}
    named = {**bucket, "Key": "model"}
    s3.create_bucket(**bucket)

    def rule() -> object:
        return s3.get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]["Rules"][0]

    first = rule()
    assert first == {
        **DEFAULT,
        "BucketKeyEnabled": False,
        "BlockedEncryptionTypes": {"EncryptionType": ["SSE-C"]},
    }
    assert s3.put_object(**named, Body=b"")["ServerSideEncryption"] == "AES256"
    assert refusal(s3.put_object, **named, **CLIENTS_KEY)[0] == "AccessDenied"
    own = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]}
    s3.put_bucket_encryption(**bucket, ServerSideEncryptionConfiguration=own)
    assert s3.put_object(**named, Body=b"")["ServerSideEncryption"] == "aws:kms"
    s3.delete_bucket_encryption(**bucket)
    assert rule() == first

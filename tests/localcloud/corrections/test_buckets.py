"""What the local cloud adds to moto's buckets."""

from __future__ import annotations

from tests.localcloud.cloud import Cloud, refusal

DEFAULT = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
CLIENTS_KEY = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}


def test_a_bucket_refuses_the_encryption_that_it_blocks(cloud: Cloud):
    s3, upload = cloud.s3, {"Bucket": "blocking", "Key": "model", "Body": b""}
    s3.create_bucket(Bucket="blocking")
    s3.put_object(**upload, **CLIENTS_KEY)
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

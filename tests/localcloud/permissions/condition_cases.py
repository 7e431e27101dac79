"""Conditions and whether they hold, as the IAM User Guide says."""

from __future__ import annotations

from typing import Any

KEY = "s3:prefix"
ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-job/a"

# Operator, the policy's value, the request's value (None for a key that is not there), the answer.
Row = tuple[str, Any, Any, bool]

ROWS: list[Row] = [
    ("StringEquals", "a", "a", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", ["a", "b"], "b", True),
    ("StringEquals", "a*", "ab", False),
    ("StringEquals", "a", None, False),
    ("StringEqualsIfExists", "a", None, True),
    ("StringEqualsIfExists", "a", "b", False),
    ("StringNotEquals", "a", "b", True),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringNotEquals", "a", None, True),
    ("StringNotEqualsIfExists", "a", None, True),
    ("StringNotEqualsIfExists", "a", "a", False),
    ("StringEqualsIgnoreCase", "a", "A", True),
    ("StringNotEqualsIgnoreCase", "a", "A", False),
    ("StringLike", "a/*", "a/b/c", True),
    ("StringLike", "a/?", "a/bc", False),
    ("StringLike", "a", None, False),
    ("StringNotLike", "a/*", "b/", True),
    ("StringNotLike", "a/*", None, True),
    ("ArnLike", "arn:aws:sagemaker:us-east-1:123456789012:training-job/*", ARN, True),
    ("ArnLike", "arn:aws:sagemaker:*:123456789012:training-job/*", ARN, True),
    ("ArnLike", "arn:aws:sagemaker:eu-west-1:123456789012:*", ARN, False),
    ("ArnLike", "arn:aws:sagemaker:us-east-1:123456789012:training-job/*", "no ARN", False),
    ("ArnEquals", "arn:aws:sagemaker:us-east-1:*:training-job/?", ARN, True),
    ("ArnNotLike", "arn:aws:sagemaker:*:*:training-job/*", ARN, False),
    ("ArnNotEquals", ARN, ARN + "b", True),
    ("ArnNotEquals", ARN, None, True),
    ("Bool", "true", "true", True),
    ("Bool", True, "true", True),
    ("Bool", "false", "true", False),
    ("Bool", "false", None, False),
    ("BoolIfExists", "false", None, True),
    ("Null", "true", None, True),
    ("Null", "true", "a", False),
    ("Null", "false", "a", True),
    ("Null", False, None, False),
    ("NumericEquals", "2", "2.0", True),
    ("NumericNotEquals", "2", "2.0", False),
    ("NumericLessThan", 1.2, "1.1", True),
    ("NumericLessThan", "1.2", "1.2", False),
    ("NumericLessThan", "1.2", None, False),
    ("NumericLessThan", "1.2", "none", False),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericGreaterThan", "3600", "3601", True),
    ("NumericGreaterThanEquals", "3600", "3599", False),
    ("ForAnyValue:StringEquals", ["a", "b"], ["x", "b"], True),
    ("ForAnyValue:StringEquals", ["a", "b"], ["x", "y"], False),
    ("ForAnyValue:StringEquals", "a", None, False),
    ("ForAnyValue:StringNotEquals", "a", ["a", "b"], True),
    ("ForAnyValue:StringNotEquals", "a", None, False),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "x"], False),
    ("ForAllValues:StringEquals", "a", None, True),
    ("ForAllValues:StringLike", "a*", ["a", "ab"], True),
    ("ForAllValues:StringNotEquals", "a", ["b", "a"], False),
]

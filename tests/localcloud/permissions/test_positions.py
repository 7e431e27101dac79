"""The places of statements in the text of a policy."""

from __future__ import annotations

import json

import pytest

from localcloud.permissions.positions import Span, statement_spans

# The example of the AWS CLI's reference of simulate-custom-policy.
OF_THE_CLI = (
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",'
    '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
)


def test_a_single_statement_is_where_awss_example_has_it():
    assert statement_spans(OF_THE_CLI) == [Span((1, 38), (1, 167))]


def test_statements_of_a_list_follow_each_other():
    statements = [{"Sid": 'a ] \\" }'}, {"Sid": "b"}]
    text = json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
    first, second = statement_spans(text)

    assert first.start == (1, 38)
    assert second.start == first.end
    assert text[second.start[1] : second.end[1] - 1] == '{"Sid":"b"}'


@pytest.mark.parametrize("text", ['{"Statement": []}', '{"Version": "2012-10-17"}', "{}"])
def test_a_policy_may_have_no_statement(text: str):
    assert statement_spans(text) == []


def test_lines_are_counted():
    text = '{\n  "Statement": [\n    {"Sid": "a"}\n  ]\n}'

    assert statement_spans(text) == [Span((2, 17), (3, 17))]

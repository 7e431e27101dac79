"""JSONata that takes too much costs only its own execution."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from localcloud.events import evaluator
from localcloud.events.evaluator import EvaluationError, Evaluator


@pytest.fixture
def evaluating() -> Iterator[Evaluator]:
    with closing(Evaluator()) as made:
        yield made


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("( $f := function($n){ $f($n + 1) }; $f(0) )", "infinite loop"),
        ("( $f := function($n){ 1 + $f($n + 1) }; $f(0) )", "Stack overflow|too much"),
        ("$match('" + "a" * 60 + "b', /(a+)+$/)", "infinite loop"),
        ("'no' + 1", "number"),
        ("1 +", "."),
    ],
)
def test_an_expression_without_a_value_says_why_and_the_next_one_is_evaluated(
    evaluating: Evaluator, expression: str, message: str
):
    with pytest.raises(EvaluationError, match=message):
        evaluating.evaluate(expression)

    assert evaluating.evaluate("{'text': 'say \"yes\"', 'rows': [1..3], 'none': null}") == {
        "text": 'say "yes"',
        "rows": [1, 2, 3],
        "none": None,
    }


def test_a_process_that_dies_is_replaced(evaluating: Evaluator):
    assert evaluating.evaluate("1 + 1") == 2
    [process] = evaluating._idle
    process.kill()
    process.wait()

    with pytest.raises(EvaluationError, match="too much time or memory"):
        evaluating.evaluate("1 + 1")

    assert evaluating.evaluate("1 + 1") == 2


def test_processes_are_used_again_and_not_too_many_wait(
    evaluating: Evaluator, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(evaluator, "_MOST_IDLE", 1)
    first, second = evaluating._take(), evaluating._take()

    evaluating._give_back(first)
    evaluating._give_back(second)

    assert evaluating._idle == [first]
    assert second.returncode is not None

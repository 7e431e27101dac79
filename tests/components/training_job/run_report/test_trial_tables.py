from __future__ import annotations

from dataclasses import replace

from components.training_job.reader.tunings import FoundTuning, Tuning
from components.training_job.run_report.trial_tables import axes_of, trials_in
from components.training_job.tuning.trials import Trial
from tests.components.training_job.run_report.made_up import tuned


def tuned_for(*objectives: float | None, kind: str = "Minimize", metric: str = "m") -> FoundTuning:
    """A tuning job, and a completed trial with each objective."""
    objective = {"Type": kind, "MetricName": metric}
    description = {"HyperParameterTuningJobConfig": {"HyperParameterTuningJobObjective": objective}}
    return Tuning(description), [
        Trial(
            name=f"trial-{number}",
            status="Completed",
            objective=value,
            started=f"2026-11-01T00:0{number}:00",
            hyperparameters={"rate": str(number)},
        )
        for number, value in enumerate(objectives)
    ]


def test_the_best_trial_is_first_and_those_without_a_value_are_last():
    trials = trials_in([tuned_for(3.0, None, 1.0, 2.0)])
    assert trials is not None
    assert [each.objective for each in trials.ranked] == [1.0, 2.0, 3.0, None]
    assert trials.best_so_far == [(1, 3.0), (3, 1.0)]
    most = trials_in([tuned_for(3.0, None, 1.0, 4.0, kind="Maximize")])
    assert most is not None
    assert most.best_so_far == [(1, 3.0), (4, 4.0)]


def test_the_trials_of_all_attempts_with_one_objective_count():
    other = tuned_for(9.0, kind="Maximize", metric="other")
    first, both = tuned_for(3.0), tuned_for(3.0, 2.0)  # the second has those of the first, too
    trials = trials_in([other, first, both, tuned_for(metric="not begun")])
    assert trials is not None
    assert [each.objective for each in trials.all] == [3.0, 2.0]
    assert trials_in([]) is None


def test_a_trial_that_failed_is_never_the_best_and_one_that_never_began_is_last():
    tuning, [first, second] = tuned_for(1.0, 2.0)
    trials = trials_in([(tuning, [replace(first, status="Stopped", started=""), second])])
    assert trials is not None
    assert trials.best is not None
    assert trials.best.objective == 2.0
    assert [each.name for each in trials.all] == ["trial-1", "trial-0"]


def test_axes_have_the_values_that_differ():
    trials = trials_in(tuned().tunings)
    assert trials is not None
    axes = axes_of(trials, [each for each in trials.ranked if each.counts])
    assert [(axis.name, axis.note) for axis in axes] == [
        ("dropout", ""), ("layers", ""), ("learning-rate", "logarithmic"), ("optimizer", ""),
        ("val_loss", "lower is better"),
    ]  # fmt: skip
    assert axes[3].labels == [(0.0, "adamw"), (0.5, "lion"), (1.0, "sgd")]
    assert all(0 <= place <= 1 for axis in axes for place in axis.places if place is not None)
    assert axes[-1].places[0] == 0


def test_a_list_of_numbers_is_no_number():
    tuning, both = tuned_for(1.0, 2.0)
    layers = ({"layers": "64,64"}, {"layers": "128"})
    own = [replace(each, hyperparameters=of) for each, of in zip(both, layers, strict=True)]
    trials = trials_in([(tuning, own)])
    assert trials is not None
    assert axes_of(trials, trials.ranked)[0].labels == [(0.0, "128"), (1.0, "64,64")]

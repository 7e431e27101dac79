"""The report on a preview as Markdown, short enough for a pull request's comment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from policy_report.costs import JobCost, StackCost, TrialsCost
from policy_report.standing_costs import billed_by_use, standing_costs, together
from policy_report.verdict import Verdict
from quota_report.usage import Usage
from run_forecast.job_forecasts import JobForecast
from run_forecast.wording import costs, duration, within_limits
from training_policies.preview import Breach, Preview
from training_policies.quotas.amounts import Unit, amount
from training_policies.quotas.per_stack import STACK_LIMITS
from training_policies.resource import Resource

_LONGEST = 60_000
"""GitHub refuses comments of more than 65,536 characters."""

_MONEY = frozenset(each.measured for each in STACK_LIMITS if each.unit is Unit.USD)

_MARKS = {"create": "+", "update": "~", "delete": "-", "replace": "±"}


def marker(stack: str) -> str:
    """What a stack's comment begins with, so that the next run finds it and replaces it."""
    return f"<!-- training-policies: {stack} -->"


def markdown(
    stack: str,
    verdict: Verdict,
    cost: StackCost,
    quotas: Sequence[Usage],
    forecasts: Sequence[JobForecast] = (),
) -> str:
    """The report on a stack's preview: what it costs, and what it takes of its team's quotas."""
    preview = verdict.preview
    lines = [
        marker(stack),
        f"## {_mark(verdict)} {stack}: {_outcome(verdict)}",
        "",
        *_disagreement_section(verdict),
        *_cost_section(cost, verdict.judged),
        *_standing_section(preview.resources),
        *_forecast_section(forecasts),
        *_quota_section(quotas, verdict),
        *_breach_section(preview.breaches),
        *_error_section(preview.errors),
        *_change_section(preview),
    ]
    text = "\n".join(lines).rstrip() + "\n"
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "\n\n… cut here.\n"


def _mark(verdict: Verdict) -> str:
    if verdict.is_clean:
        return "✅"
    return "⚠️" if verdict.passes else "❌"


def _outcome(verdict: Verdict) -> str:
    """The outcome of the preview: the first thing that refuses it, if there are several."""
    outcomes = (
        (verdict.refusing, f"{_count(len(verdict.refusing), 'violation')} of the policies"),
        (not verdict.judged, "the preview failed, so not all was judged"),
        (not verdict.preview.policies, "no policy ran"),
        (verdict.missing, _missing(verdict)),
        (verdict.unknown_packs, f"{_count(len(verdict.unknown_packs), 'unknown policy pack')} ran"),
        (verdict.unreported, _unreported(verdict)),
    )
    return next((text for applies, text in outcomes if applies), _kept(verdict))


def _missing(verdict: Verdict) -> str:
    return f"{len(verdict.missing)} of the pack's {len(verdict.policies)} policies did not run"


def _unreported(verdict: Verdict) -> str:
    found = _count(len(verdict.unreported), "violation")
    return f"the engine and this report disagree: {found} that the engine did not report"


def _kept(verdict: Verdict) -> str:
    sums = "above a quota, as the configuration allows" if verdict.over else "within quotas"
    kept = f"{sums}, {len(verdict.policies)} policies kept"
    warnings = len(verdict.preview.breaches)
    return f"{kept}, {_count(warnings, 'warning')}" if warnings else kept


def _disagreement_section(verdict: Verdict) -> Iterator[str]:
    """Why the engine's verdict does not count, if it can't be the pack's."""
    if not verdict.judged or not (verdict.missing or verdict.unknown_packs or verdict.unreported):
        return
    yield "### The engine's verdict is not the pack's"
    yield ""
    if verdict.missing:
        names = ", ".join(f"`{each}`" for each in verdict.missing)
        yield f"These policies of the pack did not run in the preview: {names}."
        yield ""
    if verdict.unknown_packs:
        names = ", ".join(map(_cell, verdict.unknown_packs))
        yield f"These packs ran as well, and a pack can change what a program declares: {names}."
        yield ""
    if verdict.unreported:
        yield "This report runs the policies itself. The engine did not report what it found here:"
        yield ""
        yield from _breach_list(verdict.unreported)
    yield _CAUSES


_CAUSES = """What to do, for each possible cause:

- Another pack ran in place of this one: remove `plugins` and `packages` from Pulumi.yaml.
- A pack that the organisation requires ran, too: name it with `--known-pack`.
- Another version of the pack ran, or its policies were switched off: preview with this pack, and \
without `--policy-pack-config`.
- The report did not get the stack's tags: give it what `pulumi stack tag ls --json` prints, with \
`--tags`.
- A value that a policy reads is a secret, which a preview's log hides: write it as a plain value.
"""


def _cost_section(cost: StackCost, judged: bool) -> Iterator[str]:
    """What the jobs cost at most; of a preview that failed, only those that it came to."""
    yield "### Cost ceiling"
    yield ""
    if not cost.jobs:
        none = "The stack has no training job."
        yield none if judged else "Not known: the preview failed before it came to a training job."
        yield ""
        return
    yield "| job | at most | longest training | cost ceiling | allowed |"
    yield "|---|---|---|---:|---:|"
    yield from map(_job_row, cost.jobs)
    yield f"| **{_count(len(cost.jobs), 'job')}** | | | **{_ceiling(cost.jobs, cost.ceiling)}** | "\
          f"{_allowed(cost.allowed)} |"  # fmt: skip
    yield ""
    yield from _trials_section(cost)
    yield from _runs_section(cost)
    if not all(each.launches or each.recurring for each in cost.jobs):
        yield "The launch switch is off: nothing is launched, and nothing of this is spent yet."
    yield "Ceilings are at on-demand list prices, for all attempts on the most expensive fallback."
    yield ""


def _standing_section(resources: Sequence[Resource]) -> Iterator[str]:
    """What the stack costs a month while no job runs."""
    costs = standing_costs(resources)
    if not costs:
        return
    yield "### While no job runs"
    yield ""
    yield "| what | number | a month |"
    yield "|---|---:|---:|"
    for each in costs:
        number = _number(each.number, Unit.COUNT, "unknown")
        yield f"| {each.what} | {number} | {_usd(each.monthly)} |"
    yield f"| **together** | | **{_usd(together(costs))}** |"
    yield ""
    yield "AWS's list prices in us-east-1, as published in 2026. Ten alarms and three dashboards "\
          "of an account are free; they are counted here all the same."  # fmt: skip
    if by_use := [*billed_by_use(resources)]:
        yield f"Billed by use, and not in the sum: {'; '.join(by_use)}."
    yield ""


def _forecast_section(forecasts: Sequence[JobForecast]) -> Iterator[str]:
    """When the jobs end, and what they cost; nothing where no runtime is known."""
    if not forecasts:
        return
    yield "### Forecast"
    yield ""
    yield "| job | ends after (half / 9 of 10 runs) | within its limits | costs (half / 9 of 10) |"
    yield "|---|---|---|---:|"
    for each in forecasts:
        finish = each.planned.finish
        times = f"{duration(finish.at(50))} / {duration(finish.at(90))}"
        yield f"| {_cell(each.name)} | {times} | {within_limits(each)} | {costs(each)} |"
    yield ""
    if any(each.plan.trials for each in forecasts):
        yield "Trials that are stopped early make a tuning shorter and cheaper than its forecast."
    yield f"Interruptions on spot: {forecasts[0].rates.source}. `make forecast` shows more."
    yield ""


def _job_row(job: JobCost) -> str:
    longest = _number(job.seconds, Unit.SECONDS, "?")
    name, capacity = _cell(job.name), _cell(job.capacity)
    ceiling = _ceiling([job], job.ceiling)
    allowed = "no limit for one job" if job.allowed is None else _allowed(job.allowed)
    return f"| {name} | {capacity} | {longest} | {ceiling} | {allowed} |"


def _ceiling(jobs: Sequence[JobCost], value: float | None) -> str:
    """The ceiling of jobs; of those that run on training plans only, nothing more is billed."""
    return "prepaid" if value == 0 and all(each.prepaid for each in jobs) else _usd(value)


def _trials_section(cost: StackCost) -> Iterator[str]:
    """The worst case of the tuning jobs, which is their cost ceiling, and what it is made of."""
    tuned = [(each, each.trials) for each in cost.jobs if each.trials]
    if not tuned:
        return
    yield "#### Tuning jobs"
    yield ""
    yield "| job | trials | allowed | at once | a trial's longest | all trials' longest | "\
          "worst case | expected |"  # fmt: skip
    yield "|---|---:|---:|---:|---|---|---:|---:|"
    for job, trials in tuned:
        yield f"| {_cell(job.name)} | {_trials_row(job, trials)} |"
    yield ""
    yield "In the worst case all trials take their longest time, or as many as run at once take "\
          "the longest time of all trials, whichever is less. Expected is the worst case at what "\
          "spot is usually billed."  # fmt: skip
    yield ""


_RUNS_A_MONTH = {"weekly": 5, "daily": 31}
"""The most runs of a month, by how often a schedule starts one."""


def _runs_section(cost: StackCost) -> Iterator[str]:
    """What the runs of recurring jobs may cost a month; the stack does not know its schedule."""
    recurring = [each for each in cost.jobs if each.recurring]
    if not recurring:
        return
    yield "#### Recurring jobs"
    yield ""
    yield f"| job | one run | {' | '.join(f'a month, {often}' for often in _RUNS_A_MONTH)} |"
    yield f"|---|---:|{'---:|' * len(_RUNS_A_MONTH)}"
    for job in recurring:
        runs = (1, *_RUNS_A_MONTH.values())
        months = (None if job.ceiling is None else job.ceiling * each for each in runs)
        yield f"| {_cell(job.name)} | {' | '.join(_ceiling([job], each) for each in months)} |"
    yield ""
    most = " or ".join(f"{count} {often}" for often, count in _RUNS_A_MONTH.items())
    yield f"Ceilings of one run, and of the most runs of a month: {most} ones."
    if not all(each.launches for each in recurring):
        yield "Without a run, or while the launch switch is off, none is launched."
    yield ""


def _trials_row(job: JobCost, trials: TrialsCost) -> str:
    cells = (
        _number(trials.trials, Unit.COUNT, "unknown"),
        _number(trials.allowed, Unit.COUNT, "no limit"),
        _number(trials.at_once, Unit.COUNT, "unknown"),
        _number(job.seconds, Unit.SECONDS, "?"),
        _number(trials.longest, Unit.SECONDS, "no limit"),
        _ceiling([job], job.ceiling),
        _ceiling([job], trials.expected),
    )
    return " | ".join(cells)


def _number(value: float | None, unit: Unit, none: str) -> str:
    return none if value is None else amount(value, unit)


def _quota_section(quotas: Sequence[Usage], verdict: Verdict) -> Iterator[str]:
    """The limits of all jobs together, and what can't be counted, with or without a limit."""
    limited = [each for each in quotas if each.allowed is not None or each in verdict.over]
    if limited:
        yield "### Quotas of the stack"
        yield ""
        yield "| team | of | quota | asked | allowed |"
        yield "|---|---|---|---:|---:|"
        for each in limited:
            team = f"{each.owner.team or 'no team'} in {each.owner.environment or 'no environment'}"
            mark = " (over)" if each in verdict.over else ""
            yield (
                f"| {_cell(team)} | {_cell(each.scope)} | {each.what} | "
                f"{_quantity(each.used, each, 'unknown')}{mark} | "
                f"{_quantity(each.allowed, each, 'no limit')} |"
            )
        yield ""
    if verdict.passes and verdict.over:
        yield "A sum above its quota passes if it is exempted, or its policy is not mandatory."
        yield ""


def _quantity(value: float | None, usage: Usage, none: str) -> str:
    return _number(value, Unit.USD if usage.what in _MONEY else Unit.COUNT, none)


def _breach_section(breaches: Sequence[Breach]) -> Iterator[str]:
    for heading, listed in (
        ("Violations", [each for each in breaches if each.refuses]),
        ("Warnings", [each for each in breaches if not each.refuses]),
    ):
        if listed:
            yield f"### {heading}"
            yield ""
            yield from _breach_list(listed)
            yield ""


def _breach_list(breaches: Iterable[Breach]) -> Iterator[str]:
    for breach in sorted(breaches, key=lambda each: (each.policy, each.resource)):
        yield from _breach(breach)


def _breach(breach: Breach) -> Iterator[str]:
    severity = f", {breach.severity}" if breach.severity else ""
    yield f"- **{breach.policy}** on {_cell(breach.resource)}{severity}"
    yield ""
    yield from _quoted(breach.message, "  ")
    yield ""


def _error_section(errors: Sequence[str]) -> Iterator[str]:
    if errors:
        yield "### Errors"
        yield ""
        for error in errors:
            yield from _quoted(error)
            yield ""


def _change_section(preview: Preview) -> Iterator[str]:
    summary = ", ".join(f"{count} to {operation}" for operation, count in _ordered(preview))
    yield "### Resources"
    yield ""
    yield f"{summary or 'no change'}, {preview.unchanged} unchanged"
    yield ""
    if preview.changes:
        yield "<details><summary>each of them</summary>"
        yield ""
        yield from _quoted(
            "\n".join(
                f"{_MARKS.get(each.operation, each.operation)} {each.type} {each.name}"
                for each in preview.changes
            )
        )
        yield ""
        yield "</details>"


def _ordered(preview: Preview) -> Iterable[tuple[str, int]]:
    return sorted(preview.counts.items(), key=lambda each: [*_MARKS, each[0]].index(each[0]))


def _quoted(text: str, indent: str = "") -> Iterator[str]:
    """A text as it is: nothing in it is read as Markdown or HTML."""
    fence = "```"
    while fence in text:
        fence += "`"
    yield f"{indent}{fence}text"
    yield from (f"{indent}{line}" for line in text.splitlines())
    yield f"{indent}{fence}"


def _cell(text: str) -> str:
    """A text within a line, in which nothing is read as Markdown or HTML."""
    return f"`{text.replace('`', '').replace('|', '').replace(chr(10), ' ')}`"


def _usd(value: float | None) -> str:
    return _number(value, Unit.USD, "unknown")


def _allowed(value: float | None) -> str:
    return _number(value, Unit.USD, "no limit")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"

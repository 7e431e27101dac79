"""The page of a report: everything is in one file, and every text in it is escaped."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from components.training_job.request.cost import Cost
from components.training_job.run_report.charts import metric_chart, timeline_chart, trial_charts
from components.training_job.run_report.charts.svg import element, percent
from components.training_job.run_report.contents import RunReport, moment
from components.training_job.run_report.phases import PHASES, seconds_by_phase
from components.training_job.run_report.quantities import dollars, number, short_value, time_taken
from components.training_job.run_report.spending import Bar, Spending

MOST_TRIALS = 200
"""The rows of the table of trials; trials.json has all."""

_HERE = Path(__file__).parent
_BAR_HEIGHT = 14


def render(report: RunReport) -> str:
    """The page of a report."""
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "moment": moment,
        "time_taken": time_taken,
        "dollars": _cost,
        "number": number,
        "short_value": short_value,
        "code": _with_code,
    }
    totals = seconds_by_phase(span for row in report.rows for span in row.spans)
    return environment.get_template("report.html").render(
        report=report,
        style=Markup((_HERE / "report.css").read_text()),  # noqa: S704 - a file of this program
        phases=[each for each in PHASES if each in totals],
        legend=timeline_chart.legend(totals),
        timeline=timeline_chart.timeline,
        metric_chart=metric_chart.metric_chart,
        value_labels=metric_chart.value_labels,
        best_so_far=trial_charts.best_so_far,
        objectives=trial_charts.values_of,
        parallel_coordinates=trial_charts.parallel_coordinates,
        cost_bar=_cost_bar,
        most_trials=MOST_TRIALS,
    )


def _with_code(text: str) -> Markup:
    """A text in which what is between two backticks is code."""
    parts = text.split("`")
    return Markup("").join(
        element("code", part) if index % 2 else part for index, part in enumerate(parts)
    )


def _cost(cost: Cost) -> str:
    return cost if isinstance(cost, str) else dollars(cost)


def _cost_bar(bar: Bar, spending: Spending) -> Markup:
    """An amount as a bar as long as its share of the largest; nothing where it is not known."""
    if isinstance(bar.low, str) or isinstance(bar.high, str):
        return Markup("")
    largest = max(each.high for each in spending.bars if not isinstance(each.high, str))
    low, high = ((each / largest if largest else 0.0) for each in (bar.low, bar.high))
    class_ = "actual" if bar.is_actual else "foreseen"
    parts = [
        element("rect", x=0, width=percent(max(low, 0.006)), height=_BAR_HEIGHT, class_=class_)
    ]
    if high > low:
        place = {"x": percent(low), "width": percent(high - low)}
        parts.append(element("rect", height=_BAR_HEIGHT, class_="range", **place))
    return element(
        "svg", *parts, width="100%", height=_BAR_HEIGHT, aria_hidden="true", class_="chart"
    )

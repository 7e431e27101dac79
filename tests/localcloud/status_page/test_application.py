"""The status page as the server sends it, and as a browser shows it."""

from __future__ import annotations

import http.client
import json
import re
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from localcloud import status_page
from tests.browser import layout, shown
from tests.localcloud.cloud import BUCKET, Cloud, checkpoints
from tests.localcloud.sagemaker.tuning import tunings
from tests.localcloud.spot import SPOT, TWICE, begin, interrupt

HOSTILE = "<script>document.title='hostile'</script><img src=x onerror=alert(1)>"


def get(
    cloud: Cloud, path: str, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    port = cloud.server.port
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, f"/localcloud/{path}", headers=headers)
        answer = connection.getresponse()
        return answer.status, dict(answer.headers), answer.read()


def document(cloud: Cloud, path: str) -> Any:
    status, headers, body = get(cloud, path)
    assert (status, headers["Content-Type"]) == (200, "application/json")
    return json.loads(body)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("", "text/html; charset=utf-8"),
        ("status.js", "text/javascript; charset=utf-8"),
        ("charts.js", "text/javascript; charset=utf-8"),
        ("elements.js", "text/javascript; charset=utf-8"),
        ("status.css", "text/css; charset=utf-8"),
        ("status", "application/json"),
    ],
)
def test_the_page_loads_nothing_but_its_own_files(cloud: Cloud, path: str, kind: str):
    status, headers, body = get(cloud, path)

    assert (status, headers["Content-Type"]) == (200, kind)
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    others = set(re.findall(rb"https?://[\w.]+", body)) - {b"http://www.w3.org"}
    assert path == "status" or others == set()


@pytest.mark.parametrize("path", ["", "status", "status.js", "status/objects?bucket=x"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://example.com"},
        {"Host": "rebound.example.com"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_other_origins_see_nothing_of_it(cloud: Cloud, path: str, headers: dict[str, str]):
    status, _, body = get(cloud, path, **headers)

    assert status == 403
    assert b"other origins" in body or b"loopback only" in body


@pytest.mark.parametrize("path", ["../server.py", "%2e%2e/server.py", "application.py", "nothing"])
def test_no_other_file_is_sent(cloud: Cloud, path: str):
    status, _, body = get(cloud, path)

    assert status != 200
    assert b"import" not in body


def test_the_page_is_read_only(cloud: Cloud):
    assert get(cloud, "status", method="POST")[0] != 200
    assert get(cloud, "", method="DELETE")[0] != 200


def test_a_job_is_shown_with_its_timeline_log_and_objects(cloud: Cloud):
    run = cloud.request("print('loss=0.5'); open('/opt/ml/model/m', 'w').close()")
    run["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "loss", "Regex": "loss=(.*)"}]
    ended = cloud.run(**run)

    job = document(cloud, f"status/job?arn={ended['TrainingJobArn']}")

    assert [row["status"] for row in job["transitions"]] == [
        row["Status"] for row in ended["SecondaryStatusTransitions"]
    ]
    assert [(line["host"], line["message"]) for line in job["log"]] == [("algo-1", "loss=0.5")]
    assert [(each["name"], each["points"][0][1]) for each in job["metrics"]] == [("loss", 0.5)]
    [model] = job["objects"]["output"]
    assert model["key"] == f"output/{ended['TrainingJobName']}/output/model.tar.gz"
    assert model["bytes"] > 0
    listed = document(cloud, f"status/objects?bucket={BUCKET}&prefix={model['key']}")
    assert listed["objects"] == [model]
    summaries = document(cloud, "status")
    assert ended["TrainingJobArn"] in {each["arn"] for each in summaries["jobs"]}
    assert BUCKET in {each["name"] for each in summaries["buckets"]}


def test_what_does_not_exist_is_not_found(cloud: Cloud):
    assert get(cloud, "status/job?arn=missing")[0] == 404
    assert get(cloud, "status/tuning?arn=missing")[0] == 404
    assert get(cloud, "status/objects?bucket=missing")[0] == 404


@pytest.mark.deep
def test_a_browser_shows_jobs_timelines_curves_logs_and_objects(
    cloud: Cloud, browser: str, tmp_path: Path
):
    name = cloud.create(TWICE, **SPOT, CheckpointConfig=checkpoints("shown/"))
    begin(cloud, name)
    interrupt(cloud, name)
    interrupted = cloud.ended(name)
    script = f"for i in range(9): print(f'loss={{1 / (i + 1)}}')\nprint({HOSTILE!r})"
    run = cloud.request(script)
    run["AlgorithmSpecification"]["MetricDefinitions"] = [{"Name": "loss", "Regex": "loss=(.*)"}]
    measured = cloud.run(**run)
    address = f"{cloud.server.url}/localcloud/#"

    first = shown(
        browser, tmp_path, address + quote(f"job={interrupted['TrainingJobArn']}", safe="")
    )
    second = shown(browser, tmp_path, address + quote(f"job={measured['TrainingJobArn']}", safe=""))
    third = shown(browser, tmp_path, address + quote(f"bucket={BUCKET}", safe=""))

    assert f"<h3>{name}</h3>" in first
    assert re.search(r'<rect class="Interrupted"', first)
    assert "⚡" in first
    assert "shown/algo-1" in first
    assert "model.tar.gz" in first
    assert "<b>0.1111</b>" in second
    assert 'class="curve"' in second
    assert "&lt;script&gt;" in second
    assert "<title>Local cloud</title>" in second
    assert "onerror=alert(1)>" not in second
    assert f"<h3>{BUCKET}</h3>" in third
    assert "shown/algo-1" in third
    assert "doesn't answer" not in first + second + third
    for page in (first, second, third):
        fits_into_windows(browser, tmp_path, page)


@pytest.mark.deep
def test_a_browser_shows_a_tuning_job_with_its_trials_and_the_best(
    cloud: Cloud, browser: str, tmp_path: Path
):
    script = "import sys\nprint('loss=' + sys.argv[sys.argv.index('--rate') + 1])"
    name = "shown-tuning"
    request = tunings.request_of(
        cloud, name, script, **{f"{tunings.LIMITS}.MaxNumberOfTrainingJobs": 3}
    )
    cloud.sagemaker.create_hyper_parameter_tuning_job(**request)
    best = tunings.ended(cloud, name)["BestTrainingJob"]
    page = f"{cloud.server.url}/localcloud/#"
    arn = tunings.describe(cloud, name)["HyperParameterTuningJobArn"]

    first = shown(browser, tmp_path, page + quote(f"tuning={arn}", safe=""))
    second = shown(browser, tmp_path, page + quote(f"job={best['TrainingJobArn']}", safe=""))

    assert f"<h3>{name}</h3>" in first
    assert "minimize loss" in first
    assert "3 of 3, 0 running" in first
    assert first.count('title="shown-tuning-00') == 3
    (row,) = re.findall(r'<tr class="best">.*?</tr>', first)
    assert f'title="{best["TrainingJobName"]}"' in row
    assert 'class="end best"' in first
    # A trial is in the table of its tuning job, and leads back to it.
    assert f'class="name">{best["TrainingJobName"]}<' not in second
    assert f">{name}</button>" in second
    for each in (first, second):
        fits_into_windows(browser, tmp_path, each)


def fits_into_windows(browser: str, folder: Path, page: str) -> None:
    """Checks the page as it was shown, with its style in it: frames may not have the real one."""
    style = (Path(status_page.__file__).parent / "static" / "status.css").read_text()
    still = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    still = re.sub(r'<link rel="stylesheet"[^>]*>', lambda _: f"<style>{style}</style>", still)
    for width in (400, 1400):
        found = layout(browser, folder, still, width)
        assert found.content <= found.width <= width
        assert (found.outside, found.cut, found.overlapping) == ([], [], [])

"""Jobs as documents."""

from __future__ import annotations

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.sagemaker.jobs.records import Metric, TrainingJob, Transition, WarmPool

times = st.floats(0, 1e10)
text = st.text(max_size=8)
jobs = st.builds(
    TrainingJob,
    name=text,
    account=text,
    region=text,
    request=st.dictionaries(text, text | st.integers() | st.lists(text, max_size=3), max_size=3),
    created=times,
    modified=times,
    transitions=st.lists(st.builds(Transition, text, times, text, st.none() | times)).map(tuple),
    tags=st.dictionaries(text, text, max_size=3),
    metrics=st.lists(st.builds(Metric, text, times, times), max_size=3).map(tuple),
    warm_pool=st.none() | st.builds(WarmPool, times, times, times, text, text),
)


@settings(max_examples=30)
@given(jobs)
def test_a_job_comes_back_from_its_document_as_it_was(job: TrainingJob):
    assert TrainingJob.from_document(job.document()) == job


def test_a_document_that_lacks_what_was_added_later_is_read():
    names = {"name": "job", "account": "1", "region": "us-east-1"}
    moments = {"created": 1.0, "modified": 1.0}
    document: dict[str, object] = {
        **names,
        **moments,
        "request": {},
        "transitions": [],
        "metrics": [],
    }

    assert TrainingJob.from_document(json.loads(json.dumps(document))).tags == {}

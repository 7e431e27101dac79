"""The quotas of training instances."""

from __future__ import annotations

from localcloud.protocol.validation import service_model
from localcloud.sagemaker.jobs.instances import instance_types
from localcloud.sagemaker.jobs.quota_book import Quota, QuotaBook, quotas

PLACE = ("123456789012", "us-east-1")
TYPE = "ml.m5.large"


def test_a_forgotten_book_has_the_default_quotas(book: QuotaBook):
    quota = Quota(TYPE, "training job")

    book.forget()

    assert book.value(PLACE, quota) == quota.default == 100
    assert Quota(TYPE, "training warm pool").default == 0


def test_quotas_survive_a_restart(book: QuotaBook):
    again = QuotaBook()

    again.restore(book.state())

    assert again.state() == book.state() != []
    assert again.value(PLACE, Quota(TYPE, "training job")) == 4


def test_every_training_instance_type_has_three_quotas_with_codes_of_their_own():
    enumeration = service_model().shape_for("TrainingInstanceType").enum

    assert set(instance_types()) == set(enumeration)
    assert len(quotas()) == 3 * len(enumeration)

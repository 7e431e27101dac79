"""What happens to a request, in order: read this file first.

A handler answers a request itself, raises ServiceError to refuse it, or passes it to the handlers
after it, and may look at their answer. A service of the local cloud's own is added to the list of
`OwnServices`; what moto lacks or does wrong is corrected in `localcloud.corrections.corrections`.
"""

from __future__ import annotations

from collections.abc import Callable

from localcloud.handlers.absent_operations import refuse_absent
from localcloud.handlers.bodies import read_body
from localcloud.handlers.control_requests import ControlRequests
from localcloud.handlers.faults import Faults, Plan
from localcloud.handlers.guard import Guard
from localcloud.handlers.model_checks import check_model
from localcloud.handlers.moto import Moto
from localcloud.handlers.origins import refuse_other_origins
from localcloud.handlers.own_services import OwnServices
from localcloud.handlers.refusals import answer_errors
from localcloud.handlers.s3_checks import check_s3_request
from localcloud.handlers.s3_checksums import check_s3_checksums
from localcloud.handlers.s3_conditions import check_s3_conditions
from localcloud.handlers.s3_headers import check_s3_headers
from localcloud.handlers.s3_parts import read_s3_part
from localcloud.handlers.s3_public_access import check_s3_public_access
from localcloud.handlers.watch import Watch
from localcloud.protocol.requests import Handler
from localcloud.sagemaker.api.service import TrainingService
from localcloud.sagemaker.tuning.tuning_service import TuningService
from localcloud.services.chatbot import Chatbot
from localcloud.services.price_list import PriceList
from localcloud.services.service_quotas import ServiceQuotas
from localcloud.snapshots.gate import Gate
from localcloud.status_page.application import StatusPage


def request_path(
    training: TrainingService, tuning: TuningService, gate: Gate, changed: Callable[[], None]
) -> list[Handler]:
    """The handlers of a local cloud.

    `gate` is closed while a snapshot is taken, and `changed` is called after each request that may
    have changed data.
    """
    plan = Plan()
    return [
        answer_errors,  # of all handlers below
        read_body,
        Watch(gate, changed),
        refuse_other_origins,
        StatusPage(training, tuning),
        ControlRequests(training, tuning, plan),
        Faults(plan),
        Guard(training.sessions),
        OwnServices([tuning, training, ServiceQuotas(training.quotas), PriceList(), Chatbot()]),
        refuse_absent,
        check_s3_request,
        check_s3_checksums,
        check_s3_public_access,
        check_s3_headers,
        read_s3_part,
        check_s3_conditions,
        check_model,
        Moto(),
    ]

"""What operators do, over the bus."""

import json

import pytest

from shared.errors import PermanentError, Reason
from shared.event_decoding import decode_audited
from shared.events import encode_detail
from shared.log_id import is_log_id
from shared.operations import Stage
from tests.fakes.bodies import envelope, object_created
from tests.fakes.operations import an_operation, operation_body
from tests.fakes.outcomes import an_upload, body, copied


@pytest.mark.parametrize("stage", Stage)
def test_an_operation_survives_the_way_over_the_bus(stage: Stage) -> None:
    told = an_operation(stage=stage)

    assert decode_audited(operation_body(told)) == told


def test_the_audit_queue_holds_completions_and_operations_and_nothing_else() -> None:
    assert decode_audited(body(copied())) == copied()

    with pytest.raises(PermanentError, match="'Operation Started' from copytrail") as raised:
        decode_audited(object_created(an_upload()))
    assert raised.value.reason == Reason.UNSUPPORTED_EVENT


def test_an_operation_that_contradicts_itself_is_malformed() -> None:
    detail = json.loads(encode_detail(an_operation(stage=Stage.FAILED)))

    with pytest.raises(PermanentError, match="stage Failed came as 'Operation Started'"):
        decode_audited(envelope("copytrail", "Operation Started", detail))


def test_each_stage_has_a_log_id_of_its_own() -> None:
    log_ids = {an_operation(stage=stage).log_id for stage in Stage}

    assert len(log_ids) == len(Stage)
    assert all(map(is_log_id, log_ids))
    assert an_operation().log_id == an_operation(counts={}).log_id

"""Checks of what must hold when all is quiet."""

from services.copier.model import Location
from shared.audit_log.record import Record
from shared.event_decoding import decode_audited, decode_request
from shared.events import Outcome
from tests.simulation.history import DESTINATION, SOURCE
from tests.simulation.system import System
from tests.simulation.witness import Asked, request_log_id, told


def at_rest(system: System) -> None:
    """Tell the witness of everything that does not hold."""
    records = [Record.from_item(item) for item in system.table.items.values()]
    every_upload_is_accounted_for(system, records)
    the_destination_holds_the_newest_upload(system)
    no_upload_in_parts_is_left_open(system)
    records_are_what_they_say(system, records)


def every_upload_is_accounted_for(system: System, records: list[Record]) -> None:
    """Each upload and each request has its one record; or has failed records, or a dead letter."""
    failed = {_identity(record) for record in records if record.outcome == Outcome.FAILED}
    dead = {request_log_id(decode_request(letter.body)) for letter in system.copier.queue.letters}
    dead |= {decode_audited(letter.body).log_id for letter in system.auditor.queue.letters}
    succeeded = {record.log_id for record in records if record.outcome != Outcome.FAILED}
    for log_id, asked in system.witness.asked.items():
        upload = asked.request.upload
        identity = (upload.key, upload.version_id, upload.etag, upload.sequencer)
        if log_id not in succeeded | dead and identity not in failed:
            system.witness.violated(f"{_named(asked)} has no record and no dead letter")


def the_destination_holds_the_newest_upload(system: System) -> None:
    """Bytes, metadata and tags of the newest upload are there, if the source still has it and it is in no DLQ."""
    witness = system.witness
    waiting = {request_log_id(decode_request(letter.body)) for letter in system.copier.queue.letters}
    excused = {(asked.key, asked.place) for log_id, asked in witness.asked.items() if log_id in waiting}
    # Two deliveries of one message at a time, one acknowledged while the other steps back and dies: nobody is left to
    # heal it. A visibility timeout of six function timeouts keeps that from happening; docs/reliability.md says so.
    owed = {letter.message_id for letter in system.copier.queue.letters} | witness.gone
    for location, newest in system.s3.objects.items():
        key = location.key
        if location.bucket != SOURCE:
            continue
        if (key, newest.place) in excused or any(s.key == key and s.message_id in owed for s in witness.step_backs):
            continue
        held = system.s3.objects.get(Location(DESTINATION, key))
        wanted = (newest.body, newest.metadata, newest.tags)
        if held is None or (held.body, held.metadata, held.tags) != wanted:
            witness.violated(f"the destination {key} ends with {told(held)}, and the newest upload is {told(newest)}")


def no_upload_in_parts_is_left_open(system: System) -> None:
    """But those of a crashed copier, of a call that was never answered, of a dead letter that may be replayed."""
    continued = {decode_request(letter.body).continuation for letter in system.copier.queue.letters}
    kept = {continuation.upload_id for continuation in continued if continuation}
    for upload_id in system.s3.open_uploads.keys() - system.s3.excused - kept:
        system.witness.violated(f"the multipart {upload_id} is left open")


def records_are_what_they_say(system: System, records: list[Record]) -> None:
    """Each record is of something asked for, and no LogID but a failure's stands for two."""
    for record in records:
        asked = system.witness.asked.get(record.log_id)
        if record.outcome == Outcome.FAILED:
            continue
        if asked is None:
            system.witness.violated(f"the record {record.log_id} is of nothing that was asked for")
        elif (asked.request.upload.etag, asked.request.upload.sequencer) != (record.source_etag, record.sequencer):
            system.witness.violated(f"the record {record.log_id} stands for another upload than its LogID")


def _identity(record: Record) -> tuple[str, str | None, str, str | None]:
    return record.object_key, record.source_version_id, record.source_etag, record.sequencer


def _named(asked: Asked) -> str:
    return f"upload #{asked.place} of {asked.key} ({asked.request.request_id or 'event'})"

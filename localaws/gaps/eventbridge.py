"""EventBridge: how entries are accepted, and how an event gets from a bus to a queue, or to the DLQ of a target.

moto builds the message from a text template (`<id>` in a key is replaced, the account is missing), ignores disabled
rules and the targets' dead-letter queues, lets one bad entry or one missing queue fail the whole call, and forwards an
event to another bus as if it had begun there.
"""

import copy
import json
import logging
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from moto.events.models import EventsBackend, Rule, events_backends
from moto.sqs.exceptions import QueueDoesNotExist
from moto.sqs.models import sqs_backends
from moto.utilities.arns import parse_arn

from localaws.gaps.patching import Patch, around

_MOST_ENTRIES = 10
# A target that has one of these gets a text of its own, which moto makes well enough.
_TRANSFORMED = {"Input", "InputPath", "InputTransformer"}

# "Using dead-letter queues to process undelivered events", EventBridge user guide.
_ERROR_CODES = {QueueDoesNotExist: "NO_RESOURCE", PermissionError: "NO_PERMISSIONS"}

_log = logging.getLogger(__name__)


def patches() -> Iterator[Patch]:
    """Replace how moto takes entries, and how a rule sends to its targets."""
    yield around(EventsBackend, "put_events", _checking_each_entry)
    yield around(Rule, "send_to_targets", _to_each_target)


def publish(event: dict[str, Any], *, bus: str, account_id: str = "", region: str = "") -> None:
    """Give a complete event to every rule of a bus; a missing bus drops it.

    Args:
        event: from which account and region it is, it tells itself.
        bus: by its name.
        account_id: the bus's; empty: the event's own.
        region: likewise.

    Source: "Handling failures with PutEvents", EventBridge user guide.
    """
    event_bus = events_backends[account_id or event["account"]][region or event["region"]].event_buses.get(bus)
    for rule in list(event_bus.rules.values()) if event_bus else []:
        rule.send_to_targets(cast(Any, copy.deepcopy(event)))


def to_text(moment: datetime) -> str:
    """A moment as events write it: whole seconds, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _checking_each_entry(
    original: Callable[..., Any], self: EventsBackend, events: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    if len(events) > _MOST_ENTRIES:
        return list(original(self, events))  # which refuses it
    return [_put(self, entry) for entry in events]


def _put(backend: EventsBackend, entry: dict[str, Any]) -> dict[str, Any]:
    if refusal := _refusal(entry):
        return refusal
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "account": backend.account_id,
        "time": _time(entry.get("Time")),
        "region": backend.region_name,
        "resources": entry.get("Resources", []),
        "detail": json.loads(entry["Detail"]),
    }
    publish(event, bus=entry.get("EventBusName", "default").rpartition("/")[2])
    return {"EventId": event["id"]}


def _refusal(entry: dict[str, Any]) -> dict[str, str] | None:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            reason = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": reason}
    if entry["Source"].startswith("aws."):
        reason = "Not authorized for the source."
        return {"ErrorCode": "NotAuthorizedForSourceException", "ErrorMessage": reason}
    try:
        well_formed = isinstance(json.loads(entry["Detail"]), dict)
    except ValueError:
        well_formed = False
    return None if well_formed else {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}


def _time(given: Any) -> str:
    # The JSON protocol writes timestamps as seconds since 1970.
    return to_text(datetime.fromtimestamp(float(given), UTC) if given is not None else datetime.now(UTC))


def _to_each_target(
    original: Callable[..., Any], self: Rule, original_event: Any, transform_input: bool = True
) -> None:
    if self.state != "ENABLED" or not self.event_pattern.matches_event(original_event):
        return
    for target in list(self.targets):
        try:
            arn = parse_arn(target["Arn"])
            if arn.service == "sqs" and not target.keys() & _TRANSFORMED:
                group_id = target.get("SqsParameters", {}).get("MessageGroupId")
                _or_dead_letter(
                    self, target, original_event, partial(_send, target["Arn"], json.dumps(original_event), group_id)
                )
            elif arn.service == "events" and arn.resource_type == "event-bus":
                _or_dead_letter(self, target, original_event, partial(_forward, original_event, self.account_id, arn))
            else:
                original(_WithOneTarget(self, target), original_event, transform_input)
        except Exception:  # noqa: BLE001 - one target's failure is neither the publisher's nor another target's
            _log.exception("rule %s could not reach %s", self.name, target["Arn"])


def _forward(event: dict[str, Any], sender: str, bus: Any) -> None:
    """Give the event as it is to another bus; one of another account takes what its policy lets in.

    Source: "Sending and receiving events between AWS accounts", EventBridge user guide.
    """
    if sender != bus.account:
        there = events_backends[bus.account][bus.region].event_buses[bus.resource_id]
        if not any(_lets_in(statement.describe(), event, sender) for statement in there._statements.values()):
            raise PermissionError(f"the policy of {there.arn} does not let {sender} in")
    publish(event, bus=bus.resource_id, account_id=bus.account, region=bus.region)


def _lets_in(statement: dict[str, Any], event: dict[str, Any], sender: str) -> bool:
    asked = {"events:source": event["source"], "events:detail-type": event["detail-type"]}
    conditions = statement.get("Condition", {}).get("ForAllValues:StringEquals", {})
    return statement["Principal"]["AWS"].split(":")[4] == sender and all(
        asked[key] in (values if isinstance(values, list) else [values]) for key, values in conditions.items()
    )


class _WithOneTarget:
    """A rule as moto's own delivery sees it."""

    def __init__(self, rule: Rule, target: dict[str, Any]) -> None:
        self._rule = rule
        self.targets = [target]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rule, name)


def _or_dead_letter(rule: Rule, target: dict[str, Any], event: dict[str, Any], deliver: Callable[[], None]) -> None:
    try:
        deliver()
    except Exception as error:
        dead_letter_arn = target.get("DeadLetterConfig", {}).get("Arn")
        if dead_letter_arn is None:
            raise
        reasons = {
            "RULE_ARN": rule.arn,
            "TARGET_ARN": target["Arn"],
            "ERROR_CODE": next(
                (code for kind, code in _ERROR_CODES.items() if isinstance(error, kind)), "INVALID_PARAMETER"
            ),
            "ERROR_MESSAGE": str(getattr(error, "message", "") or error),
            "RETRY_ATTEMPTS": "0",
        }
        attributes = {name: {"DataType": "String", "StringValue": value} for name, value in reasons.items()}
        _send(dead_letter_arn, json.dumps(event), None, attributes)


def _send(queue_arn: str, body: str, group_id: str | None, attributes: dict[str, Any] | None = None) -> None:
    arn = parse_arn(queue_arn)
    sqs_backends[arn.account][arn.region].send_message(
        queue_name=arn.resource_id, message_body=body, message_attributes=attributes, group_id=group_id
    )

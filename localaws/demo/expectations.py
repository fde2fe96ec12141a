"""Owns what a record, a copy and the dead letters must be like. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from localaws.demo.samples import Sample

_PROPERTIES = (
    *("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentLength", "ContentType"),
    *("ExpiresString", "Metadata"),
)
_EXPLANATION = {"LogID", "Reason", "Message"}


def misfits(sample: Sample, record: Mapping[str, Any]) -> Iterator[str]:
    """What a sample's record says that it must not: another outcome, another reason, or none."""
    outcome, reason = record["Outcome"], record.get("Reason")
    if outcome not in _right_outcomes(sample):
        yield f"{outcome} ({reason}) instead of {' or '.join(_right_outcomes(sample))}"
    elif outcome != "Copied" and reason != sample.reason:
        yield f"{outcome} because of {reason} instead of {sample.reason}"
    if outcome != "Copied" and not (reason and record.get("Message")):
        yield f"{outcome} without a reason and a message"


def unlike(original: Mapping[str, Any], copy: Mapping[str, Any]) -> Iterator[str]:
    """In which properties a copy differs from what was uploaded."""
    for name in _PROPERTIES:
        if original.get(name) != copy.get(name):
            yield f"{name} is {copy.get(name)!r} instead of {original.get(name)!r}"


def letter_problems(letters: Sequence[Mapping[str, Any]], failed: Iterable[str]) -> Iterator[str]:
    """What is wrong between all messages of the copy DLQ and the LogIDs of the failed records: one for each."""
    attributes = [letter.get("MessageAttributes", {}) for letter in letters]
    explained = Counter(each["LogID"]["StringValue"] for each in attributes if each.keys() >= _EXPLANATION)
    expected = Counter(failed)
    if unexplained := len(letters) - explained.total():
        yield f"{unexplained} of {len(letters)} dead letters do not say why they are there"
    if surplus := explained - expected:
        yield f"dead letters without a failed record: {sorted(surplus)}"
    if missing := expected - explained:
        yield f"failed records without an explained dead letter: {sorted(missing)}"


def _right_outcomes(sample: Sample) -> tuple[str, ...]:
    if sample.copied is None:
        return ("Copied", "Skipped")
    return ("Copied",) if sample.copied else ("Failed",)

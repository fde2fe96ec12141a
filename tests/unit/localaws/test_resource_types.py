"""Types of resources: made, passed over, or refused by name."""

import pytest

from localaws.models.resource_types import INERT, MOTO, OURS, UnsupportedResourceError, check


def test_a_type_that_nobody_decided_about_is_named_with_its_resource() -> None:
    resources = {"Known": {"Type": "AWS::SQS::Queue"}, "Door": {"Type": "AWS::EC2::Instance"}}
    with pytest.raises(UnsupportedResourceError, match=r"AWS::EC2::Instance \(resource Door\)") as caught:
        check({"Resources": resources})
    assert (caught.value.logical_id, caught.value.resource_type) == ("Door", "AWS::EC2::Instance")


def test_every_type_has_one_decision() -> None:
    assert not MOTO & OURS.keys()
    assert not MOTO & INERT.keys()
    assert not OURS.keys() & INERT.keys()


def test_whatever_does_nothing_has_a_reason() -> None:
    assert all(reason for reason in INERT.values())

"""What a check finds is one line for each problem; what it may not see is never fine."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError

from ops.doctor.check import Check, Problem, Result, make
from ops.errors import IncompleteError, UsageError
from ops.stack import Stack
from shared.lambda_runtime.aws import translated


def refused(code: str) -> Check:
    def problems() -> Iterator[Problem]:
        with translated("events:DescribeRule", "rule"):
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "DescribeRule")
        yield Problem("never", "never")

    return Check("rule", problems)


def test_each_problem_is_a_finding_and_none_is_fine() -> None:
    found = list(
        make([Check("a", list), Check("b", lambda: [Problem("x", "do x"), Problem("y", "do y")])], Stack("mine").typed)
    )
    assert [finding.state for finding in found] == [Result.FINE, Result.WRONG, Result.WRONG]
    assert [str(finding) for finding in found] == ["a", "b: x: `do x`", "b: y: `do y`"]


def test_what_only_a_deployment_mends_names_the_stack_so_that_no_other_is_deployed() -> None:
    [finding] = make([Check("a", lambda: [Problem("it is not there")])], Stack("mine").typed)
    assert str(finding) == "a: it is not there: `make deploy ARGS='--revert-drift mine'`"


def test_what_is_refused_is_told_and_stops_nobody() -> None:
    found = list(make([refused("AccessDeniedException"), Check("b", list)], Stack("mine").typed))
    assert [finding.state for finding in found] == [Result.UNKNOWN, Result.FINE]
    assert str(found[0]).startswith("rule: could not look: AccessDenied")


def test_letters_that_somebody_else_holds_leave_it_unknown() -> None:
    def problems() -> list[Problem]:
        raise IncompleteError("2 letters cannot be seen")

    [finding] = make([Check("letters", problems)], Stack("mine").typed)
    assert (finding.state, finding.message) == (Result.UNKNOWN, "2 letters cannot be seen")


def test_credentials_that_do_not_work_end_it() -> None:
    with pytest.raises(UsageError, match="credentials"):
        list(make([refused("ExpiredToken")], Stack("mine").typed))


def test_a_bug_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        list(make([Check("a", lambda: [Problem(str(1 // 0), "")])], Stack("mine").typed))

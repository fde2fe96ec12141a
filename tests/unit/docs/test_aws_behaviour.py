"""What the page says of AWS's behaviour is what the rules say, which `make test-second-aws` asks two AWSs."""

from collections import Counter

from tests.second_aws.page import PAGE, RULES, page, right


def test_the_page_is_what_the_rules_say() -> None:
    assert PAGE.read_text() == page(), "run `make docs`"


def test_each_rule_has_a_name_of_its_own_and_an_answer_that_is_not_that_of_aws_only_where_it_differs() -> None:
    assert [name for name, number in Counter(rule.name for rule in RULES).items() if number > 1] == []
    assert [rule.name for rule in RULES if rule.aws in (rule.embedded, rule.second)] == []


def test_what_rests_on_one_aws_only_is_listed() -> None:
    listed, _, _ = page().partition("\n## S3\n")
    assert [rule.name for rule in RULES if right(rule) != "both" and f"{rule.says}." not in listed] == []

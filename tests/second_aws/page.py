"""The writer of `docs/aws-behaviour.md`: every rule of AWS's that our code depends on, and who keeps it.

python -m tests.second_aws.page
"""

from collections.abc import Iterable, Iterator

from infra.bundling import ROOT
from tests.second_aws import event_rules, queue_and_table_rules, s3_properties, s3_writes
from tests.second_aws.rules import Rule

RULES = [
    rule
    for module in (s3_writes, s3_properties, event_rules, queue_and_table_rules)
    for rule in vars(module).values()
    if isinstance(rule, Rule)
]
PAGE = ROOT / "docs" / "aws-behaviour.md"

_HEAD = """\
# What we take AWS to do

Each rule of AWS's that copytrail's code depends on, the page of AWS's that states it, and whether two emulations of AWS
that know nothing of each other keep it: the embedded AWS (moto, with the gaps closed that `localaws/gaps` lists), on
which `make test` runs, and ministack, on which `make test-second-aws` puts the same template up.

`tests/second_aws` asks both a small question for each rule, and compares the answers with what is written here: a row
changes only together with one of the two. `make docs` writes this page out of those questions. In a row, an answer is
shown where it is not that of AWS; *right* is who answers as AWS's page says.
"""
_ONE = """
## What rests on one of them only

Where just one keeps a rule, what rests on it is proven on that one alone; where neither does, on neither. It then
stands on AWS's page, and on what keeps the rule in unit tests and the simulator.
"""
_UNASKED = """
## What no question asks

No question could show these within the time that a test may take, or at all. They rest on AWS's pages alone.

- S3 copies no more than [5 GB in one request](https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html), and
  takes [10,000 parts of at most 5 GiB](https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html). The embedded
  AWS refuses more than 5 GiB in one request, and its tests lower that number.
- SQS deletes what has waited longer than the queue's
  [retention](https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html)
  without dead-lettering it.
- Changes of permissions take effect
  [some time later](https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html).
- Events come [at least once, in any order](https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html).
  Both tell of each upload once, and at once. `make simulate` delivers them twice, late and in other orders.
- Indexes of DynamoDB are
  [eventually consistent](https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html), and services
  answer with 429, 500 and 503: `tests/pipeline` injects such answers.
"""


def page() -> str:
    """The page, as Markdown."""
    services = list(dict.fromkeys(rule.service for rule in RULES))
    tables = ["\n".join(_table(service, [rule for rule in RULES if rule.service == service])) for service in services]
    return "\n".join([_HEAD + _ONE, *_on_one_only(), *tables, _UNASKED.removeprefix("\n")])


def right(rule: Rule) -> str:
    """Who answers as AWS's page says."""
    embedded, second = rule.embedded is None, rule.second is None
    if embedded and second:
        return "both"
    return "the embedded AWS" if embedded else "ministack" if second else "neither"


def _on_one_only() -> Iterator[str]:
    for who in ("the embedded AWS", "ministack", "neither"):
        rests: dict[str, list[Rule]] = {}
        for rule in (rule for rule in RULES if right(rule) == who):
            rests.setdefault(rule.rests, []).append(rule)
        if rests:
            yield f"Proven on {who}{'' if who == 'neither' else ' alone'}:\n"
            yield from (f"- {what}. {'. '.join(rule.says for rule in rules)}." for what, rules in rests.items())
            yield ""


def _table(service: str, rules: Iterable[Rule]) -> Iterator[str]:
    yield f"## {service}\n"
    yield "| rule | what rests on it | embedded AWS | ministack | right |"
    yield "|---|---|---|---|---|"
    for rule in rules:
        answers = ("as AWS" if answer is None else f"`{answer}`" for answer in (rule.embedded, rule.second))
        yield f"| {_linked(rule)} | {rule.rests} | {' | '.join(answers)} | {right(rule)} |"
    yield ""


def _linked(rule: Rule) -> str:
    return f"[{rule.says}](https://docs.aws.amazon.com/{rule.page})"


if __name__ == "__main__":
    PAGE.write_text(page())

"""AWS's rules for the names in cdk.json, as types: each takes what AWS takes, and says what is wrong with the rest."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

NO_UNICODE = r"holds half of a character (an escape from \ud800 to \udfff without the other half): no key has one"


def _rule(problem_with: Callable[[str], str | None]) -> AfterValidator:
    """A rule for a text, by a function that tells what is wrong with it, or None."""

    def check(text: str) -> str:
        if problem := problem_with(text):
            # A repr has escapes for what would not be seen.
            raise ValueError(f"is {text!r}: {problem}")
        return text

    return AfterValidator(check)


def _matching(pattern: str, rule: str) -> AfterValidator:
    compiled = re.compile(pattern)
    return _rule(lambda text: None if compiled.fullmatch(text) else rule)


_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def _not_reserved(name: str) -> str | None:
    if reserved := next((prefix for prefix in _RESERVED_PREFIXES if name.startswith(prefix)), None):
        return f"names that begin with {reserved} are reserved"
    if reserved := next((suffix for suffix in _RESERVED_SUFFIXES if name.endswith(suffix)), None):
        return f"names that end with {reserved} are reserved"
    return None


# What XML cannot hold is cut out of S3's answers, and the rest moves a terminal's cursor.
_NO_KEY_HAS = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")


def _can_be_listed(text: str) -> str | None:
    if found := _NO_KEY_HAS.search(text):
        return f"it holds the character U+{ord(found[0]):04X}, which S3's own listings cannot show: leave it out"
    return None


def _no_dot_segments(text: str) -> str | None:
    if {".", ".."} & set(text.split("/")):
        return "a segment '.' or '..' would be taken for a place in a folder, and cut out of URLs: leave it out"
    return None


def _parts_of_keys(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
        raise ValueError('must be a list of texts that are not empty, such as ["a", "b"]')
    if any("\ud800" <= character <= "\udfff" for text in value for character in text):
        raise ValueError(NO_UNICODE)
    problems = ["names the same text twice"] if len(set(value)) < len(value) else []
    problems += [f"has {text!r}: {problem}" for text in value if (problem := _can_be_listed(text))]
    if problems:
        raise ValueError(*problems)
    return tuple(value)


# What all services take that copytrail tags ("Tag naming limits and requirements", AWS tagging user guide).
_TAG = re.compile(r"[\w .:/=+@-]*")
_LONGEST_TAG_KEY, _LONGEST_TAG_VALUE = 128, 256
# S3 and CloudFormation take 50; CloudFormation adds three of its own to resources.
_MOST_TAGS = 40


def _tags(value: object) -> Mapping[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise ValueError('must be an object of texts, such as {"team": "storage"}')
    problems = [f"has {len(value)} tags: {_MOST_TAGS} at most"] if len(value) > _MOST_TAGS else []
    for key, text in value.items():
        problems += [f"has {key!r}: {problem}" for problem in _tag_problems(key, text)]
    # IAM takes no two that differ in their case only.
    if len({key.casefold() for key in value}) < len(value):
        problems.append("names the same tag twice, in upper and lower case")
    if problems:
        raise ValueError(*problems)
    return value


def _tag_problems(key: str, text: str) -> Iterator[str]:
    if not (1 <= len(key) <= _LONGEST_TAG_KEY and 1 <= len(text) <= _LONGEST_TAG_VALUE):
        yield f"a tag's name has 1 to {_LONGEST_TAG_KEY} characters, its value 1 to {_LONGEST_TAG_VALUE}"
    if not (_TAG.fullmatch(key) and _TAG.fullmatch(text)):
        yield "a tag is made of letters, digits, spaces and characters of _.:/=+-@"
    if key.casefold().startswith("aws:"):
        yield "names that begin with aws: are reserved"


Text = Annotated[str, Field(min_length=1)]

# Source of each: the resource's page in the CloudFormation template reference.
StackName = Annotated[
    Text,
    _matching(r"[A-Za-z][A-Za-z0-9-]{0,127}", "a stack name is 1 to 128 letters, digits and hyphens, a letter first"),
]
FunctionName = Annotated[
    Text, _matching(r"[A-Za-z0-9_-]{1,64}", "a function name is 1 to 64 letters, digits, hyphens and underscores")
]
RoleName = Annotated[
    Text, _matching(r"[\w+=,.@-]{1,64}", "a role name is 1 to 64 letters, digits and characters of _+=,.@-")
]
# Of a role, never of its sessions: that is what a condition on who asks compares.
RoleArn = Annotated[
    Text,
    _matching(
        r"arn:aws[a-z-]*:iam::[0-9]{12}:role/([\w+=,.@/-]+/)?[\w+=,.@-]{1,64}",
        "a role ARN looks like arn:aws:iam::ACCOUNT:role/NAME",
    ),
]
TableName = Annotated[
    Text, _matching(r"[A-Za-z0-9_.-]{3,255}", "a table name is 3 to 255 letters, digits and characters of _.-")
]
AccountId = Annotated[Text, _matching(r"[0-9]{12}", "an account id is 12 digits")]
TopicArn = Annotated[
    Text,
    _matching(
        r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}",
        "a topic ARN looks like arn:aws:sns:REGION:ACCOUNT:NAME",
    ),
]
EmailAddress = Annotated[Text, _matching(r"[^@\s]+@[^@\s]+\.[^@\s.]+", "an e-mail address looks like ops@example.com")]
# "MetricsConfiguration", S3 API reference.
MetricsId = Annotated[
    Text,
    _matching(r"[A-Za-z0-9._-]{1,64}", "the id of request metrics is 1 to 64 letters, digits and characters of ._-"),
]
# A key's alias would not do: permissions on a key name the key itself.
KmsKeyArn = Annotated[
    Text,
    _matching(
        r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,128}",
        "a key ARN looks like arn:aws:kms:REGION:ACCOUNT:key/ID",
    ),
]
# Source: "General purpose bucket naming rules", S3 user guide.
BucketName = Annotated[
    Text,
    _matching(
        r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
        "a bucket name is 3 to 63 lower-case letters, digits, dots and hyphens, a letter or digit first and last",
    ),
    _matching(r"(?!.*\.\.).*", "a bucket name has no two dots side by side"),
    _matching(r"(?!\d+\.\d+\.\d+\.\d+$).*", "a bucket name is not written as an IP address"),
    _rule(_not_reserved),
]
DestinationPrefix = Annotated[Text, _rule(_no_dot_segments), _rule(_can_be_listed)]
# Texts that keys begin or end with, none of them twice.
PartsOfKeys = Annotated[tuple[str, ...], BeforeValidator(_parts_of_keys)]
# Tags by their names.
Tags = Annotated[Mapping[str, str], BeforeValidator(_tags)]

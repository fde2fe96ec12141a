"""Owns AWS's rules for the names that a person may choose."""

import re
from collections.abc import Callable

# What is wrong with a name, as a sentence about such names; None when nothing is.
NameRule = Callable[[str], str | None]


def _matching(pattern: str, rule: str) -> NameRule:
    compiled = re.compile(pattern)
    return lambda name: None if compiled.fullmatch(name) else rule


# Source of each: the resource's page in the CloudFormation template reference.
STACK_NAME = _matching(
    r"[A-Za-z][A-Za-z0-9-]{0,127}", "a stack name is 1 to 128 letters, digits and hyphens, a letter first"
)
FUNCTION_NAME = _matching(r"[A-Za-z0-9_-]{1,64}", "a function name is 1 to 64 letters, digits, hyphens and underscores")
ROLE_NAME = _matching(r"[\w+=,.@-]{1,64}", "a role name is 1 to 64 letters, digits and characters of _+=,.@-")
TABLE_NAME = _matching(r"[A-Za-z0-9_.-]{3,255}", "a table name is 3 to 255 letters, digits and characters of _.-")
ALIAS = _matching(r"[A-Za-z][A-Za-z0-9_-]{0,30}", "an alias is 1 to 31 letters, digits, _ and -, a letter first")
ACCOUNT_ID = _matching(r"[0-9]{12}", "an account id is 12 digits")
TOPIC_ARN = _matching(
    r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}",
    "a topic ARN looks like arn:aws:sns:REGION:ACCOUNT:NAME",
)
# An alias would not do: permissions on a key name the key itself.
KMS_KEY_ARN = _matching(
    r"arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]{1,128}",
    "a key ARN looks like arn:aws:kms:REGION:ACCOUNT:key/ID",
)


def bus_name(name: str) -> str | None:
    """What is wrong with the name of a custom event bus."""
    if not re.fullmatch(r"[A-Za-z0-9_.-]{1,256}", name):
        return "a bus name is 1 to 256 letters, digits and characters of _.-"
    if name == "default":
        return "the default bus is there already and cannot be created"
    return None


# What XML cannot hold is cut out of S3's answers, and the rest moves a terminal's cursor.
_NO_KEY_HAS = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")


def part_of_a_key(text: str) -> str | None:
    """What is wrong with a text that keys are to begin or end with."""
    if found := _NO_KEY_HAS.search(text):
        return f"it holds the character U+{ord(found[0]):04X}, which S3's own listings cannot show: leave it out"
    return None


def destination_prefix(text: str) -> str | None:
    """What is wrong with a text that is put in front of keys."""
    if {".", ".."} & set(text.split("/")):
        return "a segment '.' or '..' would be taken for a place in a folder, and cut out of URLs: leave it out"
    return part_of_a_key(text)


_RESERVED_PREFIXES = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_SUFFIXES = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


def bucket_name(name: str) -> str | None:
    """What is wrong with the name of a general purpose bucket.

    Source: "General purpose bucket naming rules", S3 user guide.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", name):
        return "a bucket name is 3 to 63 lower-case letters, digits, dots and hyphens, a letter or digit first and last"
    if ".." in name:
        return "a bucket name has no two dots side by side"
    if re.fullmatch(r"\d+\.\d+\.\d+\.\d+", name):
        return "a bucket name is not written as an IP address"
    if reserved := next((prefix for prefix in _RESERVED_PREFIXES if name.startswith(prefix)), None):
        return f"names that begin with {reserved} are reserved"
    if reserved := next((suffix for suffix in _RESERVED_SUFFIXES if name.endswith(suffix)), None):
        return f"names that end with {reserved} are reserved"
    return None

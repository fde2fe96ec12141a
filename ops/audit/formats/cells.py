"""Owns how text is written into a cell that a spreadsheet must not take for a formula.

An apostrophe is put in front of what a spreadsheet could calculate, wherever it could see a cell begin: at the start,
and after a semicolon, a tab or a line break, which end a cell or a row where the separator was guessed wrong. Text that
has an apostrophe there already gets another one: taking one away at each such place gives the exact text back.

Source: "CSV Injection", OWASP; "V1.2 Injection Prevention", OWASP ASVS.
"""

import re

# = + - @, and what programs or input methods take for them: full width, small, superscript, subscript, minus.
_CALCULATES = "=+\\-@＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋−"  # noqa: RUF001 - they look alike: that is the danger
# What a spreadsheet, or a person who pastes, may drop from the front: blanks, quotes, and what is not seen.
_DROPPED = '\\s\\x00-\\x1f\\x7f"`“”„«»‘’‚\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff'  # noqa: RUF001
_DANGEROUS = re.compile(rf"(?:\A|(?<=[;\t\r\n]))(?=['\x00-\x1f\x7f]|[{_DROPPED}]*[{_CALCULATES}])")


def spreadsheet_safe(text: str) -> str:
    """The text, with apostrophes where a spreadsheet could see a formula begin."""
    # Nearly every text: found out fast.
    if text[:1].isalnum() and ";" not in text and text.isprintable():
        return text
    return _DANGEROUS.sub("'", text)

"""An object in cdk.json, and the rules for numbers and words in it."""

from typing import Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic.alias_generators import to_camel


def between(minimum: int, maximum: int, because: str = "") -> AfterValidator:
    """A whole number within these limits, and why there are any."""

    def check(value: int) -> int:
        if not minimum <= value <= maximum:
            raise ValueError(f"is {value:,}: it must be from {minimum:,} to {maximum:,}{because}")
        return value

    return AfterValidator(check)


def one_of(*choices: str | int) -> BeforeValidator:
    """One of these words or numbers."""

    # A Literal would not do: Literal[1] takes true.
    def check(value: Any) -> Any:
        if value not in choices:
            raise ValueError(f"is {value!r}: it must be one of {', '.join(map(str, choices))}")
        return value

    return BeforeValidator(check)


class Section(BaseModel):
    """An object in cdk.json. Its keys are its fields in camel case; a null is as good as nothing."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", alias_generator=to_camel)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        known = {field.validation_alias for field in cls.model_fields.values()}
        if not isinstance(value, dict):
            return value
        return {key: each for key, each in value.items() if each is not None or key not in known}

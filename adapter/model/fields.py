"""Scalar types of the visit JSON: text, decimals, dates and moments, each with its bounds and its French name.

Input arrives as plain JSON values (``json_input``), so dates are text here and are parsed once.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})", re.ASCII)
MOMENT_WITHOUT_OFFSET = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2})?(\.\d{1,6})?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_PARTIAL = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?", re.ASCII)
_DECIMAL = re.compile(r"-?\d{1,12}(\.\d{1,8})?", re.ASCII)
_WIDEST_OFFSET = timedelta(hours=14)  # FHIR R4 dateTime and the time zones in use


class Model(BaseModel):
    """Root of the input models: strict, frozen, and no unknown field (a typo must not lose a symptom)."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", use_attribute_docstrings=False)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(***)"  # what a visit holds must not reach a log by accident

    __str__ = __repr__


def _plausible_year(year: int) -> None:
    """Nothing; refuses a year that no living memory or plan reaches, a slip of the keyboard as a rule."""
    if not 1850 <= year <= 2200:
        raise PydanticCustomError("year_bounds", "year")


def moment(value: Any) -> datetime:
    """Aware datetime read from ISO 8601 text with an explicit offset; the offset is kept."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        raise PydanticCustomError("moment_format", "moment")
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("moment_real", "moment") from None
    offset = read.utcoffset()
    if offset is None or abs(offset) > _WIDEST_OFFSET:
        raise PydanticCustomError("moment_real", "moment")
    _plausible_year(read.year)
    return read


def day(value: Any) -> date:
    """Calendar day read from ``AAAA-MM-JJ``."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise PydanticCustomError("day_format", "day")
    try:
        read = date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("day_real", "day") from None
    _plausible_year(read.year)
    return read


def partial_day(value: Any) -> str:
    """Year, month or day as written (``2025``, ``2025-03``, ``2025-03-14``): no precision is invented."""
    if not isinstance(value, str) or not _PARTIAL.fullmatch(value):
        raise PydanticCustomError("partial_format", "partial day")
    try:
        read = date.fromisoformat((value + "-01-01")[:10])
    except ValueError:
        raise PydanticCustomError("day_real", "day") from None
    _plausible_year(read.year)
    return value


def decimal_text(value: Any) -> str:
    """Decimal kept as the text it was written in: ``4.50`` stays ``4.50``; a JSON number or a string."""
    if isinstance(value, Decimal):
        value = format(value, "f")
    elif isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _DECIMAL.fullmatch(value):
        raise PydanticCustomError("decimal_format", "decimal")
    return value


Moment = Annotated[
    datetime,
    PlainValidator(moment),
    WithJsonSchema({"type": "string", "format": "date-time", "examples": ["2026-10-12T10:00:00+02:00"]}),
]
Day = Annotated[
    date,
    PlainValidator(day),
    WithJsonSchema({"type": "string", "format": "date", "examples": ["2026-10-26"]}),
]
PartialDay = Annotated[
    str,
    PlainValidator(partial_day),
    WithJsonSchema({"type": "string", "pattern": r"^\d{4}(-\d{2}(-\d{2})?)?$", "examples": ["2025-03"]}),
]
DecimalText = Annotated[
    str,
    PlainValidator(decimal_text),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?\d{1,12}(\.\d{1,8})?$"}]}),
]

Text = Annotated[str, StringConstraints(pattern=r"\S")]
"""Free text of any length; line breaks are kept; blank is refused (absent is absent)."""

Label = Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\r\n\t]*[^\s][^\r\n\t]*$")]
"""One line that names a thing."""

LocalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""Key chosen by the caller's software, without patient data: it enters derived identifiers only as a hash."""

Cim10 = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{2}(\.[0-9A-Z+*-]{1,4})?$")]
Atc = Annotated[str, StringConstraints(pattern=r"^[A-Z][0-9]{2}[A-Z]{2}[0-9]{2}$")]
Cis = Annotated[str, StringConstraints(pattern=r"^[0-9]{8}$")]


def described(text: str, **more: Any) -> Any:
    """Optional field (default None) with its French description."""
    return Field(default=None, description=text, **more)


def required(text: str, **more: Any) -> Any:
    """Required field with its French description."""
    return Field(description=text, **more)


def several(text: str, **more: Any) -> Any:
    """List field, empty by default, with its French description; a JSON array becomes a tuple."""
    return Field(default=(), description=text, strict=False, **more)

"""Whose price list holds where the visit took place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from adapter.model.people import Address
from adapter.model.visit import Visit

METROPOLE: Final = "metropole"
_OVERSEAS: Final = {"971": "guadeloupe", "972": "martinique", "973": "guyane", "974": "reunion", "976": "mayotte"}
_APART: Final = frozenset({"97133", "97150"})  # Saint-Barthélemy, Saint-Martin: no longer of Guadeloupe
_WINTER: Final = timedelta(hours=1)
_SUMMER: Final = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class TerritoryFound:
    """A territory of the price list, empty when it is not known.

    Attributes:
        assumed: told by the offset of the clock only.
    """

    key: str
    assumed: bool = False


def territory(visit: Visit) -> TerritoryFound:
    """Territory of a visit: that of the place, else of the patient's home, else of the practice.

    Without any postal code, a visit at the hour of Paris is taken for one in metropolitan France, and the advice
    says so; another hour tells nothing.

    Source: La Poste, postal codes of the overseas departments (971 to 976); the others have no price list here.
    """
    home = visit.patient.address if visit.place.kind != "other" else None
    for address in (visit.place.address, home, visit.structure.address):
        if address is not None and (address.postal_code or address.country not in {None, "FRA"}):
            return TerritoryFound(_of_address(address))
    if visit.start.utcoffset() == paris_offset(visit.start):
        return TerritoryFound(METROPOLE, assumed=True)
    return TerritoryFound("")


def _of_address(address: Address) -> str:
    code = (address.postal_code or "").replace(" ", "")
    if address.country not in {None, "FRA"} or len(code) != 5 or not code.isdecimal():
        return ""
    if code[:2] not in {"97", "98"}:
        return METROPOLE
    return "" if code in _APART else _OVERSEAS.get(code[:3], "")


def paris_offset(moment: datetime) -> timedelta:
    """Offset of the clocks of Paris at the aware `moment`.

    Source: directive 2000/84/CE: summer time from the last Sunday of March to that of October, at 1:00 UTC.
    """
    offset = moment.utcoffset()
    if offset is None:
        raise ValueError("moment without offset")
    utc = moment.replace(tzinfo=None) - offset
    start, end = (datetime.combine(_last_sunday(utc.year, month), datetime.min.time()) for month in (3, 10))
    hour = timedelta(hours=1)
    return _SUMMER if start + hour <= utc < end + hour else _WINTER


def _last_sunday(year: int, month: int) -> date:
    last = date(year, month, 31)
    return last - timedelta(days=(last.weekday() + 1) % 7)

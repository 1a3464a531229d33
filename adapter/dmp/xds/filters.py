"""What a caller asks for in a search, by our own names -> parameters of stored queries.

Sources: IHE ITI TF-2a, 3.18.4.1.2.3 (parameters); GIE SESAM-Vitale, DMP vendor package (TD3.1, French statuses).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Final

from adapter.dmp.xds import queries
from adapter.dmp.xds.metadata import hl7, names
from adapter.errors import DmpRejected
from adapter.model.document import Identifier

_STATUSES: Final[Mapping[str, str]] = {
    "current": names.APPROVED,
    "superseded": names.DEPRECATED,
    "archived": names.ARCHIVED,
}
_CONTENT_TYPES: Final = "1.2.250.1.213.2.2"
_DEFAULT: Final[Mapping[str, str]] = {
    "http://loinc.org": "2.16.840.1.113883.6.1",
    "http://terminology.hl7.org/CodeSystem/v3-Confidentiality": "2.16.840.1.113883.5.25",
}
# Our name of a filter on a code -> parameter, and the scheme of a code given alone.
CODE_FILTERS: Final[Mapping[str, tuple[str, str]]] = {
    "type": ("$XDSDocumentEntryTypeCode", "2.16.840.1.113883.6.1"),
    "class_": ("$XDSDocumentEntryClassCode", "1.2.250.1.213.1.1.4.1"),
    "format": ("$XDSDocumentEntryFormatCode", "1.2.250.1.213.1.1.4.2.282"),
    "facility": ("$XDSDocumentEntryHealthcareFacilityTypeCode", "1.2.250.1.71.4.2.4"),
    "practice_setting": ("$XDSDocumentEntryPracticeSettingCode", "1.2.250.1.213.1.1.4.9"),
    "confidentiality": ("$XDSDocumentEntryConfidentialityCode", "2.16.840.1.113883.5.25"),
    "event": ("$XDSDocumentEntryEventCodeList", ""),
}
TIME_FILTERS: Final[Mapping[str, str]] = {
    "created_from": "$XDSDocumentEntryCreationTimeFrom",
    "created_to": "$XDSDocumentEntryCreationTimeTo",
    "service_from": "$XDSDocumentEntryServiceStartTimeFrom",
    "service_to": "$XDSDocumentEntryServiceStopTimeTo",
}
SET_TIME_FILTERS: Final[Mapping[str, str]] = {
    "submitted_from": "$XDSSubmissionSetSubmissionTimeFrom",
    "submitted_to": "$XDSSubmissionSetSubmissionTimeTo",
}
DOCUMENT_FILTERS: Final = frozenset(
    {"status", "archived", "unique_id", "deposited_from", "deposited_to", *CODE_FILTERS, *TIME_FILTERS}
)
SET_FILTERS: Final = frozenset({"status", "content_type", *SET_TIME_FILTERS})


class FilterInvalid(DmpRejected):
    """What is searched for means nothing: nothing was sent. ``code`` is ``filter``."""

    def __init__(self, message: str) -> None:
        super().__init__(message, code="filter")


def codes(text: str, scheme: str) -> tuple[str, ...]:
    """Values ``code^^oid`` of codes written ``system|code`` or ``code``, with commas between several.

    Args:
        scheme: OID of a code given alone.

    Raises:
        FilterInvalid: a code without scheme, or a system that has no OID here.
    """
    found = []
    for one in text.split(","):
        system, bar, code = one.strip().rpartition("|")
        oid = _DEFAULT.get(system, system.removeprefix("urn:oid:")) if bar else scheme
        if not re.fullmatch(r"[012](?:\.[0-9]+)+|URN|ASTM", oid):
            raise FilterInvalid("Un code de la recherche n'a pas de nomenclature connue : l'écrire urn:oid:OID|code.")
        found.append(f"{code}^^{oid}")
    return tuple(found)


def point(text: str, *, end: bool) -> str:
    """DTM value in UTC of an ISO date or date and time; a date alone is a whole day, from its beginning or to its end.

    Raises:
        FilterInvalid: neither.
    """
    try:
        if len(text) == 10:
            return date.fromisoformat(text).strftime("%Y%m%d") + ("235959" if end else "000000")
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise FilterInvalid("Une date de la recherche n'est pas de la forme AAAA-MM-JJ.") from None
    return (moment.astimezone(UTC) if moment.tzinfo else moment).strftime("%Y%m%d%H%M%S")


def document_parameters(patient: Identifier, filters: Mapping[str, str]) -> list[queries.Parameter]:
    """Parameters of FindDocuments.

    Raises:
        FilterInvalid: a value that means nothing.
    """
    found = [
        queries.one("$XDSDocumentEntryPatientId", hl7.cx(patient, hl7.INS_TYPE)),
        queries.any_of("$XDSDocumentEntryStatus", statuses(filters)),
    ]
    for name, value in filters.items():
        if name in CODE_FILTERS:
            parameter, scheme = CODE_FILTERS[name]
            found.append(queries.any_of(parameter, codes(value, scheme)))
        elif name in TIME_FILTERS:
            found.append(queries.one(TIME_FILTERS[name], point(value, end=name.endswith("_to"))))
    return found


def set_parameters(patient: Identifier, filters: Mapping[str, str]) -> list[queries.Parameter]:
    """Parameters of FindSubmissionSets.

    Raises:
        FilterInvalid: a value that means nothing.
    """
    found = [
        queries.one("$XDSSubmissionSetPatientId", hl7.cx(patient, hl7.INS_TYPE)),
        queries.any_of("$XDSSubmissionSetStatus", statuses(filters)),
    ]
    for name, value in filters.items():
        if name == "content_type":
            found.append(queries.any_of("$XDSSubmissionSetContentType", codes(value, _CONTENT_TYPES)))
        elif name in SET_TIME_FILTERS:
            found.append(queries.one(SET_TIME_FILTERS[name], point(value, end=name.endswith("_to"))))
    return found


def statuses(filters: Mapping[str, str]) -> tuple[str, ...]:
    """Availability statuses asked for: Approved by default.

    Raises:
        FilterInvalid: a status of another name.
    """
    asked = [one.strip() for one in filters.get("status", "current").split(",")]
    match filters.get("archived"):
        case "true":
            asked = ["archived"]
        case "false":
            asked = [one for one in asked if one != "archived"] or ["current"]
        case _:
            pass
    unknown = [one for one in asked if one not in _STATUSES]
    if unknown:
        raise FilterInvalid(f"Le statut cherché n'est pas l'un de : {', '.join(_STATUSES)}.")
    return tuple(dict.fromkeys(_STATUSES[one] for one in asked))


def refuse_unknown(filters: Iterable[str], known: Iterable[str]) -> None:
    """Nothing, when every filter is one of those known.

    Raises:
        ValueError: another one.
    """
    unknown = sorted(set(filters) - set(known))
    if unknown:
        raise ValueError(f"unknown filter {', '.join(unknown)}: {', '.join(sorted(known))}")

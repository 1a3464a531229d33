"""What a doctor looks at before anything is shared: the sheet, both documents, the findings, who will see what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, Literal

from adapter.api import Options
from adapter.api.forms import Encoding, Made, check_visit, decoded, render_all
from adapter.api.sending import SubmissionRefused, prepare
from adapter.errors import DocumentInvalid, Finding, VisitInvalid
from adapter.mapping import Mappings
from adapter.model.json_input import MAX_BYTES, MAX_DEPTH
from adapter.model.visit import Visit
from adapter.submission import Limits

Reader = Literal["patient", "guardians", "professionals"]

__all__ = ["Preview", "Reader", "Sight", "preview"]

_MASKS: Final[dict[Reader, str]] = {
    "patient": "hidden-from-patient",
    "guardians": "hidden-from-guardians",
    "professionals": "hidden-from-professionals",
}
_SEEN: Final[dict[Reader, str]] = {
    "patient": "Le patient verra ce document dans son DMP.",
    "guardians": "Les représentants légaux du patient verront ce document.",
    "professionals": "Les professionnels de santé autorisés verront ce document.",
}
_HIDDEN: Final[dict[Reader, str]] = {
    "patient": "Le patient ne verra pas ce document tant que le masquage n'est pas levé.",
    "guardians": "Les représentants légaux du patient ne verront pas ce document.",
    "professionals": "Les professionnels de santé ne verront pas ce document ; son auteur et le patient le verront.",
}
_NOT_DEPOSITED: Final = "Le document ne part pas au DMP : personne ne l'y verra."


@dataclass(frozen=True, slots=True)
class Sight:
    """Whether one kind of reader will see the document in the DMP, and why.

    Attributes:
        until: day planned for the announcement (ISO), when a hidden document is to be shown; empty otherwise.
    """

    reader: Reader
    visible: bool
    explanation: str
    until: str = ""


@dataclass(frozen=True, slots=True)
class Preview:
    """One visit before it is shared.

    Attributes:
        made: its documents; None when the visit or the documents are refused.
        findings: every finding; those whose path starts with ``$`` stand beside a field of the visit.
        refusals: what a deposit would be refused for; empty when it may leave.
        sights: who will see it.
        kept: fields of this visit that stay at the practice: path and reason.
        trace: where each part of the documents comes from, when it was asked; None otherwise.
    """

    made: Made | None = field(repr=False)
    findings: tuple[Finding, ...]
    refusals: tuple[Finding, ...] = ()
    sights: tuple[Sight, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    trace: dict[str, Any] | None = field(default=None, repr=False)


def preview(
    data: bytes,
    *,
    encoding: Encoding = "utf-8",
    options: Options | None = None,
    mappings: Mappings | None = None,
    limits: Limits | None = None,
    traced: bool = False,
    max_bytes: int = MAX_BYTES,
    max_depth: int = MAX_DEPTH,
) -> Preview:
    """The visit as it would be shared; a visit that is refused gives its findings and no document.

    Args:
        limits: what the destination accepts.
        traced: with the origin of every part of the documents, which takes seconds.
    Raises:
        MappingError: the tables.
    """
    visit, told = check_visit(data, encoding=encoding, max_bytes=max_bytes, max_depth=max_depth)
    if visit is None:
        return Preview(None, told)
    try:
        made = render_all(visit, told, ("cda", "fhir", "sheet"), options=options, mappings=mappings)
    except (VisitInvalid, DocumentInvalid) as refused:
        return Preview(None, (*told, *(one for one in refused.findings if one not in told)))
    refusals = _refusals(made, limits)
    return Preview(
        made,
        made.findings,
        refusals,
        _sights(visit, not refusals),
        _kept(visit),
        _trace(decoded(data, encoding), options, mappings, max_bytes, max_depth) if traced else None,
    )


def _refusals(made: Made, limits: Limits | None) -> tuple[Finding, ...]:
    try:
        prepare(
            made.document,
            cda=made.contents["cda"],
            bundle=made.contents["fhir"],
            opposition=made.visit.sharing.opposition,
            limits=limits,
        )
    except SubmissionRefused as refused:
        return refused.findings
    return ()


def _sights(visit: Visit, deposited: bool) -> tuple[Sight, ...]:
    found: list[Sight] = []
    announce_on = visit.sharing.announce_on
    for reader, mask in _MASKS.items():
        hidden = mask in visit.sharing.visibility
        until = str(announce_on) if reader == "patient" and hidden and announce_on else ""
        explanation = (_HIDDEN if hidden else _SEEN)[reader] if deposited else _NOT_DEPOSITED
        found.append(Sight(reader, deposited and not hidden, explanation, until if deposited else ""))
    return tuple(found)


def _kept(visit: Visit) -> tuple[tuple[str, str], ...]:
    """Fields that this visit fills and that no document prints, with the reason that the tables give."""
    return tuple((path, reason) for path, reason in _not_shared().items() if _filled(visit, _steps(path)))


@cache
def _not_shared() -> dict[str, str]:
    """Reason by path, as the tables of the package declare it."""
    from adapter.mapping.completeness import read_not_shared
    from adapter.mapping.overlay import merged

    return read_not_shared(merged(None))


def _steps(path: str) -> Sequence[str]:
    return path.removeprefix("$.").replace("[]", ".[]").split(".")


def _filled(value: Any, steps: Sequence[str]) -> bool:
    """True when the visit says something there; a dump of the visit would quote values in its warnings."""
    if not steps:
        return value is not None
    if steps[0] == "[]":
        return any(_filled(one, steps[1:]) for one in value)
    told = value is not None and steps[0] in value.model_fields_set
    return told and _filled(getattr(value, steps[0]), steps[1:])


def _trace(
    text: bytes | str, options: Options | None, mappings: Mappings | None, max_bytes: int, max_depth: int
) -> dict[str, Any]:
    from adapter.api import tracing

    found = tracing.trace(text, options=options, mappings=mappings, max_bytes=max_bytes, max_depth=max_depth)
    return found.as_dict()

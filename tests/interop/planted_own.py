"""What our own judges see of the planted faults: those that stand on the way to the DMP, one column each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Final, Literal, TypeVar

import orjson

from adapter.api import convert
from adapter.dmp.xds.metadata import submit_objects
from adapter.dmp.xds.request_rules import check_request
from adapter.errors import Finding, FindingsError, Severity
from adapter.model.json_input import parse_json
from adapter.submission import Submission, check_submission
from adapter.validation import agreement
from adapter.validation.cda_rules import check_cda_tree
from adapter.validation.fhir_rules import check_bundle_tree
from adapter.validation.xml_input import parse_xml
from tests.interop.fhir_documents import submissions
from tests.interop.planted import planted_bundles, planted_documents
from tests.interop.planted_xds import message_of, planted_messages, planted_submissions
from tests.samples_kept import SAMPLES

VISIT: Final = SAMPLES / "visits" / "s1.exhaustive.json"
T = TypeVar("T")
Family = Literal["FHIR", "CDA", "XDS"]


@dataclass(frozen=True, slots=True)
class Column:
    """What one judge sees of the faults of one family; a fault that it was not asked about is in neither set.

    Attributes:
        seen: told as errors. ``unseen``: asked, and nothing said.
    """

    family: Family
    judge: str
    seen: frozenset[str]
    unseen: frozenset[str]


def column(family: Family, judge: str, answers: Mapping[str, bool]) -> Column:
    """Column of what was answered for each fault."""
    seen = frozenset(name for name, told in answers.items() if told)
    return Column(family, judge, seen, frozenset(answers) - seen)


@cache
def sound() -> tuple[bytes, bytes, Submission]:
    """CDA, Bundle and deposit of S1 before anything is planted."""
    done = convert(VISIT.read_bytes())
    return done.cda, done.bundle, next(submissions(VISIT))


def own_columns() -> list[Column]:
    """One column for each of our judges, in the order of the documents."""
    cda, bundle, deposit = sound()
    bundles = {name: orjson.dumps(one) for name, one in planted_bundles(orjson.loads(bundle))}
    documents = dict(planted_documents(cda))
    deposits = dict(planted_submissions(deposit))
    messages = {name: message_of(one) for name, one in deposits.items()}
    messages |= dict(planted_messages(message_of(deposit)))
    return [
        column("FHIR", "règles", {n: _errs(lambda b: check_bundle_tree(_json(b)), b) for n, b in bundles.items()}),
        column("FHIR", "accord", {n: _errs(partial(_agree, cda), b) for n, b in bundles.items()}),
        column("CDA", "règles", {n: _errs(lambda c: check_cda_tree(parse_xml(c)), c) for n, c in documents.items()}),
        column("CDA", "accord", {n: _errs(lambda c: _agree(c, bundle), c) for n, c in documents.items()}),
        column("XDS", "fiche", {n: _errs(check_submission, s) for n, s in deposits.items()}),
        column("XDS", "message", {n: _errs(check_request, m) for n, m in messages.items()}),
    ]


def accepted_when_sound() -> bool:
    """True when none of our judges says anything against what nothing was planted in."""
    cda, bundle, deposit = sound()
    found = [
        *check_bundle_tree(_json(bundle)),
        *check_cda_tree(parse_xml(cda)),
        *agreement.compare_trees(parse_xml(cda), _json(bundle)),
        *check_submission(deposit),
        *check_request(submit_objects(deposit)),
    ]
    return [one.rule for one in found if one.severity is Severity.ERROR] == ["XDS-RELATION"]  # it is not signed yet


def _json(bundle: bytes) -> object:
    return parse_json(bundle, root="Bundle")


def _agree(cda: bytes, bundle: bytes) -> list[Finding]:
    return agreement.compare_trees(parse_xml(cda), _json(bundle))


def _errs(ask: Callable[[T], Iterable[Finding]], value: T) -> bool:
    try:
        found = tuple(ask(value))
    except FindingsError as fault:
        found = fault.findings
    return any(one.severity is Severity.ERROR for one in found)

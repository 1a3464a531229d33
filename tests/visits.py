"""Generated visits: a Hypothesis strategy over the whole visit model, so that a new field is drawn without being told.

Each field is drawn from its own type; ``_mended`` then makes the visit true to itself where one field binds another.
All people are invented; matricules carry the test root.
"""

from __future__ import annotations

import base64
import functools
from datetime import UTC, date, datetime, timedelta, timezone
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import annotated_types
from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from adapter.model import fields, people
from adapter.model.identifiers import MatriculeIns, luhn_valid
from adapter.model.visit import Visit
from adapter.model.visit_rules import SCALES

VISIT_DAY = date(2026, 10, 12)
START = datetime(2026, 10, 12, 10, 0, tzinfo=timezone(timedelta(hours=2)))

_ALPHABET = "abcdeéèêçœÀÉŒ 0123456789.,;:'’\"&<>/()[]{}%µ°-–_=+*#@!?|\\~$€ﬁ字\U0001f33f"
_PIECES = st.sampled_from(["]]>", "<script>alert(1)</script>", "&amp;", "<!-- x -->", "\\u0000", "{code}", "%s", "ÿ"])


def _visible(text: str) -> bool:
    return bool(text.strip())


LABELS = st.one_of(st.text(_ALPHABET, min_size=1, max_size=30), _PIECES).filter(_visible)
TEXTS = st.lists(
    st.one_of(st.text(_ALPHABET + "\n\t\r", min_size=1, max_size=60), _PIECES), min_size=1, max_size=4
).map("\n".join).filter(_visible)  # fmt: skip
DAYS = st.dates(date(2024, 1, 1), VISIT_DAY)
PARTIAL_DAYS = st.builds(lambda d, n: d.isoformat()[:n], DAYS, st.sampled_from([4, 7, 10]))
MOMENTS = st.builds(
    lambda minutes, hours: (
        (START - timedelta(minutes=minutes)).astimezone(timezone(timedelta(hours=hours))).isoformat()
    ),
    st.integers(0, 60 * 24 * 30),
    st.sampled_from([-4, 0, 1, 2, 4, 11]),
)
DECIMALS = st.builds(
    lambda whole, cents: f"{whole}.{cents}" if cents else str(whole),
    st.integers(1, 9999),
    st.sampled_from(["", "0", "5", "25", "50", "125"]),
)
DIGITS = "0123456789"


def _with_luhn(body: str) -> str:
    return next(body + d for d in DIGITS if luhn_valid(body + d))


RPPS = st.text(DIGITS, min_size=5, max_size=5).map(lambda tail: _with_luhn("99700" + tail))
FINESS = st.text(DIGITS, min_size=6, max_size=6).map(lambda tail: _with_luhn("99" + tail))
PDF = st.binary(max_size=40).map(lambda tail: base64.b64encode(b"%PDF-1.4\n" + tail).decode())


@st.composite
def telecoms(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["phone", "mobile", "fax", "email", "mssante"]))
    if kind in {"email", "mssante"}:
        value = draw(st.from_regex(r"[a-z]{1,8}\.[a-z]{1,8}@[a-z]{2,8}\.example", fullmatch=True))
    else:
        value = draw(st.from_regex(r"0[1-7]( 00){3} [0-9]{2}|\+33[1-7]000000[0-9]{2}", fullmatch=True))
    drawn: dict[str, Any] = {"kind": kind, "value": value, "always": draw(st.booleans())}
    use = draw(st.sampled_from([None, "home", "work", "direct", "emergency"]))
    return drawn | ({"use": use} if use else {})


def _pattern(annotated: Any) -> str:
    """Pattern of an annotated text type."""
    return str(get_args(annotated)[1].pattern)


def _of_string(metadata: tuple[Any, ...]) -> st.SearchStrategy[str]:
    pattern = next((m.pattern for m in metadata if getattr(m, "pattern", None)), None)
    limits = [m.max_length for m in metadata if getattr(m, "max_length", None)]
    if pattern == _pattern(fields.Text):
        return TEXTS.filter(lambda text: all(len(text) <= limit for limit in limits))
    if pattern == _pattern(fields.Label):
        return LABELS
    if pattern is None:
        raise NotImplementedError("a bare string field needs its own strategy")
    return st.from_regex(str(pattern), fullmatch=True).map(str.strip).filter(_visible)


def _of_type(annotation: Any, metadata: tuple[Any, ...] = ()) -> st.SearchStrategy[Any]:
    """Strategy for one annotation of the visit model."""
    for known, strategy in (
        (fields.Moment, MOMENTS),
        (fields.Day, DAYS.map(date.isoformat)),
        (fields.PartialDay, PARTIAL_DAYS),
        (fields.DecimalText, DECIMALS),
    ):
        if annotation == known or metadata == get_args(known)[1:]:
            return strategy
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *more = get_args(annotation)
        return _of_type(inner, tuple(more))
    if origin is Literal:
        return st.sampled_from(get_args(annotation))
    if origin in {Union, UnionType}:
        return _of_type(next(a for a in get_args(annotation) if a is not NoneType), metadata)
    if origin is tuple:
        return st.lists(_of_type(get_args(annotation)[0]), max_size=3)
    if annotation is people.Telecom:
        return telecoms()
    if annotation is people.Ins:
        # The number follows the traits of the patient: see `_mended`.
        return st.fixed_dictionaries({"status": st.sampled_from(["qualified", "provisional"])})
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return models(annotation)
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        bounds = [m for each in metadata for m in (each.metadata if isinstance(each, FieldInfo) else [each])]
        low = next((int(str(m.ge)) for m in bounds if isinstance(m, annotated_types.Ge)), 0)
        high = next((int(str(m.le)) for m in bounds if isinstance(m, annotated_types.Le)), 100)
        return st.integers(low, high)
    if annotation is str:
        return _of_string(metadata)
    raise NotImplementedError(f"no strategy for {annotation}")


_BY_NAME: dict[str, st.SearchStrategy[Any]] = {
    "rpps": RPPS,
    "finess": FINESS,
    "data": PDF,
    "birth_place": st.sampled_from(["44109", "2A004", "97416", "99100", "29232"]),
    "national_id": st.sampled_from(["499700100003000", "399000001000012"]),
    "replaces_document_id": st.integers(1, 10**9).map(lambda n: f"1.2.250.1.999.{n}"),
    "birth_date": st.dates(date(1930, 1, 1), date(2024, 1, 1)).map(date.isoformat),
    "birth_family_name": st.from_regex(r"[A-Z][A-Z' -]{0,20}[A-Z]", fullmatch=True),
    "postal_code": st.sampled_from(["44000", "97430", "1000", "B-1000"]),
    "country": st.sampled_from(["FRA", "BEL", "CHE"]),
    "reaction_cim10": st.sampled_from(["L50.9", "T78.2"]),
    "cim10": st.sampled_from(["C25.9", "G12.2", "J44.9", "R52.2", "Z51.5"]),
    "atc": st.sampled_from(["N02AA01", "A06AD15", "C10AA05"]),
}


@functools.cache
def models(model: type[BaseModel]) -> st.SearchStrategy[dict[str, Any]]:
    """JSON object for `model`: required fields always, optional ones half of the time."""
    parts: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for name, field in model.model_fields.items():
        # pydantic moves what it knows of an Annotated type into the field's metadata.
        strategy = _BY_NAME[name] if name in _BY_NAME else _of_type(field.annotation, tuple(field.metadata))
        if any(isinstance(m, annotated_types.MinLen) for m in field.metadata) and get_origin(field.annotation) is tuple:
            strategy = strategy.filter(bool)
        (parts if field.is_required() else optional)[name] = strategy
    return st.fixed_dictionaries(parts, optional=optional)


def _distinct(values: list[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _mended(draw: st.DrawFn, visit: dict[str, Any]) -> dict[str, Any]:
    """The visit made true to itself where one field binds another (the rules of ``visit_rules``)."""
    visit["start"] = START.isoformat()
    visit["end"] = (START + timedelta(minutes=draw(st.integers(10, 120)))).isoformat()
    visit["written_at"] = (START + timedelta(hours=draw(st.integers(3, 48)))).astimezone(UTC).isoformat()
    if "title" in visit:
        visit["title"] = " ".join(visit["title"].split())
    patient = visit["patient"]
    structure = visit["structure"]
    if "finess" not in structure:
        structure.setdefault("national_id", "499700100003000")
    for sign in visit.get("vital_signs", []):
        if sign["sign"] == "spo2":
            sign["value"] = draw(st.sampled_from(["96", "88.5", "100"]))
    patient["birth_given_names"] = patient["birth_given_names"] or ["ALIX"]
    birth = date.fromisoformat(patient["birth_date"])
    sex = {"male": "1", "female": "2", "unknown": "1"}[patient["gender"]]
    number = f"{sex}{birth.year % 100:02d}{birth.month:02d}{draw(st.sampled_from(['44109', '2A004', '97416']))}"
    number += f"{draw(st.integers(1, 999)):03d}"
    key = 97 - int(number.replace("2A", "19")) % 97
    if "ins" in patient:
        root = "1.2.250.1.213.1.4.10"
        patient.setdefault("birth_place", "44109")
        patient["ins"] |= {"value": MatriculeIns.parse(f"{number}{key:02d}", root).value, "root": root}
    for guardian in patient.get("guardians", []):
        guardian.pop("organization" if draw(st.booleans()) and "name" in guardian else "name", None)
        if "name" not in guardian:
            guardian.setdefault("organization", "Association tutélaire de l'Exemple")
        else:
            guardian.pop("organization", None)
    keyed = [*patient.get("guardians", []), *visit.get("relatives", []), *visit.get("care_team", [])]
    for number_, item in enumerate([*keyed, *visit.get("attachments", [])]):
        item["id"] = f"k{number_}"
    close = [g["id"] for g in [*patient.get("guardians", []), *visit.get("relatives", [])]]
    team = [m["id"] for m in visit.get("care_team", [])]

    def refer(item: dict[str, Any], name: str, among: list[str]) -> None:
        if name in item and among:
            item[name] = draw(st.sampled_from(among))
        else:
            item.pop(name, None)

    for present in visit.get("present", []):
        refer(present, "ref", {"relative": close, "professional": team}.get(present["kind"], close + team))
        if "ref" not in present and present["kind"] != "patient":
            present.setdefault("label", "Une personne de l'Exemple")
    for action in visit.get("actions", []):
        refer(action, "who", ["author", *close, *team])
    for wish in visit.get("wishes", []):
        refer(wish, "told_by", close + team)
    author = visit["author"]
    author.pop("replaces", None) if author["capacity"] != "locum" else author.setdefault(
        "replaces", {"rpps": "99700100003", "name": {"family": "EXEMPLE"}, "profession": "general-practitioner"}
    )
    if author["capacity"] != "other-doctor":
        author.pop("attending_physician", None)
    if visit["place"]["kind"] != "ehpad":
        visit["place"].pop("tariff_mode", None)
    for relative in visit.get("relatives", []):
        relative["roles"] = _distinct(relative.get("roles", []))
    minor = (VISIT_DAY - birth).days < 18 * 366
    named = [r for r in visit.get("relatives", []) if "trusted-person" in r["roles"]]
    if minor:
        for relative in named:
            relative["roles"].remove("trusted-person")
        visit["trusted_person"] = {"status": "unknown"}
    elif named:
        visit["trusted_person"] = {**visit.get("trusted_person", {}), "status": "designated"}
    elif visit.get("trusted_person", {}).get("status") in {"designated", "not-applicable"}:
        visit["trusted_person"]["status"] = "none"
    if visit.get("trusted_person", {}).get("status") != "designated":
        visit.get("trusted_person", {}).pop("designated_on", None)
    for member in visit.get("care_team", []):
        if "name" not in member and "structure" not in member:
            member.setdefault("structure_name", "Structure de l'Exemple")
        if member.get("until", "9") < member.get("since", "0"):
            member.pop("until")
    for scale in visit.get("scales", []):
        bounds = SCALES[scale["scale"]]
        if draw(st.integers(0, 3)):
            scale["value"] = draw(st.integers(bounds.low // bounds.step, bounds.high // bounds.step)) * bounds.step
            scale.pop("not_assessable", None)
        else:
            scale.pop("value", None)
            scale.setdefault("not_assessable", "Patient endormi")
        refer(scale, "relative", close)
        if scale["scale"] == "esas-other":
            scale.setdefault("label", "Item libre")
    for items, kind, field in (
        ("symptoms", "symptom", "label"),
        ("devices", "device", "label"),
        ("goals", "goal", "text"),
        ("expected_events", "event", "label"),
        ("actions", "action", "text"),
        ("wishes", "subject", "text"),
    ):
        for item in visit.get(items, []):
            if item[kind] == "other":
                item.setdefault(field, "Précisé ici")
    problems = [visit["disease"]["main"], *visit.get("problems", []), *visit.get("history", [])]
    treatments = visit.get("treatments", {})
    for item in [*problems, *treatments.get("items", [])]:
        if (
            "end" in item
            and "start" in item | {"start": 0}
            and item["end"][:4] <= item.get("onset", item.get("start", "0"))[:4]
        ):
            item.pop("end")
    for holder in (visit.get("allergies"), visit.get("treatments")):
        if holder is not None:
            holder["status"] = (
                "listed"
                if holder.get("items")
                else draw(st.sampled_from(["unknown", "none-known" if holder is visit.get("allergies") else "none"]))
            )
    for treatment in treatments.get("items", []):
        if treatment.get("status", "active") == "active":
            treatment.pop("end", None)
        if treatment.get("kind") not in {"pca", "continuous"}:
            treatment.pop("pca", None)
    directives = visit.get("directives")
    if directives is not None:
        for item in directives.get("items", []):
            if item["kind"] == "other":
                item.setdefault("label", "Précisé ici")
        if directives["status"] == "written":
            directives.setdefault("written_on", "2026-09-02")
        else:
            directives.pop("items", None)
            directives.pop("written_on", None)
    if not directives or directives["status"] != "written":
        for attachment in visit.get("attachments", []):
            attachment.pop("advance_directives", None)
    for holder, name in ((visit.get("nutrition"), "modes"), (visit.get("function"), "states")):
        if holder is not None and name in holder:
            holder[name] = _distinct(holder[name])
    for limitation in visit.get("limitations", []):
        limitation["items"] = _distinct(limitation["items"])
    planned = visit.get("next_visit")
    if planned is not None:
        if "at" in planned:
            planned["at"] = (START + timedelta(days=draw(st.integers(1, 60)))).isoformat()
            planned.pop("on", None)
        elif "on" in planned:
            planned["on"] = (VISIT_DAY + timedelta(days=draw(st.integers(0, 60)))).isoformat()
        else:
            planned.setdefault("text", "Dans quelques jours")
    sharing = visit.get("sharing", {})
    sharing["visibility"] = _distinct(sharing.get("visibility", []))
    visit["sharing"] = sharing
    if visit.get("version", 1) == 1:
        visit.pop("correction", None)
    else:
        correction = visit.setdefault("correction", {"reason": "Posologie erronée"})
        if "corrected_at" in correction:
            correction["corrected_at"] = (START + timedelta(hours=1)).isoformat()
    return visit


@st.composite
def visits(draw: st.DrawFn) -> dict[str, Any]:
    """Visit that the reader accepts, as the JSON object a vendor would send."""
    return _mended(draw, draw(models(Visit)))

"""The visit JSON read into a `Visit`, or every fault at once with its path and never its content.

Three layers speak in turn: the text (``json_input``), the shape of each field (pydantic, whose own words never leave
this module), the sense of the whole (``visit_rules``). When the shape is wrong somewhere, the rules still judge the
parts that are sound, so that a caller mends everything in one go.
"""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, get_args

from pydantic import BaseModel, ValidationError

from adapter.errors import Finding, FindingsError, Severity, VisitInvalid
from adapter.model import visit_rules
from adapter.model.fields import MOMENT_WITHOUT_OFFSET
from adapter.model.json_input import FIELD_LIKE, MAX_BYTES, MAX_DEPTH, MAX_FINDINGS, member, more_values_than, read_json
from adapter.model.visit import Visit
from adapter.model.visit_rule_texts import RULES

Loc = tuple[int | str, ...]


def read_visit(data: bytes | str, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Visit:
    """Visit of `data`, sound; its warnings are left to `check_visit`.

    Args:
        data: JSON text, UTF-8 when bytes.
        max_bytes: refused beyond.
        max_depth: deepest nesting accepted.

    Raises:
        VisitInvalid: at least one error; carries every finding, warnings included.
    """
    visit, findings = check_visit(data, max_bytes=max_bytes, max_depth=max_depth)
    if visit is None:
        raise VisitInvalid(findings)
    return visit


def check_visit(
    data: bytes | str, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH
) -> tuple[Visit | None, tuple[Finding, ...]]:
    """Visit of `data` with every finding; the visit is None as soon as one finding is an error.

    The arguments are those of `read_visit`; a text of more than `max_bytes` or without any value gives no visit.
    """
    raw_bytes = data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data
    try:
        raw, found = read_json(raw_bytes, max_bytes=max_bytes, max_depth=max_depth)
    except FindingsError as refused:
        return None, _bounded(iter(refused.findings))
    if len(raw_bytes) > ALWAYS_FEW and more_values_than(MAX_VALUES, raw):
        message = f"Le fichier compte plus de {MAX_VALUES} valeurs : ce n'est pas une visite."
        return None, (_finding("VIS-TOO-LARGE", "$", message),)
    try:
        visit = Visit.model_validate(raw)
    except ValidationError as invalid:
        told = itertools.chain(found, _shape_findings(raw, invalid), _sense_of_the_sound_parts(raw, invalid))
        return None, _bounded(told)
    findings = (*found, *visit_rules.check(visit))
    if any(finding.severity is Severity.ERROR for finding in findings):
        return None, _bounded(iter(findings))
    return visit, findings


MAX_VALUES: Final = 100_000
"""Twenty times the fullest visit one can think of; each may be a fault, which costs more than the value itself."""

ALWAYS_FEW: Final = 2 * MAX_VALUES
"""Bytes below which a text cannot hold `MAX_VALUES` values: each takes one, and a comma."""


def _bounded(told: Iterator[Finding]) -> tuple[Finding, ...]:
    """The first `MAX_FINDINGS` findings, and one more that says so when there are others."""
    findings = tuple(itertools.islice(told, MAX_FINDINGS))
    if next(told, None) is not None:
        findings += (_finding("VIS-TOO-MANY", "$", f"Seuls les {MAX_FINDINGS} premiers constats sont donnés."),)
    return findings


# --- Shape ------------------------------------------------------------------------------------------------------


def _finding(rule: str, path: str, message: str) -> Finding:
    """Error of this reader; its source comes from the table of rules."""
    return Finding(rule, Severity.ERROR, path, message, RULES[rule].source)


def _shape_findings(raw: Any, invalid: ValidationError) -> Iterator[Finding]:
    """One finding per pydantic error; neither its message nor its input value is kept."""
    for error in invalid.errors(include_url=False):
        loc: Loc = error["loc"]
        rule, message = _explain(error["type"], error.get("ctx", {}), error["input"], loc)
        yield _finding(rule, _json_path(raw, loc), message)


def _explain(kind: str, ctx: Mapping[str, Any], value: Any, loc: Loc) -> tuple[str, str]:
    """Rule and French sentence of one pydantic error; `value` is looked at, never repeated."""
    if kind == "missing":
        return "VIS-MISSING", "Ce champ est obligatoire."
    if kind == "extra_forbidden":
        return "VIS-UNKNOWN-FIELD", "Ce champ n'existe pas dans le format." + _suggestion(loc)
    if kind == "literal_error":
        return "VIS-CODE", "Valeur hors de la liste : " + ", ".join(_QUOTED.findall(str(ctx["expected"]))) + "."
    if kind == "string_pattern_mismatch":
        return _pattern_mismatch(str(ctx["pattern"]), value)
    if kind == "moment_format":
        if isinstance(value, str) and MOMENT_WITHOUT_OFFSET.fullmatch(value):
            return "VIS-OFFSET", "L'heure doit porter son décalage (par exemple +02:00)."
        return "VIS-DATE", "Date et heure attendues sous la forme AAAA-MM-JJTHH:MM:SS+HH:MM."
    if kind in _SIMPLE:
        return _SIMPLE[kind]
    bound = _BOUNDS.get(kind)
    if bound is not None:
        sentence, key = bound
        return "VIS-BOUNDS", sentence.format(ctx[key])
    return "VIS-TYPE", "La valeur n'a pas le type attendu."


_QUOTED: Final = re.compile(r"'([^']*)'")

_SIMPLE: Final[Mapping[str, tuple[str, str]]] = {
    "moment_real": ("VIS-DATE", "Cette date ou cette heure n'existe pas."),
    "day_format": ("VIS-DATE", "Date attendue sous la forme AAAA-MM-JJ."),
    "day_real": ("VIS-DATE", "Cette date n'existe pas."),
    "partial_format": ("VIS-DATE", "Date attendue sous la forme AAAA, AAAA-MM ou AAAA-MM-JJ."),
    "year_bounds": ("VIS-DATE", "L'année doit être comprise entre 1850 et 2200."),
    "decimal_format": (
        "VIS-DECIMAL",
        "Nombre attendu : point décimal, au plus 12 chiffres avant et 8 après.",
    ),
    "string_type": ("VIS-TYPE", "Un texte est attendu."),
    "int_type": ("VIS-TYPE", "Un nombre entier est attendu."),
    "bool_type": ("VIS-TYPE", "true ou false est attendu."),
    "tuple_type": ("VIS-TYPE", "Un tableau est attendu."),
    "model_type": ("VIS-TYPE", "Un objet est attendu."),
}

_BOUNDS: Final[Mapping[str, tuple[str, str]]] = {
    "string_too_long": ("Le texte dépasse {} caractères.", "max_length"),
    "string_too_short": ("Le texte doit compter au moins {} caractères.", "min_length"),
    "too_short": ("La liste doit compter au moins {} élément(s).", "min_length"),
    "too_long": ("La liste ne peut pas dépasser {} éléments.", "max_length"),
    "greater_than_equal": ("La valeur doit être supérieure ou égale à {}.", "ge"),
    "less_than_equal": ("La valeur doit être inférieure ou égale à {}.", "le"),
}

PATTERNS: Final[Mapping[str, str]] = {
    r"^[^\r\n\t]*[^\s][^\r\n\t]*$": "Une seule ligne est attendue, sans tabulation.",
    r"^\S([^\r\n\t]*\S)?$": "Numéro ou adresse attendu sur une ligne, sans blanc au début ni à la fin.",
    r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$": "Clé attendue : 1 à 64 lettres sans accent, chiffres, points, tirets.",
    r"^[A-Z][0-9]{2}(\.[0-9A-Z+*-]{1,4})?$": "Code CIM-10 attendu, par exemple C25.9.",
    r"^[A-Z][0-9]{2}[A-Z]{2}[0-9]{2}$": "Code ATC de 7 caractères attendu, par exemple N02AA01.",
    r"^[0-9]{8}$": "Code CIS de 8 chiffres attendu.",
    r"^[A-Z][A-Z' -]*$|^-$": "Trait strict attendu : majuscules A à Z sans accent, espace, tiret, apostrophe.",
    r"^[0-9A-Z -]{2,12}$": "Code postal attendu.",
    r"^[A-Z]{3}$": "Code de pays à 3 lettres attendu (FRA).",
    r"^(1[0-9][0-9AB][0-9]{7}|3[0-9]{14}|[0245][0-9A-Z]{5,20})$": "Identifiant national de structure attendu, "
    "préfixe compris.",
    r"\S": "Le texte est vide.",
}
"""Pattern of a text field -> what to tell; a test compares with the model."""


def _pattern_mismatch(pattern: str, value: Any) -> tuple[str, str]:
    """Rule and sentence for a text that does not follow the pattern of its field."""
    if isinstance(value, str) and not value.strip():
        return "VIS-TEXT-BLANK", "Le texte est vide : ne pas envoyer le champ s'il n'y a rien à dire."
    return "VIS-FORMAT", PATTERNS.get(pattern, "La valeur n'a pas la forme attendue.")


# --- Paths ------------------------------------------------------------------------------------------------------


def _json_path(raw: Any, loc: Loc) -> str:
    """``$.care_team[2].rpps`` for a pydantic location; a strange key is given by its rank (``$.patient.{3}``)."""
    path = "$"
    here = raw
    for step in loc:
        if isinstance(step, int):
            path += f"[{step}]"
            here = here[step] if isinstance(here, Sequence) and step < len(here) else None
        else:
            path += _member(here, step)
            here = here.get(step) if isinstance(here, dict) else None
    return path


def _member(parent: Any, key: str) -> str:
    """Step to `key`; only a key that may not be shown costs the search of its rank."""
    if FIELD_LIKE.match(key):
        return "." + key
    return member(key, list(parent).index(key) if isinstance(parent, dict) and key in parent else 0)


def _suggestion(loc: Loc) -> str:
    """« Vouliez-vous dire... » for an unknown field close to one that exists at that place, else nothing."""
    name = loc[-1]
    if not isinstance(name, str) or len(name) > 64:
        return ""
    close = difflib.get_close_matches(name, sorted(_names_at(loc[:-1])), n=1, cutoff=0.7)
    return f" Vouliez-vous dire « {close[0]} » ?" if close else ""


def _names_at(loc: Loc) -> Iterable[str]:
    """Field names that the model has at `loc`."""
    here: type[BaseModel] | None = Visit
    for step in loc:
        if here is None:
            return ()
        if isinstance(step, str):
            here = _model_in(here.model_fields[step].annotation)
    return here.model_fields if here is not None else ()


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """Model that a field's type holds, be it optional or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)


# --- Sense of what is sound ---------------------------------------------------------------------------------------

# Stands in for a required part whose shape is wrong, only while the other parts are judged.
_PERSON: Final = {"rpps": "99700100003", "name": {"family": "-"}, "profession": "other"}
_STAND_IN: Final[Mapping[str, Any]] = {
    "format": "vsp-visit/1",
    "id": "x",
    "written_at": "2000-01-01T00:00:00Z",
    "start": "2000-01-01T00:00:00Z",
    "end": "2000-01-01T00:00:00Z",
    "patient": {
        "birth_family_name": "-",
        "birth_given_names": ["-"],
        "gender": "unknown",
        "birth_date": "2000-01-01",
    },
    "author": {**_PERSON, "capacity": "attending-physician"},
    "structure": {"name": "-", "facility_type": "solo-practice"},
    "place": {"kind": "home"},
    "disease": {"main": {"label": "-"}},
    "conclusions": "-",
}


def _sense_of_the_sound_parts(raw: Any, invalid: ValidationError) -> Iterator[Finding]:
    """Findings of the rules that read only parts whose shape is right, and of every identifier within reach."""
    if not isinstance(raw, dict):
        return
    wrong: set[Any] = set()
    entries: dict[Any, set[Any]] = {}  # list field -> positions of its wrong entries
    for error in invalid.errors(include_url=False, include_input=False):
        field, *rest = error["loc"]
        wrong.add(field)
        entries.setdefault(field, set()).add(rest[0] if rest else None)
    sound = {key: value for key, value in raw.items() if key not in wrong}
    kept: dict[str, list[int]] = {}  # list field -> where each entry that is judged stood
    for field, positions in entries.items():
        if isinstance(raw.get(field), list) and None not in positions:
            kept[field] = [index for index in range(len(raw[field])) if index not in positions]
            sound[field] = [raw[field][index] for index in kept[field]]
    visit = Visit.model_validate({**_STAND_IN, **sound})
    for part in visit_rules.PARTS:
        unsound = part.reads & wrong
        if not unsound or (unsound == {part.one_by_one} and part.one_by_one in kept):
            found: list[Finding] = []
            part.judge(visit, found)
            for finding in found:
                if finding.rule not in visit_rules.IDENTIFIERS:
                    yield replace(
                        finding, path=_LIST_ENTRY.sub(lambda entry: _where_it_stood(entry, kept), finding.path)
                    )
    yield from _identifiers(raw, "$")


_LIST_ENTRY: Final = re.compile(r"\A\$\.(\w+)\[(\d+)\]")


def _where_it_stood(entry: re.Match[str], kept: Mapping[str, Sequence[int]]) -> str:
    """``$.field[i]`` with the position that the entry has in the caller's list."""
    field, index = entry[1], int(entry[2])
    return f"$.{field}[{kept[field][index]}]" if field in kept else entry[0]


def _identifiers(value: Any, path: str) -> Iterator[Finding]:
    """Findings on the identifiers found anywhere in a raw visit, under the field names that the format gives them."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _identifiers(item, f"{path}[{index}]")
    if not isinstance(value, dict):
        return
    for key, child in value.items():
        here = path + _member(value, key)
        if isinstance(child, str):
            judge = _JUDGES.get(key)
            if judge is not None:
                yield from judge(child, here)
        elif key == "ins" and isinstance(child, dict):
            number, root = child.get("value"), child.get("root")
            if isinstance(number, str) and isinstance(root, str):
                yield from visit_rules.ins_findings(number, root, here)
        else:
            yield from _identifiers(child, here)


_JUDGES: Final[Mapping[str, Callable[[str, str], Sequence[Finding]]]] = {
    "rpps": visit_rules.rpps_findings,
    "finess": visit_rules.finess_findings,
    "birth_place": visit_rules.insee_findings,
    "replaces_document_id": visit_rules.oid_findings,
}

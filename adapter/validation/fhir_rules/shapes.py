"""Shapes of FHIR R4 elements, compiled once from ``r4.txt`` into the tables that the walk follows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from importlib.resources import files
from typing import Any, Final, NamedTuple

from adapter.validation.fhir_rules.report import At, Report

Rule = Callable[[Report, dict[str, Any], At], None]
Quick = Callable[[Report, dict[str, Any], At], bool]
"""True when a common plain form was judged whole and found sound; False to walk it as usual."""
Accept = Callable[[Any], str | None]
"""None when a primitive is fine, else the code of the rule it breaks."""

STRING_LIMIT: Final = 1024 * 1024

CODE = re.compile(r"\S+(?:\s\S+)*")
BLANK = re.compile(r"\s")
ID = re.compile(r"[A-Za-z0-9.\-]{1,64}")
OID = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+")
UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?")
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})")
NO_ZONE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+")
TIME = re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?")


def accept_string(value: Any) -> str | None:
    """None for a text that says something and is not too long."""
    if type(value) is not str:
        return "FHIR-PRIMITIVE"
    if len(value) > STRING_LIMIT:
        return "FHIR-STRING-SIZE"
    return None if value and not value.isspace() else "FHIR-EMPTY"


def _markup(value: Any) -> str | None:
    """Any non-empty text; what it must be is judged by the rule of its parent."""
    return None if type(value) is str and value else "FHIR-PRIMITIVE"


def _matching(pattern: re.Pattern[str]) -> Accept:
    full = pattern.fullmatch

    def accept(value: Any) -> str | None:
        return None if type(value) is str and full(value) else "FHIR-PRIMITIVE"

    return accept


def _uri(value: Any) -> str | None:
    if type(value) is not str or not value:
        return "FHIR-PRIMITIVE"
    return "FHIR-URI" if BLANK.search(value) else None


def _boolean(value: Any) -> str | None:
    return None if type(value) is bool else "FHIR-PRIMITIVE"


def _decimal(value: Any) -> str | None:
    return None if type(value) is Decimal or type(value) is int else "FHIR-PRIMITIVE"


def _integer(low: int) -> Accept:
    def accept(value: Any) -> str | None:
        return None if type(value) is int and low <= value <= 2147483647 else "FHIR-PRIMITIVE"

    return accept


def _date(value: Any) -> str | None:
    """A real day, month or year."""
    if type(value) is not str or not DATE.fullmatch(value):
        return "FHIR-DATE"
    try:
        date.fromisoformat(value + "-01-01"[len(value) - 4 :] if len(value) < 10 else value)
    except ValueError:
        return "FHIR-DATE"
    return None


def _instant(value: Any) -> str | None:
    """A real moment with its seconds and its offset."""
    if type(value) is not str:
        return "FHIR-DATE"
    if not MOMENT.fullmatch(value):
        return "FHIR-TIMEZONE" if NO_ZONE.fullmatch(value) else "FHIR-DATE"
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return "FHIR-DATE"
    return None


def _datetime(value: Any) -> str | None:
    """A real day, month or year, or a moment with its seconds and its offset."""
    return _instant(value) if type(value) is str and "T" in value else _date(value)


def _time(value: Any) -> str | None:
    if type(value) is not str or not TIME.fullmatch(value):
        return "FHIR-DATE"
    try:
        time.fromisoformat(value)
    except ValueError:
        return "FHIR-DATE"
    return None


PRIMITIVES: Final[dict[str, Accept]] = {
    "base64Binary": _markup,
    "boolean": _boolean,
    "canonical": _uri,
    "code": _matching(CODE),
    "date": _date,
    "dateTime": _datetime,
    "decimal": _decimal,
    "id": _matching(ID),
    "instant": _instant,
    "integer": _integer(-2147483648),
    "markdown": accept_string,
    "oid": _matching(OID),
    "positiveInt": _integer(1),
    "string": accept_string,
    "time": _time,
    "unsignedInt": _integer(0),
    "uri": _uri,
    "url": _uri,
    "uuid": _matching(UUID),
    "xhtml": _markup,
}
QUANTITIES: Final = ("Age", "Count", "Distance", "Duration", "Money")
OPEN_TYPES: Final = (
    *(name for name in PRIMITIVES if name != "xhtml"),
    *("Address", "Age", "Annotation", "Attachment", "CodeableConcept", "Coding", "ContactDetail", "ContactPoint"),
    *("Dosage", "Duration", "HumanName", "Identifier", "Meta", "Period", "Quantity", "Range", "Ratio", "Reference"),
    *("SampledData", "Signature", "Timing"),
)


@dataclass(slots=True)
class Shape:
    """What one kind of element may hold.

    Attributes:
        fields: members by name, each choice spelled out (``valueQuantity``).
        required: names that must be there; a choice is one tuple of names.
        choices: groups of which one member at most may be there.
        rules: checks of the whole element, run after its members.
        quick: short cut for the plain forms that make most of a document.
    """

    name: str
    fields: dict[str, Field] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    required_choices: tuple[tuple[str, frozenset[str]], ...] = ()
    choices: tuple[tuple[str, frozenset[str]], ...] = ()
    rules: tuple[Rule, ...] = ()
    quick: Quick | None = None


class Field(NamedTuple):
    """One member: a primitive (`accept`) or an element (`shape`); `opaque` is judged by the rule of its parent."""

    many: bool
    accept: Accept | None = None
    shape: Shape | None = None


@dataclass(frozen=True, slots=True)
class CodeSet:
    """Required value set: codes whatever their system, and the pairs for coded elements."""

    codes: frozenset[str]
    pairs: frozenset[tuple[str, str]]


def _lines() -> Iterator[list[str]]:
    """Words of each meaningful line of ``r4.txt``."""
    text = files("adapter.validation.fhir_rules").joinpath("r4.txt").read_text("utf-8")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            yield line.split()


class Shapes:
    """All compiled shapes: `resources` and `types` by name."""

    def __init__(
        self,
        rules: Mapping[str, tuple[Rule, ...]],
        refer: Callable[[frozenset[str] | None], tuple[Rule, Quick]],
        bind: Callable[[CodeSet], Rule],
        quick: Mapping[str, Quick],
    ) -> None:
        """Compile ``r4.txt``.

        Args:
            rules: checks by element path (``Period``, ``Observation.component``).
            refer: makes the rule of a reference from the types it may point to.
            bind: makes the rule of a coded element from its required value set.
            quick: short cuts by type.
        """
        self.codes: dict[str, CodeSet] = {}
        self.types: dict[str, Shape] = {}
        self.resources: dict[str, Shape] = {}
        self._refer, self._bind = refer, bind
        self._rules, self._quick = rules, quick
        self._read()

    def _read(self) -> None:
        """Fill the tables; types come before the resources that use them, but may use each other."""
        definitions: list[tuple[str, str, list[list[str]]]] = []
        gathered: dict[str, list[tuple[str, str]]] = {}
        pairs: list[tuple[str, str]] = []
        for words in _lines():
            if words[0] == "codes" and len(words) == 2:
                pairs = gathered.setdefault(words[1], [])
            elif words[0] in ("type", "resource") and len(words) == 2:
                definitions.append((words[0], words[1], []))
            elif definitions:
                definitions[-1][2].append(words)
            else:
                pairs.extend((words[0], code) for code in words[1:])
        for name, held in gathered.items():
            self.codes[name] = CodeSet(frozenset(code for _, code in held), frozenset(held))
        for kind, name, _held in definitions:
            (self.types if kind == "type" else self.resources)[name] = Shape(
                name, rules=self._rules.get(name, ()), quick=self._quick.get(name)
            )
        for alias in QUANTITIES:
            self.types[alias] = self.types["Quantity"]
        for kind, name, lines in definitions:
            self._define(kind, name, lines)
        for shape in self.types.values():
            shape.fields.setdefault("id", Field(False, accept_string))
            if shape.name != "Extension":
                shape.fields.setdefault("extension", Field(True, shape=self.types["Extension"]))

    def _define(self, kind: str, name: str, lines: list[list[str]]) -> None:
        """Give one type or resource its members."""
        root = (self.types if kind == "type" else self.resources)[name]
        groups = {"": root}
        later: list[tuple[Shape, str, bool, str]] = []
        extension = self.types["Extension"]
        if name == "Extension":
            root.fields["extension"] = Field(True, shape=extension)
        if kind == "resource":
            self._common(root, name)
        for words in lines:
            path, cardinality, types = words[0][:-1], words[0][-1], words[1]
            parent_path, _, member = path.rpartition(".")
            parent = groups[parent_path]
            targets, codes = None, None
            for extra in words[2:]:
                if extra[0] == ">":
                    targets = frozenset(extra[1:].split(","))
                else:
                    codes = self.codes[extra[1:]]
            many = cardinality in "*+"
            if types.startswith("@"):
                later.append((parent, member, many, types[1:]))
            elif types == "{}":
                group = Shape(f"{name}.{path}", rules=self._rules.get(f"{name}.{path}", ()))
                group.fields["id"] = Field(False, accept_string)
                group.fields["extension"] = group.fields["modifierExtension"] = Field(True, shape=extension)
                groups[path] = group
                parent.fields[member] = Field(many, shape=group)
            elif member.endswith("[x]"):
                self._choice(parent, member[:-3], types, targets, required=cardinality in "!+")
                continue
            else:
                parent.fields[member] = self._field(types, many, targets, codes)
            if cardinality in "!+":
                parent.required += (member,)
        for parent, member, many, path in later:
            parent.fields[member] = Field(many, shape=groups[path])

    def _common(self, root: Shape, name: str) -> None:
        """Members of every resource, and of every domain resource."""
        extension = self.types["Extension"]
        root.fields["resourceType"] = Field(False, accept_string)
        root.fields["id"] = Field(False, PRIMITIVES["id"])
        root.fields["meta"] = Field(False, shape=self.types["Meta"])
        root.fields["implicitRules"] = Field(False, _uri)
        root.fields["language"] = Field(False, PRIMITIVES["code"])
        if name not in ("Bundle", "Binary"):
            root.fields["text"] = Field(False, shape=self.types["Narrative"])
            root.fields["contained"] = Field(True, lambda _: None)
            root.fields["extension"] = root.fields["modifierExtension"] = Field(True, shape=extension)

    def _choice(self, parent: Shape, stem: str, types: str, targets: frozenset[str] | None, *, required: bool) -> None:
        """Spell out one choice: ``value[x]`` gives ``valueString``, ``valueQuantity``..."""
        names = OPEN_TYPES if types == "*" else types.split("|")
        spelled = {stem + name[0].upper() + name[1:]: name for name in names}
        for member, name in spelled.items():
            parent.fields[member] = self._field(name, False, targets, None)
        group = (f"{stem}[x]", frozenset(spelled))
        parent.choices += (group,)
        if required:
            parent.required_choices += (group,)

    def _field(self, name: str, many: bool, targets: frozenset[str] | None, codes: CodeSet | None) -> Field:
        """Member of one type; references and bound elements get a shape of their own, for their rule."""
        accept = PRIMITIVES.get(name)
        if accept is not None:
            return Field(many, _one_of(codes.codes) if codes else accept)
        if name in ("Resource", "OperationOutcome"):
            return Field(many, lambda _: None)
        shape = self.types[name]
        if name == "Reference":
            rule, quick = self._refer(targets)
            return Field(many, shape=_with_rule(shape, rule, quick))
        if codes is not None:
            return Field(many, shape=_with_rule(shape, self._bind(codes)))
        return Field(many, shape=shape)


def _with_rule(shape: Shape, rule: Rule, quick: Quick | None = None) -> Shape:
    """Same members (shared, they may not be filled yet), one more rule."""
    rules = (*shape.rules, rule)
    return Shape(shape.name, shape.fields, shape.required, shape.required_choices, shape.choices, rules, quick)


def _one_of(codes: frozenset[str]) -> Accept:
    def accept(value: Any) -> str | None:
        return None if type(value) is str and value in codes else "FHIR-CODE"

    return accept

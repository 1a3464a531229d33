"""The one walk over a Bundle: every element against its shape, every reference noted on the way."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from adapter.model.json_input import FIELD_LIKE
from adapter.validation.fhir_rules.elements import ELEMENT_RULES, QUICK, bind, refer
from adapter.validation.fhir_rules.report import At, Report
from adapter.validation.fhir_rules.shapes import Field, Shape, Shapes

Element = dict[str, Any]
PRIMITIVE_MEMBERS: Final = frozenset(("id", "extension"))


@cache
def shapes() -> Shapes:
    """Compiled shapes, read at the first judgement."""
    return Shapes(ELEMENT_RULES, refer, bind, QUICK)


def walk(report: Report, value: Element, shape: Shape, at: At) -> None:
    """Judge one element and all it holds; paths stay linked places until a finding spells them."""
    quick = shape.quick
    if quick is not None and quick(report, value, at):
        return
    fields = shape.fields
    for name, child in value.items():
        field = fields.get(name)
        if field is None:
            _stranger(report, value, name, child, shape, at)
            continue
        many, accept, inner = field
        if many:
            if type(child) is not list or not child:
                _misshapen(report, child, (at, name, -1), many=True)
            elif inner is None:
                _primitives(report, value, name, child, field, at)
            else:
                for index, item in enumerate(child):
                    if type(item) is dict and item:
                        walk(report, item, inner, (at, name, index))
                    else:
                        _misshapen(report, item, (at, name, index), many=False)
        elif inner is None:
            fault = accept(child) if accept is not None else None
            if fault is not None:
                _wrong(report, fault, child, (at, name, -1))
        elif type(child) is dict and child:
            walk(report, child, inner, (at, name, -1))
        else:
            _misshapen(report, child, (at, name, -1), many=False)
    for name in shape.required:
        if name not in value and "_" + name not in value:
            report.add("FHIR-REQUIRED", (at, name, -1))
    if shape.choices:
        _choices(report, value, shape, at)
    for rule in shape.rules:
        rule(report, value, at)


def _choices(report: Report, value: Element, shape: Shape, at: At) -> None:
    """Judge the choices of one element."""
    members = value.keys()
    for name, group in shape.choices:
        if len(group & members) > 1:
            report.add("FHIR-CHOICE", (at, name, -1))
    for name, group in shape.required_choices:
        if group.isdisjoint(members):
            report.add("FHIR-REQUIRED", (at, name, -1))


def _wrong(report: Report, fault: str, child: Any, at: At) -> None:
    """Tell a faulty primitive; nothing, an object or an array there is another rule."""
    if child is None or child == "":
        report.add("FHIR-EMPTY", at)
    elif isinstance(child, dict | list):
        report.add("FHIR-EMPTY" if not child else "FHIR-ARRAY", at)
    else:
        report.add(fault, at)


def _misshapen(report: Report, child: Any, at: At, *, many: bool) -> None:
    """Tell an element that is empty, or no array, or no object."""
    empty = child is None or child == "" or (isinstance(child, dict | list) and not child)
    if empty:
        report.add("FHIR-EMPTY", at)
    else:
        report.add("FHIR-ARRAY", at, "un tableau est attendu" if many else "un objet est attendu")


def _primitives(report: Report, value: Element, name: str, items: list[Any], field: Field, at: At) -> None:
    """Judge an array of primitives; null is the place of an extension, with its pair ``_name``."""
    accept = field.accept
    if accept is None:
        return
    pair = value.get("_" + name)
    for index, item in enumerate(items):
        if item is None and isinstance(pair, list) and index < len(pair) and pair[index]:
            continue
        fault = accept(item)
        if fault is not None:
            _wrong(report, fault, item, (at, name, index))


def _stranger(report: Report, value: Element, name: str, child: Any, shape: Shape, at: At) -> None:
    """Judge a member that the shape does not list: the pair of a primitive, or nothing known."""
    field = shape.fields.get(name[1:]) if name.startswith("_") else None
    if field is None or field.shape is not None:
        place: At = (at, name, -1) if FIELD_LIKE.match(name) else at
        report.add("FHIR-ELEMENT", place)
        return
    plain = shapes().types["Extension"].fields["extension"]
    holders = child if field.many and isinstance(child, list) else [child]
    for index, holder in enumerate(holders):
        here: At = (at, name, index if field.many else -1)
        if holder is None and field.many:
            continue
        if not isinstance(holder, dict) or not holder:
            report.add("FHIR-EMPTY", here)
            continue
        for inner, held in holder.items():
            if inner not in PRIMITIVE_MEMBERS:
                report.add("FHIR-ELEMENT", here)
            elif inner == "extension" and plain.shape is not None:
                if not isinstance(held, list) or not held:
                    _misshapen(report, held, (here, inner, -1), many=True)
                    continue
                for position, one in enumerate(held):
                    if isinstance(one, dict) and one:
                        walk(report, one, plain.shape, (here, inner, position))


def resource(report: Report, value: Element, at: At, *, contained: bool = False) -> None:
    """Judge one resource with its contained ones."""
    kind = value.get("resourceType")
    shape = shapes().resources.get(kind) if isinstance(kind, str) else None
    if shape is None or kind == "Bundle":
        report.add("FHIR-RESOURCE-TYPE", (at, "resourceType", -1))
        return
    if "contained" in value:
        _contained(report, value, at, nested=contained)
    walk(report, value, shape, at)


def _contained(report: Report, value: Element, at: At, *, nested: bool) -> None:
    """Judge the resources held by another one (dom-2 to dom-5)."""
    if nested:
        report.add("FHIR-CONTAINED", (at, "contained", -1), "dom-2, une ressource contenue n'en contient pas")
        return
    held = value["contained"]
    if not isinstance(held, list):
        return
    ids: dict[str, int] = {}
    for index, one in enumerate(held):
        place: At = (at, "contained", index)
        if not isinstance(one, dict) or not one:
            _misshapen(report, one, place, many=False)
            continue
        about = one.get("meta")
        if isinstance(about, dict) and not {"versionId", "lastUpdated", "security"}.isdisjoint(about):
            report.add("FHIR-CONTAINED", place, "dom-4 et dom-5, ni version ni étiquette de sécurité")
        name = one.get("id")
        if not isinstance(name, str):
            report.add("FHIR-CONTAINED", place, "une ressource contenue a un id")
        elif name in ids:
            report.add("FHIR-CONTAINED", place, "deux ressources contenues ont le même id")
        else:
            ids[name] = index
            report.kinds[f"{report.entry}#{name}"] = str(one.get("resourceType"))
        resource(report, one, place, contained=True)
    report.holders.append((report.entry, at, ids))

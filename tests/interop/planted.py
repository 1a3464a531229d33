"""Faults planted in our outputs, one at a time, for every judge to find: one that sees nothing proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from lxml import etree

T = TypeVar("T")
Json = dict[str, Any]
V3: Final = "{urn:hl7-org:v3}"


@dataclass(frozen=True, slots=True)
class Planted(Generic[T]):
    """One fault: what it is in a few French words, and what plants it."""

    name: str
    plant: Callable[[T], object]


def planted_bundles(bundle: Json) -> Iterator[tuple[str, Json]]:
    """Name of each fault and a copy of `bundle` that holds it."""
    for fault in FHIR_FAULTS:
        copy = deepcopy(bundle)
        fault.plant(copy)
        if copy == bundle:
            raise ValueError(f"nothing was planted: {fault.name}")
        yield fault.name, copy


def planted_documents(cda: bytes) -> Iterator[tuple[str, bytes]]:
    """Name of each fault and the bytes of a document that holds it."""
    for fault in CDA_FAULTS:
        root = etree.fromstring(cda)
        whole = etree.tostring(root)
        fault.plant(root)
        if etree.tostring(root) == whole:
            raise ValueError(f"nothing was planted: {fault.name}")
        yield fault.name, etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _first(bundle: Json, kind: str) -> Json:
    found: Json = next(e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == kind)
    return found


def _measure(bundle: Json) -> Json:
    found: Json = next(e["resource"] for e in bundle["entry"] if "valueQuantity" in e["resource"])
    return found


def _drop(bundle: Json, kind: str) -> None:
    bundle["entry"].remove(next(e for e in bundle["entry"] if e["resource"]["resourceType"] == kind))


def _section(bundle: Json) -> Json:
    section: Json = _first(bundle, "Composition")["section"][0]
    return section


def _script(bundle: Json) -> None:
    text = _section(bundle)["text"]
    text["div"] = text["div"].replace("</div>", "<script>1</script></div>", 1)


def _contact_code(bundle: Json) -> None:
    tutor = {"system": "urn:oid:1.2.250.1.213.1.1.4.327", "code": "TUTEUR"}
    name = {"text": "TEST Exemple", "family": "TEST"}
    _first(bundle, "Patient")["contact"] = [{"relationship": [{"coding": [tutor]}], "name": name}]


FHIR_FAULTS: tuple[Planted[Json], ...] = (
    Planted("l'INS manque", lambda b: _first(b, "Patient").pop("identifier")),
    Planted("l'INS a une clé fausse", lambda b: _first(b, "Patient")["identifier"][0].update(value="279035121518900")),
    Planted("une autre date de naissance", lambda b: _first(b, "Patient").update(birthDate="1901-01-01")),
    Planted(
        "un autre type de document", lambda b: _first(b, "Composition")["type"]["coding"][0].update(code="34133-9")
    ),
    Planted("une section manque", lambda b: _first(b, "Composition")["section"].pop(2)),
    Planted("un problème n'est plus dans le Bundle", lambda b: _drop(b, "Condition")),
    Planted("une mesure a changé", lambda b: _measure(b)["valueQuantity"].update(value=9)),
    Planted("une unité inconnue", lambda b: _measure(b)["valueQuantity"].update(code="zorg")),
    Planted(
        "un code de maladie qui n'existe pas", lambda b: _first(b, "Condition")["code"]["coding"][0].update(code="Z")
    ),
    Planted("un statut qui n'existe pas", lambda b: _first(b, "Composition").update(status="fini")),
    Planted("une posologie a changé", lambda b: _first(b, "MedicationStatement")["dosage"][0].update(text="1 fois")),
    Planted("un script dans un récit", _script),
    Planted("un récit manque", lambda b: _section(b).pop("text")),
    Planted("une date impossible", lambda b: _first(b, "Composition").update(date="2026-13-01")),
    Planted("l'auteur manque", lambda b: _first(b, "Composition").pop("author")),
    Planted("une autre confidentialité", lambda b: _first(b, "Composition").update(confidentiality="V")),
    Planted("le Bundle n'est plus un document", lambda b: b.update(type="collection")),
    Planted("l'identifiant du document manque", lambda b: b.pop("identifier")),
    Planted("une adresse d'entrée en double", lambda b: b["entry"][2].update(fullUrl=b["entry"][1]["fullUrl"])),
    Planted("un élément que FHIR ne connaît pas", lambda b: _first(b, "Patient").update(surnom="x")),
    Planted("un code dans la partie d'une autre valeur", _contact_code),
    Planted("le RPPS a changé", lambda b: _first(b, "Practitioner")["identifier"][0].update(value="99700100099")),
)


def _find(root: etree._Element, path: str) -> etree._Element:
    found = root.find("/".join(f"{V3}{step}" if step[0].isalpha() else step for step in path.split("/")))
    if found is None:
        raise ValueError(f"no {path}")
    return found


def _remove(root: etree._Element, path: str) -> None:
    found = _find(root, path)
    parent = found.getparent()
    if parent is None:
        raise ValueError("the root stays")
    parent.remove(found)


def _set(root: etree._Element, path: str, **attributes: str) -> None:
    for name, value in attributes.items():
        _find(root, path).set(name, value)


def _measured(root: etree._Element) -> etree._Element:
    type_ = "{http://www.w3.org/2001/XMLSchema-instance}type"
    return next(v for v in root.iter(f"{V3}value") if v.get(type_) == "PQ")


def _reference(root: etree._Element) -> None:
    next(root.iter(f"{V3}reference")).set("value", "#nulle-part")


def _twin_id(root: etree._Element) -> None:
    first, second, *_ = (e for e in root.iter() if e.get("ID"))
    second.set("ID", first.get("ID", ""))


CDA_FAULTS: tuple[Planted[etree._Element], ...] = (
    Planted("l'INS manque", lambda r: _remove(r, "recordTarget/patientRole/id")),
    Planted(
        "une autre date de naissance", lambda r: _set(r, "recordTarget/patientRole/patient/birthTime", value="1901")
    ),
    Planted("un autre type de document", lambda r: _set(r, "code", code="34133-9")),
    Planted("un templateId manque", lambda r: _remove(r, "templateId")),
    Planted("une date impossible", lambda r: _set(r, "effectiveTime", value="20261301")),
    Planted("le titre manque", lambda r: _remove(r, "title")),
    Planted("l'auteur manque", lambda r: _remove(r, "author")),
    Planted("une autre confidentialité", lambda r: _set(r, "confidentialityCode", code="V")),
    Planted("une section manque", lambda r: _remove(r, "component/structuredBody/component")),
    Planted("une mesure a changé", lambda r: _measured(r).set("value", "9")),
    Planted("une unité inconnue", lambda r: _measured(r).set("unit", "zorg")),
    Planted("un renvoi vers nulle part", _reference),
    Planted("un identifiant XML en double", _twin_id),
    Planted("un récit manque", lambda r: _remove(r, "component/structuredBody/component/section/text")),
    Planted("un élément que CDA ne connaît pas", lambda r: etree.SubElement(r, f"{V3}surnom")),
    Planted("le conservateur manque", lambda r: _remove(r, "custodian")),
)

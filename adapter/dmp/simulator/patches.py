"""Changes asked of one DocumentReference: JSON Patch or FHIRPath Patch, applied to a copy.

Only status, securityLabel and the isArchived extension may come out changed.
Source: RFC 6901, RFC 6902; FHIR R4, FHIRPath Patch; PDSm 3.1.1, mise à jour (405 otherwise).
"""

from __future__ import annotations

import copy
import re
from typing import Any, Final

from adapter.dmp.simulator.outcomes import WRONG, Issue, Issues, Refusal
from adapter.dmp.simulator.pdsm_rules import IS_ARCHIVED, check_archived, check_labels
from adapter.validation.fhir_rules.elements import dicts, extensions, text_of

Element = dict[str, Any]

DELETED: Final = "entered-in-error"
"""Status that asks for the logical deletion. Source: FHIR R4, document-reference-status."""

STATUSES: Final = ("current", "superseded", DELETED)
_ESCAPE: Final = re.compile(r"~(?![01])")
_EXTENSION_PATH: Final = re.compile(
    r"DocumentReference\.extension(?:\.where\(url ?= ?'(?P<where>[^']*)'\)|\('(?P<call>[^']*)'\))"
    r"(?:\.value(?:Boolean|\.ofType\(boolean\))?)?"
)
_LABEL_PATH: Final = re.compile(r"DocumentReference\.securityLabel(?:\[(?P<index>\d+)\])?")


def changed(resource: Element, patch: Any, at: str = "Parameters") -> Element:
    """Copy of `resource` after `patch`, a JSON Patch array or a Parameters resource.

    Raises:
        Refusal: 422 for a patch that cannot be applied, 405 for one that touches anything else.
    """
    if isinstance(patch, list):
        result = _json_patched(resource, patch)
    elif isinstance(patch, dict) and patch.get("resourceType") == "Parameters":
        result = _parameters_patched(resource, patch, at)
    else:
        raise _unusable("Une modification est un tableau JSON Patch ou une ressource Parameters.", at)
    if not isinstance(result, dict) or _frozen(result) != _frozen(resource):
        text = "Seuls status, securityLabel et isArchived peuvent être modifiés."
        raise Refusal(405, Issue(text, "UnmodifiableMetadataError", "not-supported", at), headers={"Allow": "GET"})
    _check(result)
    return result


def archived(resource: Element) -> bool:
    """True when the document is put away."""
    return any(one.get("valueBoolean") is True for one in extensions(resource, IS_ARCHIVED))


def _check(result: Element) -> None:
    issues = Issues()
    if result.get("status") not in STATUSES:
        issues.wrong("DocumentReference.status", "Le statut vaut current, superseded ou entered-in-error.")
    labels = result.get("securityLabel")
    if not isinstance(labels, list) or not labels or not all(isinstance(one, dict) for one in labels):
        text = "securityLabel est un tableau de concepts codés, un au moins."
        issues.wrong("DocumentReference.securityLabel", text, kind="structure")
    else:
        check_labels(issues, result, "DocumentReference")
    held = result.get("extension")
    if "extension" in result and (not isinstance(held, list) or not held or len(list(dicts(held))) != len(held)):
        issues.wrong("DocumentReference.extension", "extension est un tableau d'objets.", kind="structure")
    check_archived(issues, result, "DocumentReference")
    issues.refuse()


def _frozen(resource: Element) -> Element:
    """What a patch leaves alone."""
    rest = {name: value for name, value in resource.items() if name not in ("status", "securityLabel", "extension")}
    held = resource.get("extension", [])
    if not isinstance(held, list):
        return {**rest, "extension": held}
    others = [one for one in held if not (isinstance(one, dict) and one.get("url") == IS_ARCHIVED)]
    return {**rest, "extension": others}


def _unusable(text: str, at: str) -> Refusal:
    return Refusal(422, Issue(text, WRONG, "invalid", at))


# ---------------------------------------------------------------- JSON Patch


def _json_patched(resource: Element, operations: list[Any]) -> Any:
    document: Any = copy.deepcopy(resource)
    if not operations:
        raise _unusable("La modification ne contient aucune opération.", "")
    for index, operation in enumerate(operations):
        at = f"[{index}]"
        if not isinstance(operation, dict):
            raise _unusable("Une opération JSON Patch est un objet.", at)
        name, path = operation.get("op"), operation.get("path")
        if name not in ("add", "remove", "replace", "test", "move", "copy"):
            raise _unusable("Opération JSON Patch inconnue : add, remove, replace, test, move ou copy.", f"{at}.op")
        tokens = _tokens(path, f"{at}.path")
        if name in ("add", "replace", "test") and "value" not in operation:
            raise _unusable("L'opération demande value.", f"{at}.value")
        value = copy.deepcopy(operation.get("value"))
        if name in ("move", "copy"):
            source = _tokens(operation.get("from"), f"{at}.from")
            value = copy.deepcopy(_read(document, source, f"{at}.from"))
            if name == "move":
                if tokens[: len(source)] == source and tokens != source:
                    raise _unusable("Un élément ne se déplace pas dans lui-même.", f"{at}.path")
                document = _remove(document, source, f"{at}.from")
        if name in ("add", "move", "copy"):
            document = _add(document, tokens, value, f"{at}.path")
        elif name == "remove":
            document = _remove(document, tokens, f"{at}.path")
        elif name == "replace":
            _read(document, tokens, f"{at}.path")
            document = _replace(document, tokens, value, f"{at}.path")
        elif _canonical(_read(document, tokens, f"{at}.path")) != _canonical(value):
            raise Refusal(
                422, Issue("Le test de la modification échoue : le document a changé.", WRONG, "conflict", at)
            )
    return document


def _tokens(path: Any, at: str) -> list[str]:
    """Steps of a JSON pointer (RFC 6901)."""
    if not isinstance(path, str) or (path and not path.startswith("/")) or _ESCAPE.search(path):
        raise _unusable("Le chemin n'est pas un pointeur JSON (RFC 6901).", at)
    return [step.replace("~1", "/").replace("~0", "~") for step in path.split("/")[1:]]


def _index(step: str, length: int, at: str) -> int:
    if not (step.isascii() and step.isdigit()) or (len(step) > 1 and step[0] == "0") or int(step[:9]) >= length:
        raise _unusable("Le chemin ne désigne aucun élément du tableau.", at)
    return int(step)


def _read(document: Any, tokens: list[str], at: str) -> Any:
    value = document
    for step in tokens:
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list):
            value = value[_index(step, len(value), at)]
        else:
            raise _unusable("Le chemin ne désigne aucun élément de la ressource.", at)
    return value


def _add(document: Any, tokens: list[str], value: Any, at: str) -> Any:
    if not tokens:
        return value
    parent = _read(document, tokens[:-1], at)
    last = tokens[-1]
    if isinstance(parent, dict):
        parent[last] = value
    elif isinstance(parent, list):
        parent.insert(len(parent) if last == "-" else _index(last, len(parent) + 1, at), value)
    else:
        raise _unusable("Le chemin ne désigne aucun élément de la ressource.", at)
    return document


def _remove(document: Any, tokens: list[str], at: str) -> Any:
    _read(document, tokens, at)
    if not tokens:
        return None
    parent = _read(document, tokens[:-1], at)
    if isinstance(parent, list):
        del parent[_index(tokens[-1], len(parent), at)]
    else:
        del parent[tokens[-1]]
    return document


def _replace(document: Any, tokens: list[str], value: Any, at: str) -> Any:
    if not tokens:
        return value
    parent = _read(document, tokens[:-1], at)
    if isinstance(parent, list):
        parent[_index(tokens[-1], len(parent), at)] = value
    else:
        parent[tokens[-1]] = value
    return document


def _canonical(value: Any) -> Any:
    """Value comparable as JSON: ``true`` is not 1."""
    if isinstance(value, bool):
        return ("bool", value)
    if isinstance(value, dict):
        return {name: _canonical(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_canonical(child) for child in value]
    return value


# ---------------------------------------------------------------- FHIRPath Patch


def _parameters_patched(resource: Element, parameters: Element, at: str) -> Element:
    document = copy.deepcopy(resource)
    operations = [one for one in dicts(parameters.get("parameter")) if one.get("name") == "operation"]
    if not operations or len(operations) != len(parameters.get("parameter") or ()):
        raise _unusable("Parameters porte des paramètres operation, un au moins.", f"{at}.parameter")
    for index, operation in enumerate(operations):
        where = f"{at}.parameter[{index}]"
        parts = {text_of(part, "name"): part for part in dicts(operation.get("part"))}
        kind = text_of(parts.get("type"), "valueCode")
        path = text_of(parts.get("path"), "valueString")
        value = _part_value(parts.get("value"))
        if kind == "add":
            path, kind = f"{path}.{text_of(parts.get('name'), 'valueString')}", "add"
        if kind not in ("add", "replace", "delete"):
            raise _unusable("Opération FHIRPath Patch admise : add, replace ou delete.", where)
        _apply(document, kind, path, value, where)
    return document


def _part_value(part: Any) -> Any:
    if not isinstance(part, dict):
        return None
    return next((value for name, value in part.items() if name.startswith("value")), part.get("part"))


def _apply(document: Element, kind: str, path: str, value: Any, at: str) -> None:
    label, extension = _LABEL_PATH.fullmatch(path), _EXTENSION_PATH.fullmatch(path)
    if kind != "delete" and value is None:
        raise _unusable("L'opération demande une valeur.", at)
    if path == "DocumentReference.status" and kind == "replace":
        document["status"] = value
    elif label is not None:
        held = document.setdefault("securityLabel", [])
        if kind == "add":
            held.append(value)
            return
        rank = int(label["index"] or 0)
        if rank >= len(held) or (label["index"] is None and len(held) > 1):
            raise _unusable("Le chemin ne désigne pas un élément et un seul.", at)
        if kind == "delete":
            del held[rank]
        else:
            held[rank] = value
    elif extension is not None and (extension["where"] or extension["call"]) == IS_ARCHIVED and kind != "add":
        held = [one for one in dicts(document.get("extension")) if one.get("url") == IS_ARCHIVED]
        if len(held) != 1:
            raise _unusable("Le chemin ne désigne pas un élément et un seul.", at)
        if kind == "replace":
            held[0]["valueBoolean"] = value
        else:
            document["extension"] = [one for one in document["extension"] if one is not held[0]]
            if not document["extension"]:
                del document["extension"]
    elif path == "DocumentReference.extension" and kind == "add":
        document.setdefault("extension", []).append(value)
    else:
        text = "Seuls status, securityLabel et isArchived peuvent être modifiés, par un chemin simple."
        raise Refusal(405, Issue(text, "UnmodifiableMetadataError", "not-supported", at), headers={"Allow": "GET"})

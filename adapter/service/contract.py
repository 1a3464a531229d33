"""How operations are described in OpenAPI: parameters, bodies, answers and every problem they may end in.

Source: OpenAPI 3.1.0; RFC 9457.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from adapter.api.reference import visit_schema
from adapter.service.problems import KINDS, PROBLEM_JSON
from adapter.service.shapes import ANSWERS

REFERENCE: Final = "#/components/schemas/{model}"
TITLE: Final = "Adaptateur DMP des visites soins palliatifs (VSP)"
DESCRIPTION: Final = """\
Service local entre un logiciel de cabinet et le DMP. Une visite écrite en JSON est contrôlée, convertie en CDA R2,
FHIR R4, fiche lisible et PDF, montrée avant partage, puis mise en file durable et déposée.

Chaque refus est un problème (RFC 9457, `application/problem+json`) avec nos constats : règle, chemin, phrase. Aucun ne
cite un nom, un INS ni une phrase du dossier. Le corps est en UTF-8 ; windows-1252 est lu quand il est déclaré
(`Content-Type: application/json; charset=windows-1252`).
"""
TAGS: Final = (
    {"name": "visites", "description": "Contrôler, convertir, montrer, déposer une visite."},
    {"name": "dépôts", "description": "File d'envoi : suivre, rejouer, retirer."},
    {"name": "dmp", "description": "DMP d'un patient : état, documents, visibilité."},
    {"name": "référence", "description": "Format d'une visite, tables de correspondance."},
    {"name": "service", "description": "Santé et mesures du service."},
)
EVERYWHERE: Final = ("origin", "host", "too-many", "internal", "busy")
WITH_TOKEN: Final = ("token",)
WITH_BODY: Final = ("unreadable-body", "slow-body", "too-large", "media-type")
_JSON: Final = "application/json"


def json_answer(description: str, model: str, **more: Any) -> dict[str, Any]:
    """Answer whose body is the component `model`."""
    content = {_JSON: {"schema": {"$ref": REFERENCE.format(model=model)}}}
    return {"description": description, "content": content, **more}


def problems(*names: str) -> dict[int | str, dict[str, Any]]:
    """Answers for these kinds of problem, by status, beside those that any operation may give."""
    by_status: dict[int, list[str]] = {}
    for name in dict.fromkeys((*names, *EVERYWHERE)):
        kind = KINDS[name]
        by_status.setdefault(kind.status, []).append(f"{kind.title} (`{kind.type}`)")
    content = {PROBLEM_JSON: {"schema": {"$ref": REFERENCE.format(model="ProblemDetails")}}}
    return {
        status: {"description": " ; ".join(texts) + ".", "content": content, "headers": _headers(status)}
        for status, texts in sorted(by_status.items())
    }


def _headers(status: int) -> dict[str, Any]:
    if status in (429, 503, 504):
        told = "Secondes à attendre, quand elles sont connues."
        return {"Retry-After": {"description": told, "schema": {"type": "string"}}}
    return {}


def body_of(model: str, examples: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Value of ``openapi_extra`` for an operation whose body is the component `model`."""
    content: dict[str, Any] = {"schema": {"$ref": REFERENCE.format(model=model)}}
    if examples:
        content["examples"] = dict(examples)
    return {"requestBody": {"required": True, "content": {_JSON: content}}}


def visit_body_of() -> dict[str, Any]:
    """Value of ``openapi_extra`` for an operation whose body is a visit."""
    return body_of("Visit", visit_examples())


@cache
def visit_examples() -> dict[str, Any]:
    """Two fictitious visits: one with every field, one with the least that a doctor writes."""
    return {
        "s1": {"summary": "S1 : visite à domicile, tous les champs (personnes fictives)", "value": _example("s1")},
        "s7": {"summary": "S7 : visite courte, champs obligatoires (personnes fictives)", "value": _example("s7")},
    }


def _example(name: str) -> Any:
    return orjson.loads((Path(__file__).parent / "examples" / f"{name}.json").read_bytes())


def describe(app: FastAPI, version: str, tokens: bool) -> dict[str, Any]:
    """The whole contract.

    Args:
        tokens: a token is asked; without, it is described and may be left out.
    """
    found = get_openapi(
        title=TITLE, version=version, openapi_version="3.1.0", description=DESCRIPTION, routes=app.routes, tags=[*TAGS]
    )
    found["servers"] = [{"url": "/", "description": "Ce service"}]
    components = found.setdefault("components", {})
    components["schemas"] = {**_visit(), **_answers()}
    components["securitySchemes"] = {
        "jeton": {"type": "http", "scheme": "bearer", "description": "Jeton du logiciel appelant, un par logiciel."}
    }
    found["security"] = [{"jeton": []}] if tokens else [{"jeton": []}, {}]
    return found


def _answers() -> dict[str, Any]:
    _, found = models_json_schema([(model, "serialization") for model in ANSWERS], ref_template=REFERENCE)
    return dict(found["$defs"])


def _visit() -> dict[str, Any]:
    schema = visit_schema(REFERENCE)
    definitions = schema.pop("$defs")
    schema.pop("$schema")
    return {**definitions, "Visit": schema}

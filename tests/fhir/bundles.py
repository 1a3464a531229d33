"""Bundles of the shared test documents, read back as plain JSON."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from adapter.fhir import render
from adapter.model.document import Document
from tests.documents import EDITION

Json = dict[str, Any]

PROFILES: dict[str, str] = tomllib.loads(EDITION.read_text("utf-8"))["profiles"]


def declared(document: Document) -> Document:
    """`document` with the profiles of the edition."""
    return replace(document, profiles=PROFILES)


def bundle_of(document: Document) -> Json:
    """Bundle of `document` as a reader parses it."""
    found: Json = json.loads(render(declared(document)))
    return found


def resources(bundle: Json, kind: str) -> list[Json]:
    """Resources of one type, in order."""
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def by_key(bundle: Json, key: str) -> Json:
    """The resource of a key."""
    (found,) = [entry["resource"] for entry in bundle["entry"] if entry["fullUrl"] == f"urn:uuid:{key}"]
    resource: Json = found
    return resource


def references(value: object) -> Iterator[str]:
    """Every address that `value` refers to, at any depth."""
    if isinstance(value, dict):
        for name, part in value.items():
            if name in {"reference", "url"} and isinstance(part, str) and part.startswith("urn:uuid:"):
                yield part
            else:
                yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)

"""What the simulated DMP says that it does (CapabilityStatement)."""

from __future__ import annotations

from typing import Any

from adapter.dmp.simulator.pdsm_rules import PDSM
from adapter.dmp.simulator.queries import DOCUMENT_TESTS, LIST_TESTS

_DATES = frozenset(("creation", "date", "period", "period-start", "period-end"))
_REFERENCES = frozenset(("author", "source", "related", "relatesto", "authorOrg"))
_STRINGS = frozenset(("title",))


def capability_statement(date: str) -> dict[str, Any]:
    """CapabilityStatement of the server. Source: PDSm 3.1.1, gestionnaire de partage de documents."""
    patient = {"name": "patient", "type": "reference"}
    document = {
        "type": "DocumentReference",
        "supportedProfile": [PDSM + "pdsm-comprehensive-document-reference", PDSM + "pdsm-simplified-publish"],
        "interaction": [{"code": code} for code in ("read", "vread", "create", "patch", "delete", "search-type")],
        "versioning": "versioned-update",
        "conditionalUpdate": True,
        "searchParam": [patient, *_parameters(DOCUMENT_TESTS)],
    }
    lists = {
        "type": "List",
        "supportedProfile": [PDSM + "pdsm-submissionset-comprehensive", PDSM + "pdsm-folder-comprehensive"],
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "searchParam": [patient, *_parameters(LIST_TESTS)],
    }
    holder = {
        "type": "Patient",
        "interaction": [{"code": "search-type"}],
        "searchParam": [{"name": "identifier", "type": "token"}],
    }
    contents = [{"type": kind, "interaction": [{"code": "read"}]} for kind in ("Binary", "Bundle")]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": "Simulateur de DMP"},
        "implementation": {"description": "DMP simulé, sans donnée réelle (PDSm 3.1.1)"},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "patchFormat": ["application/json-patch+json"],
        "rest": [
            {
                "mode": "server",
                "resource": [document, lists, holder, *contents],
                "interaction": [{"code": "transaction"}],
            }
        ],
    }


def _parameters(tests: dict[str, Any]) -> list[dict[str, str]]:
    """Search parameters, chained and repeated spellings left out."""
    names = [name for name in tests if not {".", ":"} & set(name) and name not in ("_id", "relatesTo")]
    return [{"name": name, "type": _type(name)} for name in names]


def _type(name: str) -> str:
    if name in _DATES:
        return "date"
    if name in _REFERENCES:
        return "reference"
    return "string" if name in _STRINGS else "token"

"""Consent: one instruction of the written advance directives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from adapter.fhir.datatypes import Frame, Json, concept, fixed, reference, resource
from adapter.model.document import Directive

_SCOPE: Final = fixed("http://terminology.hl7.org/CodeSystem/consentscope", "adr", "Advance Directive")
_CATEGORY: Final = fixed("http://terminology.hl7.org/CodeSystem/consentcategorycodes", "acd", "Advance Directive")
# FHIR wants a policy or a rule (ppc-1): the law that gives the directives their force.
_RULE: Final[Mapping[str, str]] = {"text": "Code de la santé publique, article L. 1111-11"}


def consent(value: Directive, frame: Frame) -> Json:
    """Consent resource; ``provision.type`` only when the directive says yes or no.

    Source: fr-advance-directive-document (document-core 0.1.0), provision.code in jdv-type-directive-anticipee.
    """
    keys = ("advance-directive",) if value.what.codings else ()
    found = resource("Consent", value.key, frame, keys, value.statement)
    found["status"] = "active"
    found["scope"] = _SCOPE
    found["category"] = [_CATEGORY]
    found["patient"] = frame.patient
    if value.written_on:
        found["dateTime"] = value.written_on.isoformat()
    found["performer"] = [frame.patient]
    if value.attachment:
        found["sourceReference"] = reference(value.attachment)
    found["policyRule"] = _RULE
    provision: Json = {}
    if value.accepted is not None:
        provision["type"] = "permit" if value.accepted else "deny"
    provision["code"] = [concept(value.what)]
    found["provision"] = provision
    return found

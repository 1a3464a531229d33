"""The billing advice as local FHIR R4 resources: ChargeItem, then a draft Claim or Invoice according to the payer.

They stay in the practice: a patient and a doctor are named by identifiers only, and no document ever holds them.
Source: HL7 FHIR R4 (4.0.1), ChargeItem, Claim, Invoice, Coverage (base resources: no French profile is used).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

import orjson

from adapter.billing.values import BillingAdvice, Charge
from adapter.compose.identity import Keys
from adapter.mapping import Mappings
from adapter.model.identifiers import PROFESSIONAL_OID, STRUCTURE_OID
from adapter.model.visit import Visit

Json = dict[str, Any]

_CLAIM_TYPE: Final = "http://terminology.hl7.org/CodeSystem/claim-type"
_PRIORITY: Final = "http://terminology.hl7.org/CodeSystem/processpriority"
_PARTICIPATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


def as_bundle(visit: Visit, advice: BillingAdvice, mappings: Mappings, issuer_oid: str | None = None) -> bytes:
    """Bundle ``collection`` (UTF-8 JSON) of what is proposed: without any entry when nothing is.

    One ChargeItem a key letter; a Claim with its Coverage for the Assurance Maladie, an Invoice for the EHPAD,
    neither when the payer is to be asked.

    Args:
        visit: the visit of `advice`.
        advice: what is proposed.
        mappings: gives the code system of the key letters.
        issuer_oid: OID arc of the installation, as for ``compose``.
    """
    printer = _Printer(visit, advice, mappings, issuer_oid)
    bundle: Json = {
        "resourceType": "Bundle",
        "id": printer.keys.key("billing"),
        "type": "collection",
        "timestamp": visit.written_at.isoformat(timespec="seconds"),
    }
    if advice.proposed:
        bundle["entry"] = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in printer.resources()]
    return orjson.dumps(bundle, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


class _Printer:
    """The resources of one advice, which share whom they speak of."""

    def __init__(self, visit: Visit, advice: BillingAdvice, mappings: Mappings, issuer_oid: str | None) -> None:
        structure = visit.structure
        owner = structure.finess or structure.national_id or structure.name
        self.visit = visit
        self.advice = advice
        self.keys = Keys(issuer_oid, owner, visit.id, visit.version)
        self.ngap = mappings.coding("acts", "vsp").system.uri
        self.patient = self._patient()
        self.performer = _doctor(visit.author.rpps)
        biller = visit.author.replaces if visit.author.capacity == "locum" else None
        self.biller = _doctor(biller.rpps) if biller else self.performer
        self.written_at = visit.written_at.isoformat(timespec="seconds")

    def resources(self) -> list[Json]:
        """Charges first, then what is drafted for the payer."""
        items = [self._charge_item(charge) for charge in self.advice.charges]
        match self.advice.payer:
            case "insurance":
                coverage = self._coverage()
                return [*items, coverage, self._claim(coverage["id"])]
            case "facility":
                return [*items, self._invoice(items)]
            case _:
                return items

    def _patient(self) -> Json:
        patient = self.visit.patient
        if patient.local_id:
            return _named("Patient", self.keys.local_root(), patient.local_id)
        if patient.ins:
            return _named("Patient", patient.ins.root, patient.ins.value)
        return {"type": "Patient", "display": "Patient de la visite"}

    def _charge_item(self, charge: Charge) -> Json:
        found: Json = {
            "resourceType": "ChargeItem",
            "id": self.keys.key(f"charge {charge.code}"),
            "status": "planned" if self.advice.to_confirm else "billable",
            "code": self._code(charge),
            "subject": self.patient,
            "context": _named("Encounter", self.keys.local_root(), self.keys.key("encounter")),
            "occurrencePeriod": {
                "start": self.visit.start.isoformat(timespec="seconds"),
                "end": self.visit.end.isoformat(timespec="seconds"),
            },
            "performer": [{"function": _coded(_PARTICIPATION, "PRF", "performer"), "actor": self.performer}],
            "quantity": {"value": 1},
        }
        if charge.amount is not None:
            found["priceOverride"] = _money(charge.amount)
        found["enteredDate"] = self.written_at
        return found

    def _coverage(self) -> Json:
        return {
            "resourceType": "Coverage",
            "id": self.keys.key("coverage"),
            "status": "draft",
            "beneficiary": self.patient,
            "payor": [{"type": "Organization", "display": "Assurance Maladie"}],
        }

    def _claim(self, coverage: str) -> Json:
        found: Json = {
            "resourceType": "Claim",
            "id": self.keys.key("claim"),
            "status": "draft",
            "type": _coded(_CLAIM_TYPE, "professional", "Professional"),
            "use": "claim",
            "patient": self.patient,
            "billablePeriod": {"start": self.advice.day.isoformat(), "end": self.advice.day.isoformat()},
            "created": self.written_at,
            "provider": self.biller,
            "priority": _coded(_PRIORITY, "normal", "Normal"),
            "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": f"urn:uuid:{coverage}"}}],
            "item": [self._claim_item(number, charge) for number, charge in enumerate(self.advice.charges, 1)],
        }
        if self.advice.total is not None:
            found["total"] = _money(self.advice.total)
        return found

    def _claim_item(self, number: int, charge: Charge) -> Json:
        item: Json = {
            "sequence": number,
            "productOrService": self._code(charge),
            "servicedDate": self.advice.day.isoformat(),
            "quantity": {"value": 1},
        }
        if charge.amount is not None:
            item["unitPrice"] = _money(charge.amount)
            item["net"] = _money(charge.amount)
        return item

    def _invoice(self, items: list[Json]) -> Json:
        place = self.visit.place
        recipient: Json = {"type": "Organization"}
        if place.finess:
            recipient["identifier"] = {"system": f"urn:oid:{STRUCTURE_OID}", "value": f"1{place.finess}"}
        recipient["display"] = place.name or "EHPAD"
        found: Json = {
            "resourceType": "Invoice",
            "id": self.keys.key("invoice"),
            "status": "draft",
            "subject": self.patient,
            "recipient": recipient,
            "date": self.written_at,
            "participant": [{"actor": self.biller}],
            "lineItem": [
                {"sequence": number, "chargeItemReference": {"reference": f"urn:uuid:{item['id']}"}}
                | (
                    {"priceComponent": [{"type": "base", "amount": item["priceOverride"]}]}
                    if "priceOverride" in item
                    else {}
                )
                for number, item in enumerate(items, 1)
            ],
        }
        if self.advice.total is not None:
            found["totalGross"] = _money(self.advice.total)
        return found

    def _code(self, charge: Charge) -> Json:
        return _coded(self.ngap, charge.code, charge.label)


def _named(kind: str, root: str, value: str) -> Json:
    return {"type": kind, "identifier": {"system": f"urn:oid:{root}", "value": value}}


def _doctor(rpps: str) -> Json:
    return _named("Practitioner", PROFESSIONAL_OID, f"8{rpps}")


def _coded(system: str, code: str, display: str) -> Json:
    return {"coding": [{"system": system, "code": code, "display": display}]}


def _money(amount: Decimal) -> Json:
    return {"value": orjson.Fragment(f"{amount:.2f}".encode("ascii")), "currency": "EUR"}

"""Where a document may be mailed: the trust space of MSSanté, the patient's own box, and the masks of the document.

Source: MSSanté, Référentiel n° 2 (client), 1.0.1; ANS, volet Transmission d'un document CDA en HL7 v2, règles de
gestion MSSanté (table of the masks).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from adapter.dmp.xdm.rule_texts import finding
from adapter.errors import Finding, FindingsError
from adapter.model.mail_address import is_address
from adapter.submission.values import DocumentEntry

_PATIENTS: Final = "patient."  # first label of the domain of every patient, in production and in tests

_MASKED: Final = "MASQUE_PS"
_HIDDEN_FROM_PATIENT: Final = "INVISIBLE_PATIENT"
_HIDDEN_FROM_GUARDIANS: Final = "INVISIBLE_REPRESENTANTS_LEGAUX"
_BOTH: Final = frozenset({"professional", "patient"})

# Masks in force -> who may receive. What is not here goes to nobody. The published table lists sends to everybody
# when there is no mask: we read it as allowing each of them alone.
_MATRIX: Final = {
    frozenset[str](): _BOTH,
    frozenset({_HIDDEN_FROM_PATIENT}): frozenset({"professional"}),
    frozenset({_MASKED}): frozenset({"patient"}),
    frozenset({_HIDDEN_FROM_GUARDIANS}): frozenset({"patient"}),
    frozenset({_MASKED, _HIDDEN_FROM_GUARDIANS}): frozenset({"patient"}),
}


class RecipientRefused(FindingsError):
    """Recipients whom the document may not be mailed to: every finding, by rank of the recipient."""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom one mail goes to; the address of a patient holds the INS."""

    address: str
    to_patient: bool


@dataclass(frozen=True, slots=True)
class TrustSpace:
    """Domains that may receive health data.

    Attributes:
        domains: those of professionals, with everything below them.
        patient_domain: that of the patients (``<INS>@patient.mssante.fr``); it differs in tests.
    """

    domains: tuple[str, ...] = ("mssante.fr",)
    patient_domain: str = "patient.mssante.fr"


def recipients(named: Sequence[str], entries: Sequence[DocumentEntry], space: TrustSpace) -> tuple[Recipient, ...]:
    """Recipients of a document, each once, in the order given.

    Args:
        named: addresses; ``patient`` for the box of the patient of the document.
        entries: what is sent: its patient and its masks.
    Raises:
        RecipientRefused: an address is wrong, out of the trust space, of another patient, or shut out by a mask.
    """
    ins = entries[0].patient_id.value
    masks = [frozenset(code.code for code in entry.confidentiality[1:]) for entry in entries]
    found: list[Finding] = []
    kept: dict[str, Recipient] = {}
    for rank, name in enumerate(named, 1):
        one = _recipient(name.strip(), ins, space)
        told = list(_faults(one, ins, space)) or list(_shut_out(one, masks))
        found += [finding(rule, f"destinataire n° {rank}", message) for rule, message in told]
        kept.setdefault(one.address.lower(), one)
    if found:
        raise RecipientRefused(found)
    return tuple(kept.values())


def _recipient(name: str, ins: str, space: TrustSpace) -> Recipient:
    if name == "patient":
        return Recipient(f"{ins}@{space.patient_domain}", True)
    domain = name.rpartition("@")[2].lower()
    return Recipient(name, domain == space.patient_domain.lower() or domain.startswith(_PATIENTS))


def _faults(one: Recipient, ins: str, space: TrustSpace) -> Iterator[tuple[str, str]]:
    """Rule and message of what is wrong with an address."""
    if not is_address(one.address):
        yield "MSS-ADDRESS", "Cette adresse n'a pas la forme nom@domaine."
    elif one.to_patient:
        if one.address.lower() != f"{ins}@{space.patient_domain}".lower():
            yield "MSS-PATIENT-BOX", ""
    elif not _within(one.address.rpartition("@")[2], space.domains):
        yield "MSS-DOMAIN", "Cette adresse est hors de l'espace de confiance MSSanté (recipient_domains)."


def _within(domain: str, domains: Sequence[str]) -> bool:
    return any(domain.lower() == one.lower() or domain.lower().endswith(f".{one.lower()}") for one in domains)


def _shut_out(one: Recipient, masks: Sequence[frozenset[str]]) -> Iterator[tuple[str, str]]:
    """Rule and message when the masks of a document forbid this recipient."""
    kind, told = ("patient", "Le patient") if one.to_patient else ("professional", "Un professionnel")
    for held in masks:
        allowed = _MATRIX.get(held, frozenset())
        if kind not in allowed:
            why = f"les masques du document l'excluent ({', '.join(sorted(held))})"
            yield "MSS-VISIBILITY", f"{told} ne peut pas recevoir ce document : {why}."
            return

"""TD0.2 (HL7 v3 query on the DMP of a patient) and TD0.3 (own authorisation of a professional), both ways.

Sources: HL7 v3 PRPA_IN201307UV02 and PRPA_IN201308UV02; GIE SESAM-Vitale, DMP vendor package v2.05 (TD0.2, TD0.3:
reason, device of the DMP, attention lines, WSDL Habilitations).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from lxml import etree

from adapter.dmp import PatientStatus
from adapter.dmp.xds.metadata import hl7
from adapter.model.document import Identifier

HL7: Final = "urn:hl7-org:v3"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"
HABILITATIONS: Final = "urn:si-dmp-habilitations"
QUERY: Final = "PRPA_IN201307UV02"
ANSWER: Final = "PRPA_IN201308UV02"
DMP_DEVICE: Final = "1.2.250.1.213.4.1.1.1"
INTERACTIONS: Final = "2.16.840.1.113883.1.6"
REASONS: Final = "1.2.250.1.213.1.1.4.11"
EXISTENCE: Final = "TEST_EXST"
AUTHORISATION: Final = ("AUTORISATION", "1.2.250.1.213.4.1.2.6.1")
AUTHORISATION_VALUES: Final = "1.2.250.1.213.4.1.2.6.2"
ATTENDING: Final = ("STATUT_MT", "1.2.250.1.213.4.1.2.6.3")
VALID: Final = "VALIDE"
FORBIDDEN: Final = "INTERDIT"
OK: Final = "DMPOk"
ADDITION: Final = "AJOUT"

Authorisation = Literal["VALIDE", "NON_EXISTE", "INTERDIT", "EXPIRE"]

_H: Final = f"{{{HL7}}}"
_A: Final = f"{{{HABILITATIONS}}}"
_NIL: Final = {f"{{{XSI}}}nil": "true"}
_TYPE: Final = f"{{{XSI}}}type"


@dataclass(frozen=True, slots=True)
class Sender:
    """The calling software: OID under which its messages are numbered, and name."""

    oid: str
    software: str


@dataclass(frozen=True, slots=True, repr=False)
class ExistenceQuery:
    """What TD0.2 asks: for which patient; identifiers of the message and of the query, given back in the answer."""

    patient: Identifier
    message_id: Identifier
    query_id: Identifier


# ---------------------------------------------------------------- TD0.2


def existence_query(query: ExistenceQuery, sender: Sender, at: datetime, processing: str = "P") -> etree._Element:
    """``PRPA_IN201307UV02``.

    Args:
        processing: ``P`` production, ``D`` debugging, ``T`` training.
    """
    root = _message(QUERY, query.message_id, at, processing, "AL")
    _device(root, "receiver", "RCV", DMP_DEVICE, "DMP")
    _device(root, "sender", "SND", sender.oid, sender.software)
    etree.SubElement(root, f"{_H}attentionLine", _NIL)
    act = _control_act(root)
    held = etree.SubElement(act, f"{_H}queryByParameter")
    _identifier(held, "queryId", query.query_id)
    etree.SubElement(held, f"{_H}statusCode", {"code": "new"})
    parameters = etree.SubElement(held, f"{_H}parameterList")
    etree.SubElement(parameters, f"{_H}dataSource", _NIL)
    patient = etree.SubElement(parameters, f"{_H}patientIdentifier")
    _identifier(patient, "value", query.patient)
    etree.SubElement(patient, f"{_H}semanticsText").text = "Patient.id"
    return root


def read_existence_query(element: etree._Element) -> ExistenceQuery | None:
    """What a ``PRPA_IN201307UV02`` asks, None when it is something else or names no patient."""
    if element.tag != f"{_H}{QUERY}":
        return None
    value = element.find(f".//{_H}parameterList/{_H}patientIdentifier/{_H}value")
    reason = element.find(f"{_H}controlActProcess/{_H}reasonCode")
    if value is None or reason is None or reason.get("code") != EXISTENCE:
        return None
    return ExistenceQuery(
        _read_identifier(value),
        _read_identifier(element.find(f"{_H}id")),
        _read_identifier(element.find(f".//{_H}queryByParameter/{_H}queryId")),
    )


def existence_answer(
    query: ExistenceQuery,
    sender: Sender,
    at: datetime,
    message_id: Identifier,
    *,
    state: Literal["absent", "active", "closed"],
    authorisation: Authorisation = "VALIDE",
    attending: bool | None = None,
) -> etree._Element:
    """``PRPA_IN201308UV02`` of a DMP: its state and what the caller may do; NF when there is no DMP."""
    root = _message(ANSWER, message_id, at, "P", "NE")
    _device(root, "receiver", "RCV", sender.oid, sender.software)
    _device(root, "sender", "SND", DMP_DEVICE, "DMP")
    if state != "absent":
        value = {"code": authorisation, "codeSystem": AUTHORISATION_VALUES, _TYPE: "CV"}
        _attention(root, AUTHORISATION, value)
        if attending is not None:
            _attention(root, ATTENDING, {"value": "true" if attending else "false", _TYPE: "BL"})
    acknowledged = etree.SubElement(root, f"{_H}acknowledgement", {"typeCode": "AA"})
    _identifier(etree.SubElement(acknowledged, f"{_H}targetMessage"), "id", query.message_id)
    act = _control_act(root)
    if state != "absent":
        subject = etree.SubElement(act, f"{_H}subject", {"typeCode": "SUBJ", "contextConductionInd": "false"})
        event = etree.SubElement(subject, f"{_H}registrationEvent", {"classCode": "REG", "moodCode": "EVN"})
        etree.SubElement(event, f"{_H}statusCode", {"code": "completed"})
        held = etree.SubElement(event, f"{_H}subject1", {"typeCode": "SBJ"})
        patient = etree.SubElement(held, f"{_H}patient", {"classCode": "PAT"})
        _identifier(patient, "id", query.patient)
        etree.SubElement(patient, f"{_H}statusCode", {"code": "active" if state == "active" else "terminated"})
    found = etree.SubElement(act, f"{_H}queryAck")
    _identifier(found, "queryId", query.query_id)
    etree.SubElement(found, f"{_H}queryResponseCode", {"code": "NF" if state == "absent" else "OK"})
    return root


def read_status(element: etree._Element) -> PatientStatus | None:
    """State of the DMP that a ``PRPA_IN201308UV02`` tells, None when it tells none.

    No authorisation, or one that is over, does not stop feeding: only an interdiction of the patient does.
    """
    if element.tag != f"{_H}{ANSWER}":
        return None
    acknowledged = element.find(f"{_H}acknowledgement")
    if acknowledged is not None and acknowledged.get("typeCode") not in ("AA", "CA"):
        return None
    found = _code(element.find(f".//{_H}queryAck/{_H}queryResponseCode"))
    if found == "NF":
        return PatientStatus("absent")
    patients = element.findall(f".//{_H}subject1/{_H}patient")
    if found != "OK" or len(patients) != 1:
        return None
    authorisation, attending = _attentions(element)
    state = _code(patients[0].find(f"{_H}statusCode"))
    return PatientStatus(
        "active" if state == "active" else "closed",
        authorisation if state == "active" and authorisation != VALID else "" if state == "active" else state,
        attending,
        authorisation != FORBIDDEN,
    )


def _attentions(element: etree._Element) -> tuple[str, bool | None]:
    """Authorisation of the caller (VALIDE when not told), and whether he or she is médecin traitant DMP."""
    authorisation, attending = VALID, None
    for line in element.iterchildren(f"{_H}attentionLine"):
        keyword, value = _code(line.find(f"{_H}keyWordText")), line.find(f"{_H}value")
        if value is None:
            continue
        if keyword == AUTHORISATION[0]:
            authorisation = value.get("code") or ""
        elif keyword == ATTENDING[0]:
            attending = value.get("value") == "true"
    return authorisation, attending


# ---------------------------------------------------------------- TD0.3


def authorisation_request(action: str) -> etree._Element:
    """``setAuthorization``; the patient is that of the assertion. ``action``: ``AJOUT`` for oneself."""
    root = etree.Element(f"{_A}setAuthorization", nsmap={"hab": HABILITATIONS})
    etree.SubElement(root, f"{_A}action").text = action
    return root


def read_authorisation_request(element: etree._Element) -> str:
    """Action asked for, empty when the element is something else."""
    return "" if element.tag != f"{_A}setAuthorization" else (element.findtext(f"{_A}action") or "").strip()


def authorisation_answer(status: str, context: str = "") -> etree._Element:
    """``setAuthorizationResponse``: code of the DMP and free text."""
    root = etree.Element(f"{_A}setAuthorizationResponse", nsmap={"hab": HABILITATIONS})
    held = etree.SubElement(root, f"{_A}output")
    etree.SubElement(held, f"{_A}status").text = status
    etree.SubElement(held, f"{_A}context").text = context
    return root


def read_authorisation_answer(element: etree._Element) -> tuple[str, str] | None:
    """Code and free text of an answer of TD0.3, None when it is something else."""
    if element.tag != f"{_A}setAuthorizationResponse":
        return None
    status = element.findtext(f".//{_A}status")
    return None if not status else (status.strip(), element.findtext(f".//{_A}context") or "")


# ---------------------------------------------------------------- parts of HL7 v3


def _message(name: str, message_id: Identifier, at: datetime, processing: str, accept: str) -> etree._Element:
    root = etree.Element(f"{_H}{name}", {"ITSVersion": "XML_1.0"}, nsmap={"hl7": HL7, "xsi": XSI})
    _identifier(root, "id", message_id)
    etree.SubElement(root, f"{_H}creationTime", {"value": hl7.dtm(at)})
    etree.SubElement(root, f"{_H}interactionId", {"root": INTERACTIONS, "extension": name})
    etree.SubElement(root, f"{_H}processingCode", {"code": processing})
    etree.SubElement(root, f"{_H}processingModeCode", {"code": "T"})
    etree.SubElement(root, f"{_H}acceptAckCode", {"code": accept})
    return root


def _control_act(root: etree._Element) -> etree._Element:
    act = etree.SubElement(root, f"{_H}controlActProcess", {"classCode": "CACT", "moodCode": "EVN"})
    etree.SubElement(
        act, f"{_H}reasonCode", {"code": EXISTENCE, "codeSystem": REASONS, "displayName": "Test d'existence de dossier"}
    )
    return act


def _device(root: etree._Element, name: str, kind: str, oid: str, software: str) -> None:
    held = etree.SubElement(root, f"{_H}{name}", {"typeCode": kind})
    device = etree.SubElement(held, f"{_H}device", {"classCode": "DEV", "determinerCode": "INSTANCE"})
    etree.SubElement(device, f"{_H}id", {"root": oid})
    etree.SubElement(device, f"{_H}softwareName").text = software


def _attention(root: etree._Element, keyword: tuple[str, str], value: dict[str, str]) -> None:
    line = etree.SubElement(root, f"{_H}attentionLine")
    etree.SubElement(line, f"{_H}keyWordText", {"code": keyword[0], "codeSystem": keyword[1]})
    etree.SubElement(line, f"{_H}value", value)


def _identifier(parent: etree._Element, name: str, value: Identifier) -> None:
    found = etree.SubElement(parent, f"{_H}{name}", {"root": value.root})
    if value.value:
        found.set("extension", value.value)


def _read_identifier(element: etree._Element | None) -> Identifier:
    if element is None:
        return Identifier("", "")
    return Identifier(element.get("root") or "", element.get("extension") or "")


def _code(element: etree._Element | None) -> str:
    return "" if element is None else element.get("code") or ""

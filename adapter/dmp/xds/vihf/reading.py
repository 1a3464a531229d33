"""A VIHF read back into values, without any judgement."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn

from lxml import etree

from adapter.dmp.xds.vihf.values import (
    DECLARATIONS,
    MODE_VALUES,
    NAME_FORMAT,
    PURPOSE,
    RESOURCE_ID,
    ROLE,
    SAML,
    SUBJECT_ID,
)
from adapter.dmp.xds.xmldsig import DS, strict_base64
from adapter.errors import AdapterError, DocumentInvalid
from adapter.model.coded import CodeSystem, Coding
from adapter.model.destination import AccessMode
from adapter.model.document import Identifier
from adapter.validation.xml_input import parse_xml

_MAX_BYTES: Final = 256 * 1024
NS: Final = {"s": SAML, "ds": DS}
_PATIENT: Final = re.compile(r"([0-9A-Za-z]{15})\^\^\^&([0-2](?:\.[0-9]+)+)&ISO\^NH(?:\^.*)?")
_MODE_NAMES: Final = ("Authentification_Mode", "Authentification_mode")


class VihfInvalid(AdapterError):
    """A VIHF that the DMP would refuse.

    Attributes:
        code: why: ``xml``, ``signature``, ``certificate-…``, ``expired``, ``not-yet-valid``, ``attributes``,
            ``patient``.
        message: one French sentence without any value of the assertion.
    """

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{message} [{code}]")


@dataclass(frozen=True, slots=True, repr=False)
class VihfRead:
    """What an assertion says.

    Attributes:
        issued_at, not_before, not_on_or_after: aware; the last two are None when the assertion tells no period.
        issuer: subject of the signing certificate, as the assertion writes it. ``user_id``: its NameID.
        login: SAML class of the local login. ``declaration``: AuthnContextDecl, or empty.
        mode: None when it is none of those known.
        structure, sector: as written (``SA07^1.2.250.1.71.4.2.4``).
        patient: None when the resource is no INS.
        attributes: every attribute by name, coded values left out.
        certificate: DER certificate of the signature, empty when it carries none.
    """

    assertion_id: str
    issued_at: datetime
    issuer: str
    user_id: str
    login: str
    declaration: str
    mode: AccessMode | None
    version: str
    structure: str
    sector: str
    user_name: str
    roles: tuple[Coding, ...]
    patient: Identifier | None
    purpose: str
    attributes: Mapping[str, tuple[str, ...]]
    certificate: bytes
    not_before: datetime | None = None
    not_on_or_after: datetime | None = None


def read(assertion: bytes | etree._Element) -> VihfRead:
    """What the assertion says, without any judgement of its signature.

    Raises:
        VihfInvalid: no SAML 2.0 assertion, or not readable as one.
    """
    root = parsed(assertion)
    return read_tree(root, certificate_of(root))


def parsed(assertion: bytes | etree._Element) -> etree._Element:
    """The assertion as the root of its own tree."""
    data = assertion if isinstance(assertion, bytes) else etree.tostring(assertion, with_tail=False)
    try:
        root = parse_xml(data, max_bytes=_MAX_BYTES)
    except DocumentInvalid:
        refuse("xml", "Le VIHF n'est pas un document XML lisible.")
    if root.tag != f"{{{SAML}}}Assertion" or root.get("Version") != "2.0":
        refuse("xml", "Le VIHF n'est pas une assertion SAML 2.0.")
    return root


def read_tree(root: etree._Element, certificate: bytes) -> VihfRead:
    """Values of an assertion.

    Raises:
        VihfInvalid: something of it cannot be read.
    """
    named: dict[str, list[etree._Element]] = {}
    for attribute in root.iterfind("s:AttributeStatement/s:Attribute", NS):
        named.setdefault(attribute.get("Name", ""), []).extend(attribute.iterfind("s:AttributeValue", NS))
    texts = {name: tuple((one.text or "").strip() for one in values) for name, values in named.items()}
    issuer = root.find("s:Issuer", NS)
    if issuer is None or issuer.get("Format") != NAME_FORMAT:
        refuse("issuer", "Le VIHF ne dit pas son émetteur comme attendu.")
    conditions = root.find("s:Conditions", NS)
    declaration = _text(root, "s:AuthnStatement/s:AuthnContext/s:AuthnContextDecl")

    def only(name: str) -> str:
        return next(iter(texts.get(name, ())), "")

    patient = _PATIENT.fullmatch(only(RESOURCE_ID))
    purpose = next((child for value in named.get(PURPOSE, ()) for child in value), None)
    return VihfRead(
        assertion_id=root.get("ID", ""),
        issued_at=_moment(root.get("IssueInstant")),
        issuer=(issuer.text or "").strip(),
        user_id=_text(root, "s:Subject/s:NameID"),
        login=_text(root, "s:AuthnStatement/s:AuthnContext/s:AuthnContextClassRef"),
        declaration=declaration,
        mode=_mode(next((only(name) for name in _MODE_NAMES if only(name)), ""), declaration),
        version=only("VIHF_Version"),
        structure=only("Identifiant_Structure"),
        sector=only("Secteur_Activite"),
        user_name=only(SUBJECT_ID),
        roles=tuple(_role(child) for value in named.get(ROLE, ()) for child in value),
        patient=Identifier(patient[2], patient[1].upper()) if patient else None,
        purpose=purpose.get("code", "") if purpose is not None else "",
        attributes=texts,
        certificate=certificate,
        not_before=_bound(conditions, "NotBefore"),
        not_on_or_after=_bound(conditions, "NotOnOrAfter"),
    )


def _mode(value: str, declaration: str) -> AccessMode | None:
    """Mode of an assertion; the declaration tells the two reinforced ones apart."""
    if value == MODE_VALUES["air"]:
        return "indirect-reinforced" if declaration == DECLARATIONS["indirect-reinforced"] else "air"
    return {"DIRECTE": "direct", "INDIRECTE": "indirect"}.get(value)  # type: ignore[return-value]  # literals all


def _role(element: etree._Element) -> Coding:
    oid = element.get("codeSystem", "")
    system = CodeSystem("role", oid, f"urn:oid:{oid}", element.get("codeSystemName", ""))
    return Coding(system, element.get("code", ""), element.get("displayName", ""))


def _text(root: etree._Element, path: str) -> str:
    return (root.findtext(path, namespaces=NS) or "").strip()


def _bound(conditions: etree._Element | None, name: str) -> datetime | None:
    value = conditions.get(name) if conditions is not None else None
    return _moment(value) if value is not None else None


def _moment(text: str | None) -> datetime:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        refuse("xml", "Une heure du VIHF est illisible.")
    if moment.tzinfo is None:
        refuse("xml", "Une heure du VIHF n'a pas de fuseau.")
    return moment


def certificate_of(root: etree._Element) -> bytes:
    """DER certificate that the signature carries first, empty when it carries none."""
    text = root.findtext("ds:Signature/ds:KeyInfo/ds:X509Data/ds:X509Certificate", namespaces=NS)
    return decoded(text) if text else b""


def decoded(text: str | None) -> bytes:
    """Bytes of a base64 text, written in the one way that an encoder does.

    Raises:
        VihfInvalid: it is not.
    """
    try:
        return strict_base64(text)
    except ValueError:
        refuse("signature", "La signature du VIHF contient du base64 mal formé.")


def refuse(code: str, message: str) -> NoReturn:
    """Raises:
    VihfInvalid: always; what led there may quote the assertion, so it is left out.
    """
    raise VihfInvalid(code, message) from None

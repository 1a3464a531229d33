"""A VIHF written and signed, ready for the security header of a SOAP message."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from lxml import etree

from adapter.dmp.xds.certificates import load_certificate
from adapter.dmp.xds.vihf.values import (
    AUTOMATON,
    CONFIDENTIALITY,
    DECLARATIONS,
    HIDDEN_FROM_GUARDIANS,
    HL7,
    LOGINS,
    MODE_VALUES,
    NAME_FORMAT,
    NEED_SPECIALITY,
    PURPOSE,
    PURPOSE_NAME,
    PURPOSE_OID,
    RESOURCE_ID,
    ROLE,
    SAML,
    SECTOR_OID,
    SUBJECT_ID,
    XSI,
    Caller,
)
from adapter.dmp.xds.xmldsig import DS, EXCLUSIVE_C14N
from adapter.errors import DmpAccessDenied, MissingExtra
from adapter.model.coded import Coding
from adapter.model.document import Identifier

if TYPE_CHECKING:
    from adapter.dmp.xds.signing import Digest, Signer

_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9._-]*")
_HL7_ALONE: Final = cast(Any, {None: HL7})  # a default name space, which the stubs do not know


def assertion(caller: Caller, patient: Identifier, signer: Signer, *, now: datetime, assertion_id: str) -> bytes:
    """Signed ``saml2:Assertion``, UTF-8, without XML declaration.

    Args:
        patient: qualified INS: root and 15 characters.
        now: aware; time of issue and of the login.
        assertion_id: XML name, new for each call (``_`` and a UUID).
    Raises:
        DmpAccessDenied: something that the DMP wants to know about the caller is missing.
        KeyUnusable: the key cannot sign.
        MissingExtra: the extra ``xds`` is not installed.
        ValueError: naive time, or an identifier that is no XML name.
    """
    if now.tzinfo is None or not _ID.fullmatch(assertion_id):
        raise ValueError("an aware time and an XML name are expected")
    _require_complete(caller)
    moment = _instant(now)
    root = etree.Element(_saml("Assertion"), nsmap={"saml2": SAML, "xsi": XSI})
    for name, value in (("ID", assertion_id), ("IssueInstant", moment), ("Version", "2.0")):
        root.set(name, value)
    issuer = _child(root, "Issuer", load_certificate(signer.certificates[0]).subject.rfc4514_string())
    issuer.set("Format", NAME_FORMAT)
    etree.SubElement(root, f"{{{DS}}}Signature", {"Id": "placeholder"}, nsmap={"ds": DS})
    _child(_child(root, "Subject"), "NameID", caller.user_id)
    if caller.lifetime_s is not None:
        until = _instant(now + timedelta(seconds=caller.lifetime_s))
        _child(root, "Conditions").attrib.update({"NotBefore": moment, "NotOnOrAfter": until})
    login = _child(root, "AuthnStatement")
    login.set("AuthnInstant", moment)
    context = _child(login, "AuthnContext")
    _child(context, "AuthnContextClassRef", caller.login or LOGINS[caller.mode])
    if caller.mode in DECLARATIONS:
        _child(context, "AuthnContextDecl", DECLARATIONS[caller.mode])
    _attributes(_child(root, "AttributeStatement"), caller, patient)
    return _signed(root, signer, caller.digest, assertion_id)


def _require_complete(caller: Caller) -> None:
    """Refuses what the DMP would refuse.

    Source: messages of the DMP seen by integrators (no speciality in the VIHF, unknown structure).
    """
    missing = [
        name
        for name, value in (
            ("la structure (structure)", caller.structure),
            ("son secteur d'activité (sector)", caller.sector),
            ("l'identifiant de qui agit (user_id)", caller.user_id),
            ("son nom (user_name)", caller.user_name or caller.mode == "direct"),
            ("sa profession (roles)", caller.roles or caller.automaton),
            ("le nom du logiciel (software_name)", caller.software.name),
            ("sa version (software_version)", caller.software.version),
        )
        if not value
    ]
    if missing:
        raise DmpAccessDenied(f"Le VIHF est incomplet, il manque : {', '.join(missing)}.", code="vihf-incomplete")
    if len(caller.roles) == 1 and caller.roles[0].code in NEED_SPECIALITY:
        raise DmpAccessDenied("Le VIHF d'un médecin ou d'un pharmacien porte sa spécialité.", code="vihf-role")


def _attributes(statement: etree._Element, caller: Caller, patient: Identifier) -> None:
    _attribute(statement, "VIHF_Version", caller.version)
    _attribute(statement, caller.mode_name, MODE_VALUES[caller.mode])
    _attribute(statement, "Identifiant_Structure", caller.structure)
    _attribute(statement, "Secteur_Activite", f"{caller.sector}^{SECTOR_OID}")
    if caller.user_name:
        _attribute(statement, SUBJECT_ID, caller.user_name)
    held = _attribute(statement, ROLE)
    for role in (AUTOMATON,) if caller.automaton else caller.roles:
        _coded(_child(held, "AttributeValue"), "Role", role)
    _attribute(statement, RESOURCE_ID, f"{patient.value}^^^&{patient.root}&ISO^NH")
    _attribute(statement, "Ressource_URN", caller.resource)
    purpose = etree.SubElement(
        _child(_attribute(statement, PURPOSE), "AttributeValue"), f"{{{HL7}}}PurposeOfUse", nsmap=_HL7_ALONE
    )
    purpose.set(f"{{{XSI}}}type", "CE")
    purpose.attrib.update(
        {
            "code": caller.purpose[0],
            "codeSystem": PURPOSE_OID,
            "codeSystemName": PURPOSE_NAME,
            "displayName": caller.purpose[1],
        }
    )
    if caller.secret_connection:
        _attribute(statement, CONFIDENTIALITY, HIDDEN_FROM_GUARDIANS)
    for name, value in (
        ("LPS_ID", caller.software.identifier),
        ("LPS_Nom", caller.software.name),
        ("LPS_Version", caller.software.version),
        ("LPS_ID_HOMOLOGATION_DMP", caller.software.approval),
        *caller.more,
    ):
        if value:
            _attribute(statement, name, value)


def _signed(root: etree._Element, signer: Signer, digest: Digest, assertion_id: str) -> bytes:
    """The assertion with its signature just after the issuer."""
    try:
        from signxml.algorithms import (
            CanonicalizationMethod,
            DigestAlgorithm,
            SignatureConstructionMethod,
            SignatureMethod,
        )
        from signxml.signer import XMLSigner
    except ImportError as error:
        raise MissingExtra("Signer un VIHF demande signxml : installer dmp-adapter[xds].") from error

    class _Signer(XMLSigner):
        def check_deprecated_methods(self) -> None:
            """SHA-1 is a choice of the settings: the DMP's own samples use it."""

    xml_signer = _Signer(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=SignatureMethod.RSA_SHA256 if digest == "SHA-256" else SignatureMethod.RSA_SHA1,
        digest_algorithm=DigestAlgorithm.SHA256 if digest == "SHA-256" else DigestAlgorithm.SHA1,
        c14n_algorithm=CanonicalizationMethod(EXCLUSIVE_C14N),
    )
    signed = xml_signer.sign(
        root,
        key=cast(Any, _Key(signer, digest)),
        cert=[load_certificate(signer.certificates[0])],
        reference_uri=f"#{assertion_id}",
        id_attribute="ID",
    )
    return etree.tostring(signed, encoding="UTF-8", xml_declaration=False)


class _Key:
    """What signxml takes for a private key, when the key itself is out of reach, as in a card."""

    def __init__(self, signer: Signer, digest: Digest) -> None:
        self._signer = signer
        self._digest = digest

    def sign(self, data: bytes, padding: object, algorithm: object) -> bytes:
        """Signature of `data`; padding and digest are those of the signer, chosen with the same words."""
        return self._signer.sign(data, self._digest)


def _saml(name: str) -> str:
    return f"{{{SAML}}}{name}"


def _child(parent: etree._Element, name: str, text: str | None = None) -> etree._Element:
    made = etree.SubElement(parent, _saml(name))
    made.text = text
    return made


def _attribute(statement: etree._Element, name: str, value: str | None = None) -> etree._Element:
    made = _child(statement, "Attribute")
    made.set("Name", name)
    if value is not None:
        _child(made, "AttributeValue", value)
    return made


def _coded(parent: etree._Element, name: str, coding: Coding) -> None:
    made = etree.SubElement(parent, f"{{{HL7}}}{name}", nsmap=_HL7_ALONE)
    made.set(f"{{{XSI}}}type", "CE")
    made.attrib.update({"code": coding.code, "codeSystem": coding.system.oid, "displayName": coding.display})


def _instant(moment: datetime) -> str:
    """UTC, to the millisecond, as SAML wants it (``Z``)."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"

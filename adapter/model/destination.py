"""How a DMP is reached: plain values that settings read and that the wires are built from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

Wire = Literal["pdsm", "xds"]
AccessMode = Literal["direct", "indirect", "indirect-reinforced", "air"]
DigestName = Literal["SHA-1", "SHA-256"]
Service = Literal["repository", "registry", "patients", "habilitations"]

SERVICES: Final[tuple[Service, ...]] = ("repository", "registry", "patients", "habilitations")


@dataclass(frozen=True, slots=True)
class KeySource:
    """Where a private key and its certificates are: PEM files, a PKCS#12 file, or a card (PKCS#11).

    Attributes:
        cert: PEM certificate and its chain, or a PKCS#12 file when there is no ``key``.
        key: PEM private key; None for a PKCS#12 file or a card.
        password_env: environment variable of the password of the key or of the code of the card; empty when there is
            none to give, or when a person is to be asked.
        module: PKCS#11 library of the card; None for files.
        slot: slot of the card; None takes the only one that holds a card.
        label: label of the key on the card; empty takes the only one that signs.
    """

    cert: Path | None = None
    key: Path | None = None
    password_env: str = ""
    module: Path | None = None
    slot: int | None = None
    label: str = ""

    @property
    def told(self) -> bool:
        """Whether a key is told at all."""
        return self.cert is not None or self.module is not None


@dataclass(frozen=True, slots=True)
class XdsAccess:
    """Who acts on the XDS wire and how that is told; used when the wire is ``xds``.

    Attributes:
        mode: ``direct`` (CPS card), ``indirect`` (organisation certificates), ``indirect-reinforced`` or ``air``
            (Pro Santé Connect).
        structure: national identifier of the structure (Struct_IdNat: ``1`` and FINESS, ``3`` and SIRET...).
        sector: activity sector of the structure (TRE_R02: ``SA07``...).
        user_id: national identifier of who acts (PS_IdNat: ``8`` and RPPS); what is sent is sent by its author.
        user_name: given name and name of the same.
        roles: profession, then speciality, as ``code^oid^label``.
        automaton: nobody acts, a program does: ``user_id`` is then who answers for it.
        software_name, software_version: as shown to the user; empty: those of the installation.
        software_id: LPS_ID; may stay empty. ``approval_id``: LPS_ID_HOMOLOGATION_DMP.
        login: SAML class of the local login of the user; empty: the usual one of the mode.
        vihf_version: ``3.0`` (CNAM samples) or ``4.0`` (ANS text).
        vihf_mode_name: name of the attribute of the mode, which the two sources spell differently.
        vihf_digest, dsg_digest: digests of the two signatures.
        vihf_lifetime_s: validity written in the assertion; None writes none, as the CNAM samples.
        check_structure: warns when the signing certificate names another structure.
        services: address of a service that does not follow the base address.
        repository_unique_id: repository asked for documents when an answer names none.
        source_id: OID of the sending system; empty: the one of the deposit.
        processing: code of processing told by TD0.2: ``P`` production, ``D`` debugging, ``T`` training.
        revocation: action by which TD0.3 takes an authorisation away; no published sample shows it.
        signing: the signing key (ORG_SIGN, or signature key of the card).
    """

    mode: AccessMode = "indirect"
    structure: str = ""
    sector: str = ""
    user_id: str = field(default="", repr=False)
    user_name: str = field(default="", repr=False)
    roles: tuple[str, ...] = ()
    automaton: bool = False
    software_name: str = ""
    software_version: str = ""
    software_id: str = ""
    approval_id: str = ""
    login: str = ""
    vihf_version: Literal["3.0", "4.0"] = "3.0"
    vihf_mode_name: Literal["Authentification_Mode", "Authentification_mode"] = "Authentification_Mode"
    vihf_digest: DigestName = "SHA-256"
    vihf_lifetime_s: int | None = None
    dsg_digest: DigestName = "SHA-1"
    check_structure: bool = True
    services: Mapping[Service, str] = field(default_factory=lambda: MappingProxyType({}))
    repository_unique_id: str = ""
    source_id: str = ""
    processing: Literal["P", "D", "T"] = "P"
    revocation: str = "SUPPRESSION"
    signing: KeySource = field(default_factory=KeySource)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How one DMP is reached, on any wire.

    Attributes:
        base_url: base of its FHIR server, or of its SOAP services (``…/services``).
        wire: ``pdsm`` (FHIR) or ``xds`` (SOAP, the one of production).
        ca_bundle: file of the authorities to trust; None for the usual ones.
        crl: PEM or DER file of the revoked certificates of servers; None checks no revocation.
        client: key and certificate that open the TLS session.
        actor: header ``X-DMP-Actor`` of the simulator; empty for a real DMP.
        caller_rpps: who acts, to tell whether he or she is médecin traitant DMP.
        proxy: address of the proxy; empty for none, whatever the environment says.
        post_search: searches travel in the body, so that no INS stands in a URL (``pdsm``).
        connect_timeout_s, read_timeout_s, total_timeout_s: to reach it, between two blocks, for a whole answer.
        xds: who acts and how that is told (``xds``).
    """

    base_url: str = field(kw_only=False)
    wire: Wire = "pdsm"
    ca_bundle: Path | None = None
    crl: Path | None = None
    client: KeySource = field(default_factory=KeySource)
    actor: str = field(default="", repr=False)
    caller_rpps: str = ""
    proxy: str = field(default="", repr=False)
    post_search: bool = True
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 60.0
    total_timeout_s: float = 300.0
    xds: XdsAccess = field(default_factory=XdsAccess)

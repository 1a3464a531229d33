"""What an XDS answer means: ebRS errors, codes of the DMP and SOAP faults as our typed errors, codes kept whole.

Sources: IHE ITI TF-3, table 4.2.4.1-2 (error codes) and 4.2.4.2 (RegistryResponse); GIE SESAM-Vitale, DMP vendor
package (codes of the DMP); OASIS WS-Security 1.0, 12 and W3C WS-Addressing 1.0 SOAP binding, 6.4 (fault codes).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from lxml import etree

from adapter.dmp import DepositBusy
from adapter.dmp.xds import redaction
from adapter.dmp.xds.ebxml.names import RS
from adapter.dmp.xds.soap import Fault
from adapter.errors import DmpAccessDenied, DmpError, DmpRejected, DmpUnreachable, OutcomeUnknown

_log = logging.getLogger(__name__)

SUCCESS: Final = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Success"
FAILURE: Final = "urn:oasis:names:tc:ebxml-regrep:ResponseStatusType:Failure"
PARTIAL: Final = "urn:ihe:iti:2007:ResponseStatusType:PartialSuccess"
SEVERITY: Final = "urn:oasis:names:tc:ebxml-regrep:ErrorSeverityType:"

RETRIED: Final = frozenset(
    {
        "XDSRegistryBusy",
        "XDSRepositoryBusy",
        "XDSRegistryOutOfResources",
        "XDSRepositoryOutOfResources",
        "XDSRegistryNotAvailable",
        "EndpointUnavailable",
    }
)
"""Codes of a moment: the same request may pass later. Any other code is a refusal."""

_NO_ROOM: Final = frozenset({"XDSRegistryOutOfResources", "XDSRepositoryOutOfResources"})
"""Those that may be about the size of this deposit alone."""

DUPLICATE: Final = "XDSDuplicateUniqueIdInRegistry"
"""Refusal that an earlier attempt of ours may explain: whoever gets it searches, and only then counts it as done."""

_NO_OPEN_DMP: Final = frozenset({"DMPClosed", "XDSUnknownPatientId"})
_ACCESS: Final = frozenset(
    {
        "DMPAccessForbidden",
        "DMPInvalidCertificate",
        "DMPIdentityCertificationFailure",
        "LocalPolicyRestrictionError",
        "FailedAuthentication",
        "FailedCheck",
        "InvalidSecurity",
        "InvalidSecurityToken",
        "MessageExpired",
        "SecurityTokenUnavailable",
        "UnsupportedAlgorithm",
        "UnsupportedSecurityToken",
    }
)
_DENIED: Final = "Le DMP refuse l'accès (droits, authentification ou choix du patient)."
_REFUSED: Final = "Le DMP a refusé la demande."
_HTTP: Final = {
    404: "Le service du DMP est introuvable à cette adresse.",
    405: "Le service du DMP n'admet pas cette opération.",
    413: "Le message est trop volumineux pour le DMP.",
    415: "Le service du DMP n'admet pas ce format de message.",
}
_REFUSED_BEFORE: Final = frozenset({408, 425, 429, 503})  # turned away before any effect
_MAX_CODE: Final = 200
_LONG: Final = 8  # characters that no code holds by chance


@dataclass(frozen=True, slots=True, repr=False)
class RegistryError:
    """One error or warning of a registry; ``context`` and ``location`` are its own words."""

    code: str
    context: str = ""
    location: str = ""
    warning: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class RegistryResponse:
    """Status of a transaction, as the registry wrote it, and what it says of it."""

    status: str
    errors: tuple[RegistryError, ...] = ()

    @property
    def failures(self) -> tuple[RegistryError, ...]:
        """Errors, without the warnings."""
        return tuple(one for one in self.errors if not one.warning)

    @property
    def partial(self) -> bool:
        """Whether only a part was done."""
        return self.status == PARTIAL


def build_response(response: RegistryResponse, tag: str = f"{{{RS}}}RegistryResponse") -> etree._Element:
    """Element of a response. ``tag``: that of an answer of the same type (AdhocQueryResponse)."""
    root = etree.Element(tag, {"status": response.status}, nsmap={"rs": RS})
    if response.errors:
        worst = "Error" if response.failures else "Warning"
        held = etree.SubElement(root, f"{{{RS}}}RegistryErrorList", {"highestSeverity": f"{SEVERITY}{worst}"})
        for one in response.errors:
            etree.SubElement(
                held,
                f"{{{RS}}}RegistryError",
                {
                    "errorCode": one.code,
                    "codeContext": one.context,
                    "location": one.location,
                    "severity": f"{SEVERITY}{'Warning' if one.warning else 'Error'}",
                },
            )
    return root


def read_response(element: etree._Element) -> RegistryResponse:
    """Response of an element that bears a status, whatever its name."""
    return RegistryResponse(
        element.get("status") or "",
        tuple(
            RegistryError(
                one.get("errorCode") or "",
                one.get("codeContext") or (one.text or "").strip(),
                one.get("location") or "",
                (one.get("severity") or "").endswith(":Warning"),
            )
            for one in element.iterfind(f"{{{RS}}}RegistryErrorList/{{{RS}}}RegistryError")
        ),
    )


def require_success(
    response: RegistryResponse, *, safe: bool, secrets: Collection[str] = (), partial: bool = False
) -> None:
    """Nothing, when the transaction was done whole.

    Args:
        safe: the request had no effect.
        secrets: what is known of the patient, cut out of what the error tells.
        partial: a part is welcome: what came is looked at, then ``refusal`` tells the rest.

    Raises:
        DmpError: the kind that the status and the codes call for.
    """
    if response.status == SUCCESS and not response.failures:
        if response.errors:
            _log.warning("avertissements du DMP : %s", _joined(_codes(response.errors, secrets)))
        return
    if response.status == PARTIAL and partial:
        return
    if response.status == FAILURE:
        raise refusal(response, secrets=secrets)
    if response.status == PARTIAL:
        raise _in_doubt("Le DMP n'a fait qu'une partie de la demande.", response, "PartialSuccess", safe, secrets)
    if response.status == SUCCESS:
        raise _in_doubt("Le DMP annonce à la fois un succès et des erreurs.", response, "answer", safe, secrets)
    raise _in_doubt("Le DMP n'annonce ni succès ni échec.", response, "answer", safe, secrets)


def refusal(response: RegistryResponse, *, secrets: Collection[str] = ()) -> DmpError:
    """Error of a transaction that was not done at all."""
    failures = response.failures or response.errors
    codes = _codes(failures, secrets)
    return by_codes(codes or ["Failure"], details=tuple(_detail(one, secrets) for one in failures))


def by_codes(codes: Iterable[str], *, details: tuple[str, ...] = (), retry_after_s: float | None = None) -> DmpError:
    """Error of codes for which nothing was done: access first, then refusal; try again only when all are passing."""
    known = tuple(dict.fromkeys(codes))
    code = _joined(known)
    if set(known) & _NO_OPEN_DMP:
        return DmpAccessDenied("Ce patient n'a pas de DMP ouvert.", code=code, details=details)
    if set(known) & _ACCESS:
        return DmpAccessDenied(_DENIED, code=code, details=details)
    if known and set(known) <= RETRIED:
        passing = DepositBusy if set(known) <= _NO_ROOM else DmpUnreachable
        return passing("Le DMP signale une erreur passagère.", code=code, retry_after_s=retry_after_s, details=details)
    return DmpRejected(_REFUSED, code=code, details=details)


def by_fault(
    fault: Fault, status: int, *, safe: bool, retry_after_s: float | None = None, secrets: Collection[str] = ()
) -> DmpError:
    """Error of a SOAP fault.

    Args:
        status: HTTP status that carried it.

    The sender's faults, and those of the envelope itself, mean that nothing was done; the receiver's leave a doubt,
    unless they bear a code that says otherwise.
    """
    own = tuple(told(value, secrets) for name, value in fault.details if name in _CODE_NAMES and _is_code(value))
    codes = own + ((told(fault.own_code, secrets),) if fault.own_code else ())
    details = (redaction.cut(fault.reason, secrets),) if fault.reason else ()
    if set(codes) & (_NO_OPEN_DMP | _ACCESS):
        return by_codes(codes, details=details)
    if status in _REFUSED_BEFORE or set(codes) & RETRIED:
        passing = DepositBusy if set(codes) & _NO_ROOM else DmpUnreachable
        return passing(
            "Le DMP est momentanément indisponible.", code=_joined(codes), retry_after_s=retry_after_s, details=details
        )
    if fault.code in ("Receiver", "Server", ""):
        kind = DmpUnreachable if safe else OutcomeUnknown
        return kind(
            "Le DMP a rencontré une erreur interne.",
            code=_joined(codes) or "fault",
            retry_after_s=retry_after_s,
            details=details,
        )
    return DmpRejected(_REFUSED, code=_joined(codes), details=details)


def by_status(status: int, code: str, *, safe: bool, retry_after_s: float | None = None) -> DmpError:
    """Error of an HTTP answer whose body says nothing usable.

    Args:
        code: what is wrong with the body (``multipart-cut``), used when the status itself is a success.
    """
    own = f"HTTP {status}"
    if 300 <= status < 400:
        return DmpUnreachable("Le DMP renvoie vers une autre adresse : elle n'est pas suivie.", code=own)
    if status in _REFUSED_BEFORE:
        return DmpUnreachable("Le DMP est momentanément indisponible.", code=own, retry_after_s=retry_after_s)
    if status in (401, 403, 407):
        return DmpAccessDenied(_DENIED, code=own)
    if status >= 500 and status != 501:
        kind = DmpUnreachable if safe else OutcomeUnknown
        return kind("Le DMP a rencontré une erreur interne.", code=own, retry_after_s=retry_after_s)
    if not 200 <= status < 300:
        return DmpRejected(_HTTP.get(status, _REFUSED), code=own)
    return unusable(code, safe=safe)


def unusable(code: str, *, safe: bool) -> DmpError:
    """Error of an answer that cannot be read: nothing done when the request had no effect, unknown otherwise."""
    kind = DmpUnreachable if safe else OutcomeUnknown
    return kind("La réponse du DMP est illisible ou inattendue.", code=code)


_CODE_NAMES: Final = frozenset({"code", "codeErreur", "errorCode", "status", "faultCode"})
_CODE_OF_XDS: Final = re.compile(r"XDS(?:[A-Z]{1,3}[a-z]+)+(?:ID)?")
_CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.:\-]{1,99}")


def _detail(error: RegistryError, secrets: Collection[str]) -> str:
    """One error for a person to read: code, words, place."""
    parts = [told(error.code, secrets), redaction.cut(error.context, secrets), redaction.cut(error.location, secrets)]
    return " | ".join(part for part in parts if part)


def _in_doubt(message: str, response: RegistryResponse, instead: str, safe: bool, secrets: Collection[str]) -> DmpError:
    codes = _codes(response.failures, secrets)
    kind = DmpUnreachable if safe else OutcomeUnknown
    return kind(
        message,
        code=_joined([instead, *codes] if instead == "PartialSuccess" else codes or [instead]),
        details=tuple(_detail(one, secrets) for one in response.failures),
    )


def _joined(codes: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(codes))[:_MAX_CODE]


def _codes(errors: Iterable[RegistryError], secrets: Collection[str]) -> list[str]:
    return [told(one.code, secrets) for one in errors if one.code]


def told(code: str, secrets: Collection[str]) -> str:
    """A code on one line, kept whole unless it holds something of the patient."""
    line = " ".join(code.split())[:_MAX_CODE]
    if line in RETRIED | _NO_OPEN_DMP | _ACCESS or _CODE_OF_XDS.fullmatch(line):
        return line
    hidden = {word.lower() for secret in secrets for word in re.findall(r"\w+", secret)}
    glued = any(len(secret) >= _LONG and secret in line for secret in secrets)
    return "…" if glued or hidden & set(re.findall(r"\w+", line.lower())) else line


def _is_code(value: str) -> bool:
    return _CODE.fullmatch(value) is not None

"""Every refusal as a problem: what kind, one French sentence, and the findings when there are some.

Source: RFC 9457. The findings are those that ``dmp-adapter validate --format json`` prints.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from fastapi.responses import Response

from adapter.errors import Finding, Severity

PROBLEM_JSON: Final = "application/problem+json"
_NAMESPACE: Final = "urn:dmp-adapter:problem:"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem: its name in ``type``, its usual status and its title."""

    name: str
    status: int
    title: str

    @property
    def type(self) -> str:
        """Value of the member ``type``."""
        return _NAMESPACE + self.name


def _kinds(*kinds: Kind) -> Mapping[str, Kind]:
    return {kind.name: kind for kind in kinds}


KINDS: Final = _kinds(
    Kind("unreadable-body", 400, "Corps illisible"),
    Kind("bad-request", 400, "Requête mal formée"),
    Kind("token", 401, "Jeton absent ou inconnu"),
    Kind("origin", 403, "Origine refusée"),
    Kind("dmp-access-denied", 403, "Accès refusé par le DMP"),
    Kind("not-found", 404, "Introuvable"),
    Kind("method", 405, "Méthode non prévue"),
    Kind("not-acceptable", 406, "Forme non disponible"),
    Kind("slow-body", 408, "Corps trop lent"),
    Kind("in-flight", 409, "Même dépôt en cours"),
    Kind("submission-state", 409, "État du dépôt"),
    Kind("too-large", 413, "Requête trop volumineuse"),
    Kind("media-type", 415, "Type de contenu refusé"),
    Kind("host", 421, "Nom d'hôte refusé"),
    Kind("visit-invalid", 422, "Visite refusée"),
    Kind("document-invalid", 422, "Document refusé par nos contrôles"),
    Kind("tables", 422, "Tables de correspondance"),
    Kind("submission-refused", 422, "Dépôt impossible"),
    Kind("patient-opposition", 422, "Opposition du patient"),
    Kind("key-reused", 422, "Même visite et même version, autre contenu"),
    Kind("parameters", 422, "Paramètres refusés"),
    Kind("dmp-rejected", 422, "Refusé par le DMP"),
    Kind("too-many", 429, "Trop de requêtes"),
    Kind("internal", 500, "Erreur interne"),
    Kind("busy", 503, "Service occupé"),
    Kind("queue", 503, "File d'envoi indisponible"),
    Kind("dmp-unreachable", 503, "DMP injoignable"),
    Kind("not-ready", 503, "Service non prêt"),
    Kind("dmp-outcome-unknown", 504, "Réponse du DMP inconnue"),
)


class Refusal(Exception):
    """A request that is answered by a problem.

    Attributes:
        kind: what kind of problem.
        detail: one French sentence without any value of the request.
        findings: what is wrong, each at its path.
        more: further members (``dmp_code``, ``allowed``...).
        headers: of the answer.
    """

    def __init__(
        self,
        name: str,
        detail: str = "",
        *,
        findings: Sequence[Finding] = (),
        more: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(name)
        self.kind = KINDS[name]
        self.detail = detail
        self.findings = tuple(findings)
        self.more = dict(more or {})
        self.headers = dict(headers or {})


def problem(refusal: Refusal) -> Response:
    """Answer for a refusal."""
    kind = refusal.kind
    body: dict[str, Any] = {"type": kind.type, "title": kind.title, "status": kind.status}
    if refusal.detail:
        body["detail"] = refusal.detail
    if refusal.findings:
        body |= told(refusal.findings)
    body |= refusal.more
    return Response(orjson.dumps(body), kind.status, refusal.headers, PROBLEM_JSON)


def told(findings: Sequence[Finding]) -> dict[str, Any]:
    """Findings and their totals, as ``validate --format json`` gives them for one file."""
    errors = sum(one.severity is Severity.ERROR for one in findings)
    return {
        "valid": not errors,
        "findings": [as_object(one) for one in findings],
        "errors": errors,
        "warnings": len(findings) - errors,
    }


def as_object(finding: Finding) -> dict[str, str]:
    """One finding for a program."""
    shown = {
        "rule": finding.rule,
        "severity": finding.severity.value,
        "path": finding.path,
        "message": finding.message,
    }
    return shown | {"source": finding.source} if finding.source else shown

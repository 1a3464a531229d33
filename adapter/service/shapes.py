"""The shapes of what the service answers, and of what it reads beside visits: the contract, written once.

Answers are printed from plain values; tests hold every answer beside these shapes.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from adapter.api.forms import Form

SeverityName = Literal["error", "warning"]
StateName = Literal[
    "queued", "sending", "unknown", "accepted", "confirmed", "rejected", "blocked", "replaced", "withdrawn"
]
FormsName = Literal["cda", "fhir", "both", "cda-n1"]
Number = Annotated[int, Field(ge=1, le=10**11 - 1)]


class Shape(BaseModel):
    """Base of all: nothing beside what is written."""

    model_config = ConfigDict(extra="forbid")


class FindingShape(Shape):
    """Un constat : la règle, l'endroit, une phrase."""

    rule: str = Field(description="Code de la règle, expliqué par « dmp-adapter rules CODE ».")
    severity: SeverityName = Field(description="Une erreur arrête, un avertissement non.")
    path: str = Field(description="Chemin dans la visite ($.symptoms[0].code), dans le CDA ou dans le Bundle.")
    message: str = Field(description="Phrase française, sans donnée du patient.")
    source: str | None = Field(default=None, description="Texte d'où vient la règle.")


class Report(Shape):
    """Constats sur une visite."""

    valid: bool = Field(description="Vrai quand aucun constat n'est une erreur.")
    findings: list[FindingShape]
    errors: int
    warnings: int


class ProblemDetails(BaseModel):
    """Problème (RFC 9457), avec nos constats."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Nature du problème : urn:dmp-adapter:problem:…")
    title: str = Field(description="Nature du problème, en français.")
    status: int = Field(description="Code HTTP.")
    detail: str | None = Field(default=None, description="Une phrase sur ce cas.")
    valid: bool | None = None
    findings: list[FindingShape] | None = None
    errors: int | None = None
    warnings: int | None = None
    dmp_code: str | None = Field(default=None, description="Code du DMP, tel qu'il l'a donné.")


class FormContent(Shape):
    """Un document : ses octets, et ce qu'ils sont."""

    media_type: str
    encoding: Literal["utf-8", "base64"] = Field(description="Comment lire « content ».")
    content: str
    size_bytes: int
    sha256: str = Field(description="Empreinte des octets, en hexadécimal.")


class Conversion(Shape):
    """Une visite convertie."""

    document_id: str = Field(description="OID du document.")
    set_id: str = Field(description="OID commun à toutes ses versions.")
    version: int
    forms: dict[Form, FormContent] = Field(description="Les formes demandées.")
    findings: list[FindingShape] = Field(description="Avertissements.")


class SightShape(Shape):
    """Ce qu'un lecteur verra dans le DMP."""

    reader: Literal["patient", "guardians", "professionals"]
    visible: bool
    explanation: str
    until: date | None = Field(description="Date d'annonce prévue, après laquelle le masquage est levé.")


class Kept(Shape):
    """Un champ de la visite qu'aucun document n'imprime."""

    path: str
    reason: str


class PreviewShape(Shape):
    """Une visite avant partage."""

    valid: bool
    sheet: str | None = Field(description="Fiche lisible (HTML).")
    cda: str | None
    fhir: str | None
    findings: list[FindingShape]
    by_path: dict[str, list[FindingShape]] = Field(description="Constats qui visent un champ de la visite, par chemin.")
    may_be_sent: bool
    refusals: list[FindingShape] = Field(description="Ce pour quoi un dépôt serait refusé.")
    sights: list[SightShape] = Field(description="Ce que le patient et les autres lecteurs verront.")
    kept: list[Kept] = Field(description="Champs remplis qui restent au cabinet.")
    trace: Any = Field(description="Origine de chaque partie des documents, quand elle est connue.")


class Receipt(Shape):
    """Un dépôt en file ; la même visite envoyée de nouveau donne la même réponse."""

    id: Number
    href: str = Field(description="Où suivre ce dépôt.")
    destination: str
    form: FormsName
    document_id: str
    set_unique_id: str
    unique_ids: list[str]
    findings: list[FindingShape] = Field(description="Avertissements.")


class SubmissionShape(Shape):
    """Un dépôt : où il en est, et pourquoi."""

    id: Number
    href: str
    state: StateName
    settled: bool = Field(description="Vrai quand plus rien ne se passera tout seul.")
    dead: bool = Field(description="Essais épuisés : à rejouer.")
    reason: str
    explanation: str = Field(description="Phrase française ; vide quand l'état dit tout.")
    dmp_code: str
    destination: str
    endpoint: str
    form: str
    attempts: int
    created_at: datetime
    updated_at: datetime
    due_at: datetime | None
    set_unique_id: str
    unique_ids: list[str]
    size_bytes: int
    purged: bool


class SubmissionPage(Shape):
    """Dépôts, dans l'ordre de leur arrivée."""

    submissions: list[SubmissionShape]
    next_after: int | None = Field(description="Valeur de « after » pour la page suivante ; null à la fin.")


class Asked(Shape):
    """Base of what is read: no number is taken for a date, no text for a number."""

    model_config = ConfigDict(extra="forbid", strict=True)


class InsOfPatient(Asked):
    """INS d'un patient."""

    root: Annotated[str, StringConstraints(max_length=64)] = Field(description="Racine (OID) de l'INS.")
    value: Annotated[str, StringConstraints(max_length=32)] = Field(description="Matricule.")


class PatientBody(Asked):
    """Le patient concerné : son INS voyage dans le corps, jamais dans une adresse."""

    ins: InsOfPatient


class SearchBody(PatientBody):
    """Documents cherchés."""

    unique_id: Annotated[str, StringConstraints(pattern=r"^[0-2](\.(0|[1-9][0-9]*))+$", max_length=64)] | None = Field(
        default=None, description="Un seul document."
    )
    superseded: bool = Field(default=False, description="Les documents remplacés aussi.")
    archived: bool | None = Field(default=None, description="Archivés ou non ; absent : tous.")
    type: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,40}$")] | None = Field(
        default=None, description="Code du type de document (11488-4…)."
    )
    created_from: date | None = None
    created_to: date | None = None


class DmpStatus(Shape):
    """État du DMP du patient."""

    state: Literal["absent", "active", "closed"]
    reason: str
    authorised: bool
    attending_physician: bool | None


class DmpDocument(Shape):
    """Un document tel que le DMP le décrit, sans son titre."""

    unique_id: str
    entry_uuid: str
    location: str
    version: str
    status: Literal["current", "superseded"]
    archived: bool
    masks: list[str]
    type: str
    class_: str = Field(alias="class")
    format: str
    mime_type: str
    confidentiality: list[str]
    created: datetime | None
    service_start: datetime | None
    hash_sha1: str
    size_bytes: int
    replaces: str


class DmpDocuments(Shape):
    """Documents trouvés."""

    documents: list[DmpDocument]


class Deleted(Shape):
    """Un document supprimé."""

    deleted: str


class Opposition(Shape):
    """Opposition d'un patient."""

    opposed: bool
    stopped: int = Field(description="Dépôts arrêtés maintenant.")


class SectionName(Shape):
    """Une rubrique du document."""

    key: str
    title: str


class TableName(Shape):
    """Une table de codes."""

    name: str
    rows: int


class Tables(Shape):
    """Tables de correspondance en service."""

    digest: str = Field(description="Empreinte SHA-256 de toutes les tables.")
    editions: list[str]
    sections: list[SectionName]
    tables: list[TableName]


class CodingShape(Shape):
    """Un code publié."""

    system: str
    system_oid: str
    code: str
    display: str


class TableRow(Shape):
    """Une valeur locale, son libellé, ses codes (aucun : elle reste en texte)."""

    local: str
    label: str
    codings: list[CodingShape]


class Table(Shape):
    """Une table de codes."""

    name: str
    rows: list[TableRow]


class Health(Shape):
    """Le processus répond."""

    status: Literal["ok"]
    version: str


class Readiness(Shape):
    """Ce qui est prêt."""

    status: Literal["ready"]
    checks: dict[str, bool]


ANSWERS: tuple[type[BaseModel], ...] = (
    Report,
    ProblemDetails,
    Conversion,
    PreviewShape,
    Receipt,
    SubmissionShape,
    SubmissionPage,
    PatientBody,
    SearchBody,
    DmpStatus,
    DmpDocument,
    DmpDocuments,
    Deleted,
    Opposition,
    Tables,
    Table,
    Health,
    Readiness,
)

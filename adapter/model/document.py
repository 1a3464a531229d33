"""The synthesis once composed: what every printer prints, resolved once and frozen.

A ``Document`` holds no question any more: codes are resolved, identifiers derived, French sentences written.
``cda``, ``fhir`` and ``render`` print the same ``Coding`` and the same narrative blocks, so they agree by
construction. Texts keep their line breaks as ``\\n``. Dates known in part stay text (``2025``, ``2025-03``).

Anchors: each narrative row, item or paragraph that an entry speaks of carries an anchor, unique in the document;
the entry carries the same anchor (CDA ``text/reference``) and the same words as one line (``statement``, printed as
the narrative of the FHIR resource).
No value here shows its content in ``repr``: names and narrative must not reach a log or an error by accident.
Keys: lower-case UUID text, derived, unique in the document; they name the FHIR resources and the CDA entry ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from adapter.errors import Finding
from adapter.model.coded import Coding, Concept

# ---------------------------------------------------------------- narrative


@dataclass(frozen=True, slots=True, repr=False)
class Paragraph:
    """Some text under an optional bold label; ``strong`` marks what must be seen first."""

    text: str
    label: str = ""
    anchor: str = ""
    strong: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Item:
    """One point of a list."""

    text: str
    anchor: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Bullets:
    """List of points under an optional caption; ``part`` tells a printer what it is, when it matters."""

    items: tuple[Item, ...]
    caption: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Row:
    """One line of a table, as many cells as there are columns; an unknown cell is empty."""

    cells: tuple[str, ...]
    anchor: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class Table:
    """Table with a header line; ``part`` tells a printer what it is, when it matters."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    caption: str = ""
    part: str = ""


Block = Paragraph | Bullets | Table

# ---------------------------------------------------------------- people and places


@dataclass(frozen=True, slots=True, repr=False)
class Identifier:
    """Identifier in an assigning authority: ``root`` OID and ``value``.

    INS: 1.2.250.1.213.1.4.8 to .11; professional: 1.2.250.1.71.4.2.1 ("8" + RPPS); structure: 1.2.250.1.71.4.2.2
    ("1" + FINESS...).
    """

    root: str
    value: str


@dataclass(frozen=True, slots=True, repr=False)
class Telecom:
    """One contact point.

    Attributes:
        kind: ``tel``, ``fax`` or ``mailto``: the URL scheme.
        value: number or address, without scheme.
        use: CDA use code: ``H`` home, ``WP`` work, ``MC`` mobile, ``DIR`` direct, ``EC`` emergency, or empty.
        mssante: secure health mailbox.
        always: reachable day and night.
    """

    kind: Literal["tel", "fax", "mailto"]
    value: str
    use: str = ""
    mssante: bool = False
    always: bool = False


@dataclass(frozen=True, slots=True, repr=False)
class Address:
    """Postal address, only what is known."""

    lines: tuple[str, ...]
    postal_code: str = ""
    city: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class PersonName:
    """Name as people write it; ``prefix`` M or MME, ``suffix`` DR or PR."""

    family: str
    given: str = ""
    prefix: str = ""
    suffix: str = ""

    @property
    def text(self) -> str:
        """Name in reading order, without the empty parts."""
        return " ".join(part for part in (self.suffix.capitalize(), self.given, self.family) if part)


@dataclass(frozen=True, slots=True, repr=False)
class Organization:
    """Structure. ``facility`` is its activity sector (TRE_R02), ``setting`` its practice setting (TRE_A01)."""

    key: str
    name: str
    identifier: Identifier | None = None
    kind: Concept | None = None
    facility: Coding | None = None
    setting: Coding | None = None
    telecoms: tuple[Telecom, ...] = ()
    address: Address | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Professional:
    """A named person in a profession, within an organisation when it is known.

    ``key`` names the person (FHIR Practitioner), ``role_key`` the person in this role (FHIR PractitionerRole).
    """

    key: str
    role_key: str
    name: PersonName
    identifier: Identifier | None = None
    profession: Concept | None = None
    telecoms: tuple[Telecom, ...] = ()
    address: Address | None = None
    organization: Organization | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Guardian:
    """Legal representative: a person or an organisation. ``kind`` is the sort of representation."""

    key: str
    kind: Concept
    relationship: Concept | None = None
    name: PersonName | None = None
    organization_name: str = ""
    telecoms: tuple[Telecom, ...] = ()
    address: Address | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Relative:
    """One relative in one part. A person with two parts (trusted person and carer) stands here twice.

    Attributes:
        person: key shared by all the parts of one person.
        role: the part (TRE_R260 / HL7 RoleClass: NOK, CAREGIVER, ECON, CON), its code is the CDA classCode.
        main_carer: the main carer.
    """

    key: str
    person: str
    role: Coding
    name: PersonName
    relationship: Concept | None = None
    main_carer: bool = False
    telecoms: tuple[Telecom, ...] = ()
    address: Address | None = None


@dataclass(frozen=True, slots=True, repr=False)
class TeamMember:
    """Member of the care team: a professional (perhaps within a structure), or a structure alone.

    Attributes:
        function: function in the care of the patient (PCP, 353, CORRE...; header functionCode).
        label: role in words, for instance the job or the sort of structure.
        start, end: period; None is unknown (start) or open (end).
    """

    key: str
    function: Coding
    label: str
    professional: Professional | None = None
    organization: Organization | None = None
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Patient:
    """Patient. The birth traits are those of the civil register; the used names are shown as people write them."""

    key: str
    birth_family: str
    birth_given: tuple[str, ...]
    gender: Coding
    birth_date: date
    ins: Identifier | None = None
    ins_qualified: bool = False
    identity_status: Coding | None = None
    local_id: Identifier | None = None
    birth_place_code: str = ""
    birth_place_name: str = ""
    used_family: str = ""
    used_given: str = ""
    address: Address | None = None
    telecoms: tuple[Telecom, ...] = ()
    guardians: tuple[Guardian, ...] = ()

    @property
    def text(self) -> str:
        """Name for a reader: used names first, birth name when it differs."""
        given = self.used_given or self.birth_given[0]
        family = self.used_family or self.birth_family
        return f"{given} {family}"


@dataclass(frozen=True, slots=True, repr=False)
class Place:
    """Where the visit took place; ``organization`` for an EHPAD or another structure."""

    key: str
    kind: Concept
    label: str
    address: Address | None = None
    organization: Organization | None = None
    telecoms: tuple[Telecom, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class Encounter:
    """The visit as an encounter: class (HH), type (VSP, None when the author is not the attending physician)."""

    key: str
    identifier: Identifier
    class_: Coding
    start: datetime
    end: datetime
    facility: Coding
    place: Place
    type: Coding | None = None


# ---------------------------------------------------------------- entries


@dataclass(frozen=True, slots=True, repr=False)
class Quantity:
    """Decimal as text, unit for people, UCUM code for machines (empty when the unit has none)."""

    value: str
    unit: str
    ucum: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Entry:
    """What all entries share: derived key, narrative anchor, and the same words on one line."""

    key: str
    anchor: str
    statement: str


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Problem(Entry):
    """Disease, problem or past event. ``kind`` from JDV_ProblemCodes; ``resolved`` when it is over."""

    kind: Coding
    what: Concept
    resolved: bool = False
    onset: str = ""
    end: str = ""
    main: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Allergy(Entry):
    """Allergy or intolerance; for a stated absence, ``agent`` carries the absent-or-unknown coding alone."""

    kind: Coding
    agent: Concept
    reaction: Concept | None = None
    onset: str = ""
    absence: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Medication(Entry):
    """Treatment as the doctor wrote it; nothing is computed.

    Attributes:
        status: active, stopped, suspended, or planned (anticipatory prescription).
        dosage: the whole dosage in words.
        dose, rate: per intake, per time.
        times_per_day, every_hours: frequency, as given.
        as_needed: "si besoin".
        absence: ``product`` carries an absent-or-unknown coding alone.
    """

    status: Literal["active", "stopped", "suspended", "planned"]
    product: Concept
    form: str = ""
    route: Concept | None = None
    dose: Quantity | None = None
    rate: Quantity | None = None
    times_per_day: int | None = None
    every_hours: int | None = None
    as_needed: bool = False
    max_per_day: int | None = None
    indication: str = ""
    dosage: str = ""
    start: str = ""
    end: str = ""
    absence: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Observation(Entry):
    """One finding: a question (``what``), its answer or why there is none, and when.

    Attributes:
        kind: decides the CDA template and the FHIR category and profile.
        value: a score (int), a quantity, a coded answer, words, yes or no; None only with ``absent``.
        at: moment of the finding; a wish or a decision of which the day alone is known has a date.
        absent: why there is no value (for instance not assessable), in words.
        site: body site in words.
        method: circumstance or method in words.
    """

    kind: Literal["pain", "score", "symptom", "vital-sign", "social", "wish", "decision", "finding"]
    what: Concept
    at: datetime | date
    value: Quantity | Concept | int | bool | str | None = None
    absent: str = ""
    site: str = ""
    method: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Directive(Entry):
    """One instruction of the written advance directives. ``accepted`` None: see the words or the document."""

    what: Concept
    accepted: bool | None = None
    written_on: date | None = None
    attachment: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Goal(Entry):
    """Goal of care."""

    what: Concept


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CareAct(Entry):
    """Care under way as an act (palliative care, SNOMED CT 103735009); since when nobody says."""

    what: Coding


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Request(Entry):
    """Coordination action: what, by whom (key of a professional role, organisation or relative), by when."""

    what: Concept
    status: Literal["planned", "requested", "done"]
    performer: str = ""
    performer_label: str = ""
    due: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NextVisit(Entry):
    """Next visit on a known date (``on``), with its time when it is known (``at``)."""

    on: date
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Device(Entry):
    """Device in place; for a stated absence ``what`` carries the absent-or-unknown coding alone."""

    what: Concept
    site: str = ""
    since: str = ""
    absence: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Attachment(Entry):
    """Joined file: base64 text as received, plus the size in bytes and the SHA-1 digest of the decoded content."""

    binary_key: str
    title: str
    media_type: str
    data: str
    size_bytes: int
    sha1: bytes
    created_on: date | None = None
    type: Coding | None = None


AnyEntry = (
    Problem
    | Allergy
    | Medication
    | Observation
    | Directive
    | Goal
    | CareAct
    | Request
    | NextVisit
    | Device
    | Attachment
)

# ---------------------------------------------------------------- document


@dataclass(frozen=True, slots=True, repr=False)
class Section:
    """One section: narrative always complete, entries wherever a code or a structure exists.

    Attributes:
        key: key of the section in ``mappings/documents``.
        fhir: key of the FHIR section it prints into (several CDA sections may share one).
        people: keys of header persons or teams that stand in this section in FHIR (RelatedPerson, CareTeam).
        sections: CDA sub-sections; in FHIR their blocks and entries follow those of the parent.
    """

    key: str
    code: Coding
    title: str
    template_ids: tuple[str, ...]
    fhir: str
    blocks: tuple[Block, ...] = ()
    entries: tuple[AnyEntry, ...] = ()
    people: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()


@dataclass(frozen=True, slots=True, repr=False)
class FhirSection:
    """Section of the FHIR Composition: the blocks of every ``Section`` whose ``fhir`` names it, in order."""

    key: str
    code: Coding
    title: str


@dataclass(frozen=True, slots=True, repr=False)
class Document:
    """Synthesis of one visit, ready to print.

    Attributes:
        oid: unique identifier of this version (OID); ``set_oid``: of all its versions; ``replaces_oid``: of the
            version that this one replaces, or empty.
        bundle_key, composition_key, team_key, plan_key: UUIDs of the FHIR Bundle, Composition, CareTeam, CarePlan.
        confidentiality: N, R or V. ``visibility``: DMP masks, for the submission only.
        author_function: functionCode of the author (PCP when attending physician), or None: a locum stands in for
            `replaced`.
        attending: attending physician when he or she is not the author. ``replaced``: doctor replaced by a locum.
        correction: reason of the correction, printed; empty when there is none.
        profiles: FHIR profile URLs by key, from the edition.
        notices: findings of composition (uncoded entries, missing recommended content): warnings only.
        digest: digest of the mappings used.
    """

    oid: str
    set_oid: str
    version: int
    bundle_key: str
    composition_key: str
    team_key: str
    plan_key: str
    type: Coding
    class_: Coding
    format: Coding
    template_ids: tuple[str, ...]
    title: str
    written_at: datetime
    confidentiality: Coding
    patient: Patient
    author: Professional
    custodian: Organization
    encounter: Encounter
    sections: tuple[Section, ...]
    fhir_sections: tuple[FhirSection, ...]
    profiles: Mapping[str, str]
    author_function: Coding | None = None
    attending: Professional | None = None
    replaced: Professional | None = None
    relatives: tuple[Relative, ...] = ()
    team: tuple[TeamMember, ...] = ()
    replaces_oid: str = ""
    correction: str = ""
    visibility: tuple[Coding, ...] = ()
    language: str = "fr-FR"
    care_team_name: str = ""
    notices: tuple[Finding, ...] = field(default=(), compare=False)
    digest: str = ""

"""A composed document with every sort of entry, person and narrative block, for the tests of all the printers.

Everybody is made up; INS and professional identifiers are test values.
"""

from __future__ import annotations

import hashlib
import tomllib
from base64 import b64encode
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

from adapter.model.coded import CodeSystem, Coding, Concept
from adapter.model.document import (
    Address,
    Allergy,
    AnyEntry,
    Attachment,
    Block,
    Bullets,
    CareAct,
    Device,
    Directive,
    Document,
    Encounter,
    FhirSection,
    Goal,
    Guardian,
    Identifier,
    Item,
    Medication,
    NextVisit,
    Observation,
    Organization,
    Paragraph,
    Patient,
    PersonName,
    Place,
    Problem,
    Professional,
    Quantity,
    Relative,
    Request,
    Row,
    Section,
    Table,
    TeamMember,
    Telecom,
)

EDITION = Path(__file__).resolve().parent.parent / "mappings" / "editions" / "2026-11.toml"
EXTENSIONS: dict[str, str] = {  # facts stand in them; profiles only declare what is met
    key: url for key, url in tomllib.loads(EDITION.read_text("utf-8"))["profiles"].items() if key.startswith("ext-")
}

PARIS_SUMMER = timezone(timedelta(hours=2))
VISIT_START = datetime(2026, 10, 12, 10, 0, tzinfo=PARIS_SUMMER)
VISIT_END = datetime(2026, 10, 12, 11, 5, tzinfo=PARIS_SUMMER)
WRITTEN_AT = datetime(2026, 10, 12, 18, 20, 7, tzinfo=PARIS_SUMMER)

LOINC = CodeSystem("loinc", "2.16.840.1.113883.6.1", "http://loinc.org", "LOINC")
SNOMED = CodeSystem("snomed-ct", "2.16.840.1.113883.6.96", "http://snomed.info/sct", "SNOMED CT")
CIM10 = CodeSystem("cim-10", "2.16.840.1.113883.6.3", "http://hl7.org/fhir/sid/icd-10", "CIM-10")
ATC = CodeSystem("atc", "2.16.840.1.113883.6.73", "http://www.whocc.no/atc", "ATC")
EDQM = CodeSystem("edqm", "0.4.0.127.0.16.1.1.2.1", "http://standardterms.edqm.eu", "EDQM")
NGAP = CodeSystem("ngap", "1.2.250.1.215.200.3.3", "urn:oid:1.2.250.1.215.200.3.3", "NGAP")
ACT_CODE = CodeSystem(
    "act-code", "2.16.840.1.113883.5.4", "http://terminology.hl7.org/CodeSystem/v3-ActCode", "HL7:ActCode"
)
CONFIDENTIALITY = CodeSystem(
    "confidentiality",
    "2.16.840.1.113883.5.25",
    "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
    "HL7:Confidentiality",
)
GENDER = CodeSystem(
    "gender",
    "2.16.840.1.113883.5.1",
    "http://terminology.hl7.org/CodeSystem/v3-AdministrativeGender",
    "HL7:AdministrativeGender",
)
ROLE_CLASS = CodeSystem(
    "role-class", "2.16.840.1.113883.5.110", "http://terminology.hl7.org/CodeSystem/v3-RoleClass", "HL7:RoleClass"
)
ROLE_CODE = CodeSystem(
    "role-code", "2.16.840.1.113883.5.111", "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "HL7:RoleCode"
)
FUNCTION = CodeSystem(
    "function",
    "2.16.840.1.113883.5.88",
    "http://terminology.hl7.org/CodeSystem/v3-ParticipationFunction",
    "HL7:ParticipationFunction",
)
ABSENT = CodeSystem(
    "absent-or-unknown",
    "2.16.840.1.113883.5.1150.1",
    "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips",
    "IPS:AbsentOrUnknownData",
)
TRE_R85 = CodeSystem(
    "tre-r85",
    "1.2.250.1.213.1.6.1.107",
    "https://mos.esante.gouv.fr/NOS/TRE_R85-RolePriseCharge/FHIR/TRE-R85-RolePriseCharge",
    "TRE_R85-RolePriseCharge",
)
TRE_A00 = CodeSystem("tre-a00", "1.2.250.1.213.1.1.4.2.280", "urn:oid:1.2.250.1.213.1.1.4.2.280", "TRE_A00")
TRE_A01 = CodeSystem(
    "tre-a01",
    "1.2.250.1.213.1.1.4.9",
    "https://mos.esante.gouv.fr/NOS/TRE_A01-CadreExercice/FHIR/TRE-A01-CadreExercice",
    "TRE_A01-CadreExercice",
)
TRE_A03 = CodeSystem(
    "tre-a03",
    "1.2.250.1.213.1.1.4.1",
    "https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument",
    "TRE_A03-ClasseDocument",
)
TRE_A06 = CodeSystem(
    "tre-a06",
    "1.2.250.1.213.1.1.4.2.282",
    "https://mos.esante.gouv.fr/NOS/TRE_A06-FormatCodeComplementaire/FHIR/TRE-A06-FormatCodeComplementaire",
    "TRE_A06-FormatCodeComplementaire",
)
SPECIALTY = CodeSystem(
    "author-specialty",
    "1.2.250.1.213.1.1.4.5",
    "https://mos.esante.gouv.fr/NOS/TRE_A02-ProfessionSavFaire-CISIS/FHIR/TRE-A02-ProfessionSavFaire-CISIS",
    "TRE_A02-ProfessionSavFaire-CISIS",
)
TRE_R02 = CodeSystem(
    "tre-r02",
    "1.2.250.1.71.4.2.4",
    "https://mos.esante.gouv.fr/NOS/TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite",
    "TRE_R02-SecteurActivite",
)
TRE_R260 = CodeSystem(
    "tre-r260",
    "1.2.250.1.213.3.3.66",
    "https://mos.esante.gouv.fr/NOS/TRE_R260-HL7RoleClass/FHIR/TRE-R260-HL7RoleClass",
    "TRE_R260-HL7RoleClass",
)

PROFESSIONAL_ROOT = "1.2.250.1.71.4.2.1"
STRUCTURE_ROOT = "1.2.250.1.71.4.2.2"
INS_TEST_ROOT = "1.2.250.1.213.1.4.10"


def key(name: str) -> str:
    """Lower-case UUID of `name`, the same in every run."""
    return str(uuid5(NAMESPACE_OID, f"tests.{name}"))


def concept(text: str, *codings: Coding) -> Concept:
    return Concept(text, codings)


def loinc(code: str, display: str = "") -> Coding:
    return Coding(LOINC, code, display)


def snomed(code: str, display: str = "") -> Coding:
    return Coding(SNOMED, code, display)


PRACTICE = Organization(
    key=key("practice"),
    name="Maison médicale des Tanneurs",
    identifier=Identifier(STRUCTURE_ROOT, "1990000010"),
    facility=Coding(TRE_R02, "SA08", "Cabinet de groupe"),
    setting=Coding(TRE_A01, "PALLIATIF", "Soins palliatifs"),
    telecoms=(Telecom("tel", "0200000001", "WP"),),
    address=Address(("3 place du Marché",), "44000", "Nantes", "FRA"),
)
AUTHOR = Professional(
    key=key("author"),
    role_key=key("author-role"),
    name=PersonName("ÉVENO", "Claire", "MME", "DR"),
    identifier=Identifier(PROFESSIONAL_ROOT, "899700100003"),
    profession=concept("Médecin généraliste", Coding(SPECIALTY, "G15_10/SM54", "Médecin - Médecine générale (SM)")),
    telecoms=(
        Telecom("tel", "0200000001", "WP"),
        Telecom("mailto", "claire.eveno@test.mssante.fr", "WP", mssante=True),
    ),
    address=PRACTICE.address,
    organization=PRACTICE,
)
REPLACED = Professional(
    key=key("replaced"),
    role_key=key("replaced-role"),
    name=PersonName("LEMOINE", "Paul", "M", "DR"),
    identifier=Identifier(PROFESSIONAL_ROOT, "899700100045"),
    profession=concept("Médecin généraliste", Coding(SPECIALTY, "G15_10/SM54", "Médecin - Médecine générale (SM)")),
    organization=PRACTICE,
)
NURSE = Professional(
    key=key("nurse"),
    role_key=key("nurse-role"),
    name=PersonName("BENSAÏD", "Karim", "M"),
    identifier=Identifier(PROFESSIONAL_ROOT, "899700100011"),
    profession=concept("Infirmier", Coding(SPECIALTY, "G15_60", "Infirmier")),
    telecoms=(Telecom("tel", "0600000005", "MC"),),
)
VOLUNTEER = Professional(
    key=key("volunteer"),
    role_key=key("volunteer-role"),
    name=PersonName("ROY", "Anne", "MME"),
    profession=concept("Bénévole d'accompagnement"),
)
EMSP = Organization(
    key=key("emsp"),
    name="EMSP du centre hospitalier",
    identifier=Identifier(STRUCTURE_ROOT, "1990000028"),
    kind=concept("Équipe mobile de soins palliatifs"),
    telecoms=(Telecom("tel", "0200000002", "WP", always=True),),
)
PATIENT = Patient(
    key=key("patient"),
    birth_family="ROUSSEL",
    birth_given=("HELENE", "MARIE"),
    gender=Coding(GENDER, "F", "Féminin"),
    birth_date=date(1952, 3, 14),
    ins=Identifier(INS_TEST_ROOT, "252034410921797"),
    ins_qualified=True,
    local_id=Identifier("1.2.250.1.999.1.1", "PAT-0001"),
    birth_place_code="44109",
    birth_place_name="Nantes",
    used_family="MARCHAND",
    used_given="Hélène",
    address=Address(("12 rue des Tanneurs", "Bâtiment B"), "44000", "Nantes", "FRA"),
    telecoms=(Telecom("tel", "0200000009", "H"),),
    guardians=(
        Guardian(
            key=key("guardian-person"),
            kind=concept("Tuteur", Coding(TRE_R260, "GUARD", "Responsable légal")),
            relationship=concept("Fille", Coding(ROLE_CODE, "DAUC", "Fille")),
            name=PersonName("MARCHAND", "Sophie", "MME"),
            telecoms=(Telecom("tel", "0600000003", "MC"),),
        ),
        Guardian(
            key=key("guardian-organization"),
            kind=concept("Curateur", Coding(TRE_R260, "GUARD", "Responsable légal")),
            organization_name="Association tutélaire de l'Ouest",
            telecoms=(Telecom("tel", "0200000008", "WP"),),
            address=Address(("1 quai de la Loire",), "44000", "Nantes"),
        ),
    ),
)
RELATIVES = (
    Relative(
        key=key("husband-nok"),
        person=key("husband"),
        role=Coding(TRE_R260, "NOK", "Personne de confiance"),
        name=PersonName("MARCHAND", "Jean", "M"),
        relationship=concept("Époux", Coding(ROLE_CODE, "HUSB", "Epoux")),
        telecoms=(Telecom("tel", "0600000001", "MC"),),
        address=PATIENT.address,
    ),
    Relative(
        key=key("daughter-caregiver"),
        person=key("daughter"),
        role=Coding(TRE_R260, "CAREGIVER", "Aidant"),
        name=PersonName("MARCHAND", "Sophie"),
        relationship=concept("Fille", Coding(ROLE_CODE, "DAUC", "Fille")),
        main_carer=True,
        telecoms=(Telecom("tel", "0600000003", "MC"),),
    ),
    Relative(
        key=key("neighbour-econ"),
        person=key("neighbour"),
        role=Coding(TRE_R260, "ECON", "Personne à prévenir en cas d'urgence"),
        name=PersonName("LE BIHAN", "Yann"),
        relationship=concept("Ami d'enfance"),
    ),
    Relative(
        key=key("sister-con"),
        person=key("sister"),
        role=Coding(TRE_R260, "CON", "Informateur"),
        name=PersonName("ROUSSEL"),
    ),
)
TEAM = (
    TeamMember(
        key=key("team-nurse"),
        function=Coding(TRE_R85, "353", "Membre de l'équipe de soins"),
        label="Infirmier libéral",
        professional=NURSE,
        start=date(2026, 9, 1),
    ),
    TeamMember(
        key=key("team-volunteer"),
        function=Coding(TRE_R85, "353", "Membre de l'équipe de soins"),
        label="Bénévole d'accompagnement",
        professional=VOLUNTEER,
        end=date(2026, 10, 1),
    ),
    TeamMember(
        key=key("team-emsp"),
        function=Coding(TRE_A00, "CORRE", "Correspondant"),
        label="Équipe mobile de soins palliatifs",
        organization=EMSP,
    ),
    TeamMember(
        key=key("team-hospital"),
        function=Coding(TRE_A00, "ES-PREF", "Etablissement de santé de préférence"),
        label="Hôpital de préférence",
        organization=replace(EMSP, key=key("hospital"), name="Centre hospitalier"),
        start=date(2026, 8, 1),
        end=date(2026, 12, 31),
    ),
)

PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"


def _section(
    name: str,
    code: Coding,
    title: str,
    fhir: str,
    templates: str,
    blocks: tuple[Block, ...],
    entries: tuple[AnyEntry, ...] = (),
    **others: object,
) -> Section:
    section = Section(
        key=name, code=code, title=title, template_ids=tuple(templates.split()), fhir=fhir, blocks=blocks,
        entries=entries,
    )  # fmt: skip
    return replace(section, **others)  # type: ignore[arg-type]  # fields of Section, named by the caller


def _pair(anchor: str, words: str) -> tuple[Paragraph, ...]:
    return (Paragraph(words, anchor=anchor),)


def reason() -> Section:
    return _section(
        "reason", loinc("42349-1", "Motif de recours au service de soins"), "Motif de la visite", "reason",
        "1.3.6.1.4.1.19376.1.5.3.1.3.1 1.2.250.1.213.1.1.2.127",
        (Paragraph("Visite programmée.\nDouleur mal soulagée la nuit & nausées <matinales>.", label="Motif"),),
    )  # fmt: skip


def problems() -> Section:
    return _section(
        "problems", loinc("11450-4", "Liste des problèmes actifs"), "Maladie et problèmes", "problems",
        "2.16.840.1.113883.10.20.1.11 1.3.6.1.4.1.19376.1.5.3.1.3.6 1.2.250.1.213.1.1.2.132",
        (
            Table(
                ("Problème", "Depuis", "État"),
                (
                    Row(("Adénocarcinome du pancréas", "03/2026", "en cours"), "problem-1"),
                    Row(("Hoquet tenace", "", "résolu le 01/10/2026"), "problem-2"),
                ),
                "Problèmes",
            ),
        ),
        (
            Problem(
                key=key("problem-1"), anchor="problem-1",
                statement="Adénocarcinome du pancréas, depuis 03/2026, en cours",
                kind=snomed("282291009", "interprétation diagnostique"),
                what=concept(
                    "Adénocarcinome du pancréas",
                    Coding(CIM10, "C25.9", "Tumeur maligne du pancréas, sans précision"),
                    snomed("363418001"),
                ),
                onset="2026-03", main=True,
            ),
            Problem(
                key=key("problem-2"), anchor="problem-2", statement="Hoquet tenace, résolu le 01/10/2026",
                kind=snomed("418799008", "symptôme rapporté par le patient ou le répondant"),
                what=concept("Hoquet tenace"), resolved=True, end="2026-10-01",
            ),
        ),
    )  # fmt: skip


def history() -> Section:
    return _section(
        "history", loinc("11348-0", "Antécédents médicaux"), "Antécédents", "history",
        "1.3.6.1.4.1.19376.1.5.3.1.3.8 1.2.250.1.213.1.1.2.134",
        (Bullets((Item("Hypertension artérielle (2010)", "history-1"),), "Antécédents"),),
        (
            Problem(
                key=key("history-1"), anchor="history-1", statement="Hypertension artérielle (2010)",
                kind=snomed("64572001", "maladie"),
                what=concept("Hypertension artérielle", Coding(CIM10, "I10", "Hypertension essentielle (primitive)")),
                onset="2010",
            ),
        ),
    )  # fmt: skip


def allergies() -> Section:
    return _section(
        "allergies", loinc("48765-2", "Allergies et effets indésirables"), "Allergies", "allergies",
        "2.16.840.1.113883.10.20.1.2 1.3.6.1.4.1.19376.1.5.3.1.3.13 1.2.250.1.213.1.1.2.137",
        (Bullets((Item("Pénicilline : urticaire", "allergy-1"),)),),
        (
            Allergy(
                key=key("allergy-1"), anchor="allergy-1", statement="Pénicilline : urticaire",
                kind=snomed("416098002", "allergie médicamenteuse"),
                agent=concept("Pénicilline", Coding(ATC, "J01C", "Bêta-lactamines : pénicillines")),
                reaction=concept("Urticaire", Coding(CIM10, "L50.9", "Urticaire, sans précision")), onset="1985",
            ),
        ),
    )  # fmt: skip


def no_allergies() -> Section:
    return replace(
        allergies(),
        blocks=_pair("allergy-none", "Pas d'allergie connue."),
        entries=(
            Allergy(
                key=key("allergy-none"), anchor="allergy-none", statement="Pas d'allergie connue.",
                kind=snomed("609328004", "allergie"),
                agent=concept(
                    "Pas d'allergie connue",
                    Coding(ABSENT, "no-known-allergies", "Pas d'allergie/hypersensibilité connue"),
                ),
                absence=True,
            ),
        ),
    )  # fmt: skip


def treatments() -> Section:
    words = (
        "Morphine LP 60 mg matin et soir",
        "Morphine 20 mg si besoin, au plus 4 prises par 24 h",
        "Fentanyl patch 12 µg/h",
        "Atorvastatine, arrêtée le 12/10/2026",
        "Midazolam, prescription anticipée, 1 ampoule si détresse",
    )
    return _section(
        "treatments", loinc("10160-0", "Historique de la prise médicamenteuse"), "Traitements", "treatments",
        "2.16.840.1.113883.10.20.1.8 1.3.6.1.4.1.19376.1.5.3.1.3.19 1.2.250.1.213.1.1.2.143",
        (Table(("Traitement",), tuple(Row((w,), f"treatment-{n}") for n, w in enumerate(words, 1)), "Traitements"),),
        (
            Medication(
                key=key("treatment-1"), anchor="treatment-1", statement=words[0], status="active",
                product=concept("Morphine", Coding(ATC, "N02AA01", "Morphine")), form="LP",
                route=concept("Voie orale", Coding(EDQM, "20053000", "Voie orale")), dose=Quantity("60", "mg", "mg"),
                times_per_day=2, dosage="60 mg matin et soir", start="2026-09-21", indication="Douleur",
            ),
            Medication(
                key=key("treatment-2"), anchor="treatment-2", statement=words[1], status="active",
                product=concept("Morphine", Coding(ATC, "N02AA01", "Morphine")), as_needed=True, max_per_day=4,
                route=concept("Voie orale", Coding(EDQM, "20053000", "Voie orale")),
                dose=Quantity("20.50", "mg", "mg"), every_hours=4, dosage="20 mg si besoin",
            ),
            Medication(
                key=key("treatment-3"), anchor="treatment-3", statement=words[2], status="active",
                product=concept("Fentanyl", Coding(ATC, "N02AB03", "Fentanyl")),
                route=concept("Voie transdermique", Coding(EDQM, "20070000", "Voie transdermique")),
                rate=Quantity("12", "µg/h", "ug/h"), start="2026-10", dosage="patch 12 µg/h",
                every_hours=72,
            ),
            Medication(
                key=key("treatment-4"), anchor="treatment-4", statement=words[3], status="stopped",
                product=concept("Atorvastatine", Coding(ATC, "C10AA05", "Atorvastatine")), end="2026-10-12",
            ),
            Medication(
                key=key("treatment-5"), anchor="treatment-5", statement=words[4], status="planned",
                product=concept("Midazolam"), route=concept("voie au choix de l'infirmier"),
                dose=Quantity("1", "ampoule"), as_needed=True, dosage="1 ampoule si détresse",
            ),
        ),
    )  # fmt: skip


def no_treatments() -> Section:
    return replace(
        treatments(),
        blocks=_pair("treatment-none", "Pas d'information sur les traitements."),
        entries=(
            Medication(
                key=key("treatment-none"), anchor="treatment-none",
                statement="Pas d'information sur les traitements.", status="active",
                product=concept(
                    "Pas d'information sur les traitements",
                    Coding(ABSENT, "no-medication-info", "Pas d'information sur les traitements médicamenteux"),
                ),
                absence=True,
            ),
        ),
    )  # fmt: skip


def functional() -> Section:
    pain = _section(
        "pain", loinc("38208-5", "Douleur"), "Douleur", "function",
        "1.3.6.1.4.1.19376.1.5.3.1.1.12.2.2 1.2.250.1.213.1.1.2.112",
        (
            Bullets(
                (
                    Item("EN 6/10 avant interdose", "pain-1"),
                    Item("Douleur modérée", "pain-2"),
                    Item("Non évaluable par le patient lui-même", "pain-3"),
                )
            ),
        ),
        (
            Observation(
                key=key("pain-1"), anchor="pain-1", statement="EN 6/10 avant interdose", kind="pain",
                what=concept(
                    "Échelle numérique",
                    loinc("72514-3", "Pain severity - 0-10 verbal numeric rating [Score] - Reported"),
                ),
                at=VISIT_START, value=6, site="épigastre", method="avant interdose",
            ),
            Observation(
                key=key("pain-2"), anchor="pain-2", statement="Douleur modérée", kind="pain",
                what=concept("Douleur", loinc("38208-5", "Douleur")), at=VISIT_START,
                value=concept(
                    "Douleur modérée",
                    Coding(
                        CodeSystem("ta-asip", "1.2.250.1.213.1.1.4.322", "urn:oid:1.2.250.1.213.1.1.4.322", "TA_ASIP"),
                        "MED-603",
                        "Douleur modérée (4-6)",
                    ),
                ),
            ),
            Observation(
                key=key("pain-3"), anchor="pain-3", statement="Non évaluable par le patient lui-même", kind="pain",
                what=concept("Échelle Algoplus"), at=VISIT_START, absent="non évaluable",
            ),
        ),
    )  # fmt: skip
    performance = _section(
        "performance", loinc("46006-3", "Fonctions physiques"), "Autonomie et échelles", "function",
        "1.3.6.1.4.1.19376.1.5.3.1.1.12.2.5 1.2.250.1.213.1.1.2.115",
        (
            Bullets(
                (
                    Item("ECOG 3", "score-1"),
                    Item("PPS 50 %", "score-2"),
                    Item("Braden 15", "score-3"),
                    Item("Zarit non évaluable", "score-4"),
                )
            ),
        ),
        (
            Observation(
                key=key("score-1"), anchor="score-1", statement="ECOG 3", kind="score",
                what=concept("Indice ECOG", loinc("89247-1", "ECOG Performance Status score")), at=VISIT_START,
                value=concept(
                    "3",
                    loinc(
                        "LA9625-0",
                        "Capable seulement de quelques soins. Alité ou en chaise plus de 50 % du temps",
                    ),
                ),
            ),
            Observation(
                key=key("score-2"), anchor="score-2", statement="PPS 50 %", kind="score",
                what=concept("Palliative Performance Scale"), at=VISIT_START, value=Quantity("50", "%", "%"),
            ),
            Observation(
                key=key("score-3"), anchor="score-3", statement="Braden 15", kind="score",
                what=concept("Échelle de Braden", loinc("38227-5")), at=VISIT_START, value=15,
            ),
            Observation(
                key=key("score-4"), anchor="score-4", statement="Zarit non évaluable", kind="score",
                what=concept("Échelle de Zarit"), at=VISIT_START, absent="aidante absente",
            ),
        ),
    )  # fmt: skip
    return _section(
        "functional", loinc("47420-5", "Statut fonctionnel"), "État fonctionnel", "function",
        "2.16.840.1.113883.10.20.1.5 1.3.6.1.4.1.19376.1.5.3.1.3.17 1.3.6.1.4.1.19376.1.5.3.1.1.12.2.1 "
        "1.2.250.1.213.1.1.2.111",
        (), sections=(pain, performance),
    )  # fmt: skip


def symptoms() -> Section:
    return _section(
        "symptoms", loinc("42545-4", "Evènements observés"), "Symptômes", "symptoms",
        "1.3.6.1.4.1.19376.1.5.3.1.1.21.2.9 1.3.6.1.4.1.19376.1.7.3.1.1.13.7 1.2.250.1.213.1.1.2.163",
        (
            Table(
                ("Symptôme", "Intensité"),
                (
                    Row(("Nausées", "3/10"), "symptom-1"),
                    Row(("Dyspnée", "modérée"), "symptom-2"),
                    Row(("Escarre sacrée", "stade 1"), "symptom-3"),
                    Row(("Encombrement", ""), "symptom-4"),
                ),
            ),
        ),
        (
            Observation(
                key=key("symptom-1"), anchor="symptom-1", statement="Nausées 3/10", kind="symptom",
                what=concept("Nausées", Coding(CIM10, "R11", "Nausées et vomissements")), at=VISIT_START, value=3,
            ),
            Observation(
                key=key("symptom-2"), anchor="symptom-2", statement="Dyspnée modérée", kind="symptom",
                what=concept("Dyspnée", Coding(CIM10, "R06.0", "Dyspnée")), at=VISIT_START,
                value=concept("modérée", snomed("6736007", "modéré")),
            ),
            Observation(
                key=key("symptom-3"), anchor="symptom-3", statement="Escarre sacrée, stade 1", kind="finding",
                what=concept("Escarre sacrée", Coding(CIM10, "L89.0", "")), at=VISIT_START, value="stade 1",
                site="sacrum",
            ),
            Observation(
                key=key("symptom-4"), anchor="symptom-4", statement="Encombrement", kind="symptom",
                what=concept("Encombrement"), at=VISIT_START, value=True,
            ),
        ),
    )  # fmt: skip


def vital_signs() -> Section:
    rows = (
        ("Température", "8310-5", "Température corporelle", Quantity("36.90", "°C", "Cel")),
        ("Saturation", "20564-1", "Saturation en O2", Quantity("96", "%", "%")),
        ("Poids", "29463-7", "Poids", Quantity("48.2", "kg", "kg")),
    )
    return _section(
        "vital-signs", loinc("8716-3", "Signes vitaux"), "Signes vitaux", "vital-signs",
        "2.16.840.1.113883.10.20.1.16 1.3.6.1.4.1.19376.1.5.3.1.3.25 1.3.6.1.4.1.19376.1.5.3.1.1.5.3.2 "
        "1.2.250.1.213.1.1.2.75",
        (
            Table(
                ("Signe", "Valeur"),
                tuple(Row((w, f"{q.value} {q.unit}"), f"vital-{n}") for n, (w, _, _, q) in enumerate(rows, 1)),
            ),
        ),
        tuple(
            Observation(
                key=key(f"vital-{n}"), anchor=f"vital-{n}", statement=f"{words} {value.value} {value.unit}",
                kind="vital-sign", what=concept(words, loinc(code, display)), at=VISIT_START, value=value,
            )
            for n, (words, code, display, value) in enumerate(rows, 1)
        ),
    )  # fmt: skip


def devices() -> Section:
    return _section(
        "devices", loinc("46264-8", "Dispositifs médicaux"), "Dispositifs en place", "devices",
        "2.16.840.1.11383.10.20.1.7 1.3.6.1.4.1.19376.1.5.3.1.1.5.3.5 1.2.250.1.213.1.1.2.1",
        (Bullets((Item("Chambre implantable, sous-clavière droite", "device-1"), Item("Lit", "device-2"))),),
        (
            Device(
                key=key("device-1"), anchor="device-1", statement="Chambre implantable, sous-clavière droite",
                what=concept("Chambre implantable"), site="sous-clavière droite", since="2026",
            ),
            Device(
                key=key("device-2"), anchor="device-2", statement="Lit",
                what=concept("Lit médicalisé", snomed("91537007", "lit")),
            ),
        ),
    )  # fmt: skip


def directives() -> Section:
    return _section(
        "directives", loinc("42348-3", "Directives anticipées"), "Directives anticipées", "directives",
        "2.16.840.1.113883.10.20.1.1 1.3.6.1.4.1.19376.1.5.3.1.3.34 1.3.6.1.4.1.19376.1.5.3.1.3.35 "
        "1.2.250.1.213.1.1.2.157",
        (
            Bullets(
                (
                    Item("Pas de réanimation cardiorespiratoire", "directive-1"),
                    Item("Autre : rester près de la fenêtre", "directive-2"),
                    Item("Document joint", "directive-3"),
                ),
                "Rédigées le 02/09/2026",
            ),
        ),
        (
            Directive(
                key=key("directive-1"), anchor="directive-1", statement="Pas de réanimation cardiorespiratoire",
                what=concept("Réanimation", loinc("75779-9", "Réanimation cardiaque et respiratoire")),
                accepted=False, written_on=date(2026, 9, 2),
            ),
            Directive(
                key=key("directive-2"), anchor="directive-2", statement="Autre : rester près de la fenêtre",
                what=concept("Autre directive", loinc("75793-0", "Autre directive")), written_on=date(2026, 9, 2),
            ),
            Directive(
                key=key("directive-3"), anchor="directive-3", statement="Document joint",
                what=concept("Directives anticipées", loinc("42348-3", "Directives anticipées")),
                attachment=key("attachment-1"),
            ),
        ),
    )  # fmt: skip


def social() -> Section:
    return _section(
        "social", loinc("29762-2", "Habitus, mode de vie"), "Environnement", "social",
        "2.16.840.1.113883.10.20.1.15 1.3.6.1.4.1.19376.1.5.3.1.3.16 1.3.6.1.4.1.19376.1.5.3.1.3.16.1 "
        "1.2.250.1.213.1.1.2.141",
        _pair("social-1", "Vit avec son mari"),
        (
            Observation(
                key=key("social-1"), anchor="social-1", statement="Vit avec son mari", kind="social",
                what=concept("Situation de vie", loinc("11345-6", "Autre élément social")), at=VISIT_START,
                value=concept("Vit avec son conjoint", snomed("408821002")),
            ),
        ),
    )  # fmt: skip


def assessment() -> Section:
    return _section(
        "assessment", loinc("51847-2", "Évaluation et plan"), "Évaluation", "function",
        "1.3.6.1.4.1.19376.1.5.3.1.1.13.2.5 1.2.250.1.213.1.1.2.116",
        (Paragraph("Phase palliative.", label="Phase", strong=True),),
    )  # fmt: skip


def vigilance() -> Section:
    return _section(
        "vigilance", loinc("44944-7", "Autres alertes"), "Points de vigilance", "vigilance",
        "1.2.250.1.213.1.1.2.245",
        (
            Paragraph("Appeler l'EMSP avant le 15.", strong=True),
            Bullets((Item("midazolam en place", label="Hémorragie"),), "Évènements attendus"),
        ),
    )  # fmt: skip


def plan() -> Section:
    return _section(
        "plan", loinc("18776-5", "Plan de soins"), "Plan de soins", "plan",
        "2.16.840.1.113883.10.20.1.10 1.3.6.1.4.1.19376.1.5.3.1.3.36 1.2.250.1.213.1.1.2.158",
        (
            Bullets(
                (
                    Item("Rester à domicile", "goal-1"),
                    Item("Soins palliatifs en cours", "care-1"),
                    Item("Passage infirmier deux fois par jour, avant le 20/10/2026", "request-1"),
                    Item("Soutien psychologique du mari", "request-2"),
                    Item("Aide à domicile demandée", "request-3"),
                    Item("Souhaite mourir à domicile", "wish-1"),
                    Item("Pas de transfert aux urgences", "decision-1"),
                    Item("Prochaine visite le 26/10/2026 à 10 h", "next-1"),
                )
            ),
        ),
        (
            Goal(
                key=key("goal-1"), anchor="goal-1", statement="Rester à domicile", what=concept("Rester à domicile")
            ),
            CareAct(
                key=key("care-1"), anchor="care-1", statement="Soins palliatifs en cours",
                what=snomed("103735009", "Soins palliatifs"),
            ),
            Request(
                key=key("request-1"), anchor="request-1",
                statement="Passage infirmier deux fois par jour, avant le 20/10/2026",
                what=concept("Passage infirmier"), status="planned", performer=NURSE.role_key,
                performer_label="Karim BENSAÏD", due=date(2026, 10, 20),
            ),
            Request(
                key=key("request-2"), anchor="request-2", statement="Soutien psychologique du mari",
                what=concept("Soutien psychologique"), status="done",
            ),
            Request(
                key=key("request-3"), anchor="request-3", statement="Aide à domicile demandée",
                what=concept("Aide à domicile"), status="requested", performer_label="SSIAD",
            ),
            Observation(
                key=key("wish-1"), anchor="wish-1", statement="Souhaite mourir à domicile", kind="wish",
                what=concept("Lieu souhaité de fin de vie", loinc("75780-7")), at=VISIT_START,
                value=concept("Domicile"),
            ),
            Observation(
                key=key("decision-1"), anchor="decision-1", statement="Pas de transfert aux urgences",
                kind="decision", what=concept("Décision de limitation"), at=VISIT_START,
                value="Pas de transfert aux urgences",
            ),
            NextVisit(
                key=key("next-1"), anchor="next-1", statement="Prochaine visite le 26/10/2026 à 10 h",
                on=date(2026, 10, 26), at=datetime(2026, 10, 26, 10, 0, tzinfo=timezone(timedelta(hours=1))),
            ),
        ),
    )  # fmt: skip


def conclusions() -> Section:
    return _section(
        "conclusions", loinc("55112-7", "Commentaire"), "Conclusions", "conclusions",
        "2.16.840.1.113883.10.12.201 1.3.6.1.4.1.19376.1.4.1.2.16 1.2.250.1.213.1.1.2.73",
        (Paragraph("Majorer le traitement de fond avec l'EMSP.\n\nRevoir dans 14 jours."),),
    )  # fmt: skip


def attachments() -> Section:
    return _section(
        "attachments", loinc("55107-7", "Documents ajoutés"), "Documents joints", "attachments",
        "1.2.250.1.213.1.1.2.37",
        _pair("attachment-1", "Directives anticipées de Mme Marchand (PDF)"),
        (
            Attachment(
                key=key("attachment-1"), anchor="attachment-1",
                statement="Directives anticipées de Mme Marchand (PDF)",
                binary_key=key("binary-1"), title="Directives anticipées", media_type="application/pdf",
                data=b64encode(PDF).decode(), size_bytes=len(PDF), sha1=hashlib.sha1(PDF).digest(),
                created_on=date(2026, 9, 2), type=loinc("42348-3", "Directives anticipées"),
            ),
        ),
    )  # fmt: skip


def full_document() -> Document:
    """Correction of a synthesis, written by the attending physician, with every section and sort of entry."""
    sections = (
        reason(), problems(), history(), allergies(), treatments(), functional(), symptoms(), vital_signs(),
        devices(), directives(), social(), assessment(), vigilance(), plan(), conclusions(), attachments(),
    )  # fmt: skip
    return Document(
        oid="1.2.250.1.999.2.1.2",
        set_oid="1.2.250.1.999.2.1",
        version=2,
        bundle_key=key("bundle"),
        composition_key=key("composition"),
        team_key=key("team"),
        plan_key=key("plan"),
        type=loinc("11488-4", "CR ou fiche de consultation ou de visite"),
        class_=Coding(TRE_A03, "10", "Compte rendu"),
        format=Coding(TRE_A06, "urn:asipSante:modelesHorsProfils:2011", "Document non référencé IHE ou CI-SIS"),
        template_ids=("2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1", "1.3.6.1.4.1.19376.1.5.3.1.1.1"),
        title="Synthèse de visite soins palliatifs - 12/10/2026",
        written_at=WRITTEN_AT,
        confidentiality=Coding(CONFIDENTIALITY, "N", "Normal"),
        patient=PATIENT,
        author=AUTHOR,
        custodian=PRACTICE,
        encounter=Encounter(
            key=key("encounter"),
            identifier=Identifier("1.2.250.1.999.3", "VSP-0001"),
            class_=Coding(ACT_CODE, "HH", "Soins à domicile (hors établissement)"),
            start=VISIT_START,
            end=VISIT_END,
            facility=Coding(TRE_R02, "SA08", "Cabinet de groupe"),
            place=Place(
                key=key("place"),
                kind=concept("Domicile de la patiente"),
                label="Domicile",
                address=PATIENT.address,
            ),
            type=Coding(NGAP, "VSP", "Visite soins palliatifs"),
        ),
        sections=sections,
        fhir_sections=tuple(FhirSection(s.fhir, s.code, s.title) for s in sections if s.key != "assessment"),
        profiles=EXTENSIONS,
        author_function=Coding(FUNCTION, "PCP", "Médecin traitant"),
        relatives=RELATIVES,
        team=TEAM,
        replaces_oid="1.2.250.1.999.2.1.1",
        correction="Dose de morphine corrigée.",
        care_team_name="Équipe de soins",
    )


def colleague_document() -> Document:
    """Synthesis of an associate: no VSP act, the attending physician is somebody else."""
    return replace(
        full_document(),
        author_function=None,
        attending=REPLACED,
        encounter=replace(full_document().encounter, type=None),
        version=1,
        replaces_oid="",
        correction="",
    )


def locum_document() -> Document:
    """Synthesis of a locum on behalf of the attending physician, at an EHPAD."""
    document = full_document()
    ehpad = Organization(
        key=key("ehpad"),
        name="EHPAD Les Ajoncs",
        identifier=Identifier(STRUCTURE_ROOT, "1990000036"),
        address=Address(("1 rue des Ajoncs",), "29000", "Quimper"),
    )
    place = Place(key=key("ehpad-place"), kind=concept("EHPAD"), label="EHPAD Les Ajoncs", organization=ehpad)
    return replace(
        document, author_function=None, replaced=REPLACED, encounter=replace(document.encounter, place=place)
    )


def minimal_document() -> Document:
    """The least that the visit model allows: one sentence of conclusions, nobody but patient and author."""
    document = full_document()
    return replace(
        document,
        version=1,
        replaces_oid="",
        correction="",
        relatives=(),
        team=(),
        patient=replace(
            document.patient, used_family="", used_given="", address=None, telecoms=(), guardians=(), local_id=None
        ),
        sections=(problems(), no_allergies(), no_treatments(), conclusions()),
        fhir_sections=tuple(
            FhirSection(s.fhir, s.code, s.title) for s in (problems(), allergies(), treatments(), conclusions())
        ),
    )

"""Header of the document: who, for whom, when, where, on whose behalf.

Source: HL7 CDA R2; CI-SIS Volet Structuration minimale de documents de santé; ANS content test kit
(TestContenuCDA-3-0, 2025-02), schematron ASIP-STRUCT-MIN-StrucMin.
"""

from __future__ import annotations

from adapter.cda import datatypes
from adapter.cda.fragments import NOTHING, Fragment, Markup, fragment, join
from adapter.model.coded import CodeSystem, Coding, Concept
from adapter.model.document import (
    Address,
    Document,
    Encounter,
    Guardian,
    Identifier,
    Organization,
    Patient,
    PersonName,
    Professional,
    Relative,
    TeamMember,
    Telecom,
)

_TEMPLATE = fragment('<templateId root="{root}"/>')
_ID = fragment('<id root="{root}" extension="{extension}"/>')
_ID_UNKNOWN = fragment('<id nullFlavor="UNK"/>')()
_HEAD = fragment("""
<realmCode code="FR"/>
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
{templates}
<id root="{oid}"/>
{code}
<title>{title}</title>
<effectiveTime value="{at}"/>
{confidentiality}
<languageCode code="{language}"/>
<setId root="{set_oid}"/>
<versionNumber value="{version}"/>
{record_target}
{author}
{informants}
{custodian}
{legal_authenticator}
{participants}
{documentation_of}
{related_document}
{component_of}
""")

_RECORD_TARGET = fragment("""
<recordTarget>
  <patientRole>
    {ids}{addr}{telecoms}
    <patient>
      <name>
        <family qualifier="BR">{birth_family}</family>
        <given>{birth_given}</given>
        <given qualifier="BR">{first_given}</given>
        {used_family}{used_given}
      </name>
      {gender}
      <birthTime value="{birth_date}"/>
      {guardians}{birthplace}
    </patient>
  </patientRole>
</recordTarget>
""")
_USED_FAMILY = fragment('<family qualifier="CL">{name}</family>')
_USED_GIVEN = fragment('<given qualifier="CL">{name}</given>')
_GUARDIAN = fragment('<guardian classCode="GUARD">{addr}{telecoms}{who}</guardian>')
_GUARDIAN_PERSON = fragment("<guardianPerson>{name}</guardianPerson>")
_GUARDIAN_ORGANIZATION = fragment("<guardianOrganization><name>{name}</name></guardianOrganization>")
_BIRTHPLACE = fragment("<birthplace><place><addr>{county}{city}</addr></place></birthplace>")
_COUNTY = fragment("<county>{value}</county>")
_GENDER = fragment("""
<administrativeGenderCode attributes="{coding}"/>
""")

_NAME = fragment("<name>{prefix}{given}{family}{suffix}</name>")
_PREFIX = fragment("<prefix>{value}</prefix>")
_GIVEN = fragment("<given>{value}</given>")
_FAMILY = fragment("<family>{value}</family>")
_SUFFIX = fragment("<suffix>{value}</suffix>")
_TELECOM = fragment('<telecom value="{kind}:{value}" use="{use?}"/>')
_ADDR = fragment("<addr>{parts}</addr>")
_STREET = fragment("<streetName>{value}</streetName>")
_LOCATOR = fragment("<additionalLocator>{value}</additionalLocator>")
_POSTAL_CODE = fragment("<postalCode>{value}</postalCode>")
_CITY = fragment("<city>{value}</city>")
_COUNTRY = fragment("<country>{value}</country>")

_AUTHOR = fragment("""
<author>
  {function}
  <time value="{at}"/>
  <assignedAuthor>{id}{code}{addr}{telecoms}<assignedPerson>{name}</assignedPerson>{organization}</assignedAuthor>
</author>
""")
_FUNCTION = fragment("""
<functionCode attributes="{coding}">
  {words}
</functionCode>
""")
_REPRESENTED = fragment("""
<representedOrganization>{id}<name>{name}</name>{telecoms}{addr}{setting}</representedOrganization>
""")
_SCOPING = fragment("<scopingOrganization>{id}<name>{name}</name>{telecoms}{addr}{setting}</scopingOrganization>")
_SETTING = fragment("""
<standardIndustryClassCode attributes="{coding}"/>
""")
_INFORMANT = fragment("""
<informant>
  <relatedEntity classCode="{role}">{code}{addr}{telecoms}<relatedPerson>{name}</relatedPerson></relatedEntity>
</informant>
""")
_CUSTODIAN = fragment("""
<custodian>
  <assignedCustodian>
    <representedCustodianOrganization>{id}<name>{name}</name>{telecom}{addr}</representedCustodianOrganization>
  </assignedCustodian>
</custodian>
""")
_ASSIGNED_ENTITY = fragment("""
<assignedEntity>{id}{code}{addr}{telecoms}<assignedPerson>{name}</assignedPerson>{organization}</assignedEntity>
""")
_LEGAL_AUTHENTICATOR = fragment("""
<legalAuthenticator><time value="{at}"/><signatureCode code="S"/>{entity}</legalAuthenticator>
""")
_PARTICIPANT = fragment("""
<participant typeCode="{type}">
  {function}{time}
  <associatedEntity classCode="{role}">{id}{code}{addr}{telecoms}{person}{organization}</associatedEntity>
</participant>
""")
_TIME = fragment('<time xsi:type="IVL_TS">{low}{high}</time>')
_TIME_UNKNOWN = fragment('<time xsi:type="IVL_TS" nullFlavor="UNK"/>')()
_ASSOCIATED_PERSON = fragment("<associatedPerson>{name}</associatedPerson>")
_DOCUMENTATION_OF = fragment("""
<documentationOf>
  <serviceEvent>
    {code}{time}
    <performer typeCode="PRF">{entity}</performer>
  </serviceEvent>
</documentationOf>
""")
_RELATED_DOCUMENT = fragment("""
<relatedDocument typeCode="RPLC"><parentDocument><id root="{oid}"/></parentDocument></relatedDocument>
""")
_COMPONENT_OF = fragment("""
<componentOf>
  <encompassingEncounter>
    {visit}{code}{time}
    <responsibleParty>{entity}</responsibleParty>
    <location>
      <healthCareFacility>{id}{facility}{place}</healthCareFacility>
    </location>
  </encompassingEncounter>
</componentOf>
""")
_PLACE = fragment("<location><name>{name}</name>{addr}</location>")
_CONFIDENTIALITY = fragment("""
<confidentialityCode attributes="{coding}"/>
""")


# Function code -> participation: who informs about the patient, others take part in the care.
# Source: JDV_J144_ParticipationType, JDV_J47_FunctionCode; kit examples IPS-FR, CANCER-PPS.
_PARTICIPATION = {"PCP": "INF", "ES-REF": "INF", "ES-PREF": "INF"}
_PERFORMER = "PRF"
_REFERRER = "REF"

_PARTICIPATION_FUNCTION = CodeSystem(
    "participation-function",
    "2.16.840.1.113883.5.88",
    "http://terminology.hl7.org/CodeSystem/v3-ParticipationFunction",
    "HL7:ParticipationFunction",
)
_CARE_ROLE = CodeSystem(
    "tre-r85",
    "1.2.250.1.213.1.6.1.107",
    "https://mos.esante.gouv.fr/NOS/TRE_R85-RolePriseCharge/FHIR/TRE-R85-RolePriseCharge",
    "TRE_R85-RolePriseCharge",
)
# Fixed by the pattern itself, not by the visit. Source: JDV_J47_FunctionCode (kit, 2025-02).
_ATTENDING = Coding(_PARTICIPATION_FUNCTION, "PCP", "Médecin traitant")
_CARE_TEAM_MEMBER = Coding(_CARE_ROLE, "353", "Membre de l'équipe de soins")

_PROFESSIONAL_ROOT = "1.2.250.1.71.4.2.1"  # national identifier of professionals
_PROFESSION_OID = "1.2.250.1.213.1.1.4.5"  # TRE_A02: professions of the health directory


def header(document: Document, templates: tuple[str, ...]) -> Markup:
    """Every element of the header in the order of the schema, with `templates` as its templateIds."""
    at = datatypes.timestamp(document.written_at)
    author = document.author
    entity = assigned_entity(author)
    return _HEAD(
        templates=join([_TEMPLATE(root=root) for root in templates]),
        oid=document.oid,
        code=datatypes.code(document.type),
        title=document.title,
        at=at,
        confidentiality=_CONFIDENTIALITY(coding=datatypes.coded(document.confidentiality)),
        language=document.language,
        set_oid=document.set_oid,
        version=str(document.version),
        record_target=_record_target(document.patient),
        author=_AUTHOR(
            function=_function(document.author_function) if document.author_function else NOTHING,
            at=at,
            id=_required_identifier(author.identifier),
            code=_header_code(author.profession),
            addr=_address(author.address),
            telecoms=_telecoms(author.telecoms),
            name=_name(author.name),
            organization=_organization(_REPRESENTED, author.organization),
        ),
        informants=join([_informant(relative) for relative in document.relatives]),
        custodian=_custodian(document.custodian),
        legal_authenticator=_LEGAL_AUTHENTICATOR(at=at, entity=entity),
        participants=_participants(document),
        documentation_of=_documentation_of(document.encounter, entity),
        related_document=_RELATED_DOCUMENT(oid=document.replaces_oid) if document.replaces_oid else NOTHING,
        component_of=_component_of(document.encounter, entity),
    )


def assigned_entity(professional: Professional) -> Markup:
    """Element ``assignedEntity``: a professional and the structure on whose behalf he or she acts."""
    return _ASSIGNED_ENTITY(
        id=_required_identifier(professional.identifier),
        code=_header_code(professional.profession),
        addr=_address(professional.address),
        telecoms=_telecoms(professional.telecoms),
        name=_name(professional.name),
        organization=_organization(_REPRESENTED, professional.organization),
    )


def _identifier(identifier: Identifier | None) -> Markup:
    return NOTHING if identifier is None else _ID(root=identifier.root, extension=identifier.value)


def _required_identifier(identifier: Identifier | None) -> Markup:
    """Identifier where the schema wants one; never made up."""
    return _identifier(identifier) or _ID_UNKNOWN


def _header_code(concept: Concept | None) -> Markup:
    """Element ``code``, only when there is a code: the header takes no words without one, the narrative tells them.

    Source: ASIP-STRUCT-MIN-StrucMin, related and associated entities.
    """
    return datatypes.concept_code(concept) if concept is not None and concept.codings else NOTHING


def _name(name: PersonName) -> Markup:
    return _NAME(
        prefix=_PREFIX(value=name.prefix) if name.prefix else NOTHING,
        given=_GIVEN(value=name.given) if name.given else NOTHING,
        family=_FAMILY(value=name.family),
        suffix=_SUFFIX(value=name.suffix) if name.suffix else NOTHING,
    )


def _telecoms(telecoms: tuple[Telecom, ...]) -> Markup:
    return join([_TELECOM(kind=t.kind, value=t.value, use=t.use or None) for t in telecoms]) if telecoms else NOTHING


def _address(address: Address | None) -> Markup:
    if address is None:
        return NOTHING
    parts = []
    if address.lines:
        parts.append(_STREET(value=address.lines[0]))
        if len(address.lines) > 1:
            # One additionalLocator at the most (CI-SIS addr): further lines stand in it, each on its own line.
            parts.append(_LOCATOR(value="\n".join(address.lines[1:])))
    if address.postal_code:
        parts.append(_POSTAL_CODE(value=address.postal_code))
    if address.city:
        parts.append(_CITY(value=address.city))
    if address.country:
        parts.append(_COUNTRY(value=address.country))
    return _ADDR(parts=join(parts)) if parts else NOTHING


def _organization(element: Fragment, organization: Organization | None) -> Markup:
    if organization is None:
        return NOTHING
    setting = organization.setting
    return element(
        id=_identifier(organization.identifier),
        name=organization.name,
        telecoms=_telecoms(organization.telecoms),
        addr=_address(organization.address),
        setting=_SETTING(coding=datatypes.coded(setting)) if setting else NOTHING,
    )


def _function(function: Coding, words: str = "") -> Markup:
    return _FUNCTION(coding=datatypes.coded(function), words=datatypes.original_text(words) if words else NOTHING)


def _record_target(patient: Patient) -> Markup:
    ids = [_ID(root=i.root, extension=i.value) for i in (patient.ins, patient.local_id) if i is not None]
    birthplace = NOTHING
    if patient.birth_place_code or patient.birth_place_name:
        birthplace = _BIRTHPLACE(
            county=_COUNTY(value=patient.birth_place_code) if patient.birth_place_code else NOTHING,
            city=_CITY(value=patient.birth_place_name) if patient.birth_place_name else NOTHING,
        )
    return _RECORD_TARGET(
        ids=join(ids) or _ID(root=patient.key, extension="patient"),
        addr=_address(patient.address),
        telecoms=_telecoms(patient.telecoms),
        birth_family=patient.birth_family,
        birth_given=" ".join(patient.birth_given),
        first_given=patient.birth_given[0],
        used_family=_USED_FAMILY(name=patient.used_family) if patient.used_family else NOTHING,
        used_given=_USED_GIVEN(name=patient.used_given) if patient.used_given else NOTHING,
        gender=_GENDER(coding=datatypes.coded(patient.gender)),
        birth_date=datatypes.day(patient.birth_date),
        guardians=join([_guardian(guardian) for guardian in patient.guardians]),
        birthplace=birthplace,
    )


def _guardian(guardian: Guardian) -> Markup:
    # The header knows no code for the sort of representation nor for the tie: the narrative tells both.
    if guardian.name is not None:
        who = _GUARDIAN_PERSON(name=_name(guardian.name))
    else:
        who = _GUARDIAN_ORGANIZATION(name=guardian.organization_name)
    return _GUARDIAN(
        addr=_address(guardian.address),
        telecoms=_telecoms(guardian.telecoms),
        who=who,
    )


def _informant(relative: Relative) -> Markup:
    return _INFORMANT(
        role=relative.role.code,
        code=_header_code(relative.relationship),
        addr=_address(relative.address),
        telecoms=_telecoms(relative.telecoms),
        name=_name(relative.name),
    )


def _custodian(custodian: Organization) -> Markup:
    return _CUSTODIAN(
        id=_required_identifier(custodian.identifier),
        name=custodian.name,
        telecom=_telecoms(custodian.telecoms[:1]),
        addr=_address(custodian.address),
    )


def _participants(document: Document) -> Markup:
    parts = []
    if document.attending is not None:
        parts.append(_professional_participant("INF", _function(_ATTENDING), _TIME_UNKNOWN, document.attending))
    if document.replaced is not None:
        parts.append(
            _professional_participant(_REFERRER, _function(_CARE_TEAM_MEMBER), _TIME_UNKNOWN, document.replaced)
        )
        if document.attending is None:  # the locum acts for the attending physician
            parts.append(_professional_participant("INF", _function(_ATTENDING), _TIME_UNKNOWN, document.replaced))
    parts.extend([_team_member(member) for member in document.team])
    return join(parts)


def _team_member(member: TeamMember) -> Markup:
    kind = _PARTICIPATION.get(member.function.code, _PERFORMER)
    function = _function(member.function, member.label)
    if member.start is None and member.end is None:
        time = _TIME_UNKNOWN
    else:
        # A start that nobody noted is left out, as an open end is; the header takes no null bound.
        time = _TIME(
            low=datatypes.low(datatypes.day(member.start)) if member.start else NOTHING,
            high=datatypes.high(datatypes.day(member.end)) if member.end else NOTHING,
        )
    if member.professional is not None:
        return _professional_participant(kind, function, time, member.professional, member.organization)
    organization = member.organization
    if organization is None:
        raise ValueError(f"membre d'équipe sans personne ni structure : {member.key}")
    return _PARTICIPANT(
        type=kind,
        function=function,
        time=time,
        role="PROV",
        id=NOTHING,
        code=NOTHING,
        addr=NOTHING,
        telecoms=NOTHING,
        person=NOTHING,
        organization=_organization(_SCOPING, organization),
    )


def _professional_participant(
    kind: str, function: Markup, time: Markup, person: Professional, structure: Organization | None = None
) -> Markup:
    return _PARTICIPANT(
        type=kind,
        function=function,
        time=time,
        role="PROV" if _is_health_professional(person) else "AGNT",
        id=_identifier(person.identifier),
        code=_header_code(person.profession),
        addr=_address(person.address),
        telecoms=_telecoms(person.telecoms),
        person=_ASSOCIATED_PERSON(name=_name(person.name)),
        organization=_organization(_SCOPING, structure or person.organization),
    )


def _is_health_professional(person: Professional) -> bool:
    """Whether `person` stands as PROV: known to the national directory, or of one of its professions."""
    if person.identifier is not None and person.identifier.root == _PROFESSIONAL_ROOT:
        return True
    coding = person.profession.coding if person.profession else None
    return coding is not None and coding.system.oid == _PROFESSION_OID


def _documentation_of(encounter: Encounter, entity: Markup) -> Markup:
    return _DOCUMENTATION_OF(
        code=datatypes.code(encounter.type) if encounter.type else NOTHING,
        time=_encounter_time(encounter),
        entity=entity,
    )


def _encounter_time(encounter: Encounter) -> Markup:
    return datatypes.period(
        datatypes.low(datatypes.timestamp(encounter.start)), datatypes.high(datatypes.timestamp(encounter.end))
    )


def _component_of(encounter: Encounter, entity: Markup) -> Markup:
    place = encounter.place
    structure = place.organization
    address = place.address or (structure.address if structure else None)
    return _COMPONENT_OF(
        visit=_ID(root=encounter.identifier.root, extension=encounter.identifier.value),
        code=datatypes.code(encounter.class_),
        time=_encounter_time(encounter),
        entity=entity,
        # The identifier, name and address are those of the place; the code is that of the practice: JDV_J02 has none
        # for a visit (domain rule: sector of the author).
        id=_identifier(structure.identifier) if structure else NOTHING,
        facility=datatypes.code(encounter.facility),
        place=_PLACE(name=place.label, addr=_address(address)),
    )

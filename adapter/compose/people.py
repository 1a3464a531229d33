"""People and structures of a visit as the document shows them, each resolved once."""

from __future__ import annotations

from adapter.compose.identity import Keys
from adapter.mapping import Mappings
from adapter.model import document as doc
from adapter.model import people as told
from adapter.model.coded import Coding, Concept
from adapter.model.identifiers import Finess, InseeCommune, MatriculeIns, Rpps
from adapter.model.visit import Visit

PS_ROOT = "1.2.250.1.71.4.2.1"
STRUCTURE_ROOT = "1.2.250.1.71.4.2.2"
_USE = {"home": "H", "work": "WP", "direct": "DIR", "emergency": "EC"}
_SCHEME = {"phone": "tel", "mobile": "tel", "fax": "fax", "email": "mailto", "mssante": "mailto"}


def telecoms(given: tuple[told.Telecom, ...]) -> tuple[doc.Telecom, ...]:
    """Contact points with their URL scheme and CDA use code; one told twice stands once (CI-SIS: distinct)."""
    found = [telecom(t) for t in given]
    if len(found) < 2:
        return tuple(found)
    distinct: dict[tuple[str, str, str], doc.Telecom] = {}
    for one in found:
        key = (one.kind, one.value, one.use)
        same = distinct.get(key)
        distinct[key] = (
            doc.Telecom(*key, mssante=one.mssante or same.mssante, always=one.always or same.always) if same else one
        )
    return tuple(distinct.values())


def telecom(t: told.Telecom) -> doc.Telecom:
    """One contact point; a phone number loses its spaces, dots and brackets (RFC 3966), nothing else."""
    scheme = _SCHEME[t.kind]
    value = t.value if scheme == "mailto" else t.value.translate(_SEPARATORS)
    use = "MC" if t.kind == "mobile" and t.use is None else _USE.get(t.use or "", "")
    return doc.Telecom(scheme, value, use, t.kind == "mssante", t.always)  # type: ignore[arg-type]  # scheme is one of the three


_SEPARATORS = str.maketrans("", "", " .()\u00a0\u202f")


def spaced(t: doc.Telecom) -> str:
    """Contact point for a reader: a French number in pairs, anything else as it is."""
    v = t.value
    if t.kind != "mailto" and len(v) == 10 and v.isdigit():
        return f"{v[:2]} {v[2:4]} {v[4:6]} {v[6:8]} {v[8:]}"
    return v


def address(given: told.Address | None) -> doc.Address | None:
    """Address, only what is known."""
    if given is None:
        return None
    return doc.Address(given.lines, given.postal_code or "", given.city or "", given.country or "")


def name(given: told.PersonName) -> doc.PersonName:
    """Name as people write it."""
    return doc.PersonName(given.family, given.given or "", given.civility or "", given.title or "")


def rpps_id(value: str) -> doc.Identifier:
    """National identifier of a professional: "8" then RPPS."""
    return doc.Identifier(PS_ROOT, Rpps.parse(value).national_id)


def finess_id(value: str) -> doc.Identifier:
    """National identifier of a structure: "1" then FINESS."""
    return doc.Identifier(STRUCTURE_ROOT, Finess.parse(value).national_id)


class People:
    """Everybody in the visit. ``refs`` answers a local key with the key of the resource and the name to show."""

    __slots__ = (
        "_keys",
        "_mappings",
        "attending",
        "author",
        "custodian",
        "patient",
        "place",
        "refs",
        "relatives",
        "replaced",
        "team",
        "team_members",
    )

    def __init__(self, visit: Visit, mappings: Mappings, keys: Keys, practice_setting: str) -> None:
        self._mappings = mappings
        self._keys = keys
        self.refs: dict[str, tuple[str, str]] = {}
        self.custodian = self._structure(visit.structure, practice_setting)
        self.author = self._professional(visit.author, "author", self.custodian)
        self.refs["author"] = (self.author.role_key, self.author.name.text)
        replaced, attending = visit.author.replaces, visit.author.attending_physician
        # A locum works in the practice of the doctor he or she replaces; another doctor's practice is not known.
        self.replaced = self._professional(replaced, "replaced", self.custodian) if replaced else None
        self.attending = self._professional(attending, "attending", None) if attending else None
        self.patient = self._patient(visit.patient)
        self.relatives = self._relatives(visit)
        self.team_members: dict[str, told.TeamMember] = {}
        self.team = tuple([self._member(member) for member in visit.care_team])
        self.place = self._place(visit)

    def _professional(
        self, given: told.Professional, role: str, organization: doc.Organization | None
    ) -> doc.Professional:
        return doc.Professional(
            key=self._keys.key(f"person/{role}"),
            role_key=self._keys.key(f"role/{role}"),
            name=name(given.name),
            identifier=rpps_id(given.rpps),
            profession=self._mappings.concept("professions", given.profession),
            telecoms=telecoms(given.telecoms),
            address=address(given.address),
            organization=organization,
        )

    def _structure(self, given: told.Structure, practice_setting: str) -> doc.Organization:
        m = self._mappings
        identifier = None
        if given.finess:
            identifier = finess_id(given.finess)
        elif given.national_id:
            identifier = doc.Identifier(STRUCTURE_ROOT, given.national_id)
        return doc.Organization(
            key=self._keys.key("structure"),
            name=given.name,
            identifier=identifier,
            facility=m.coding("facility-types", given.facility_type),
            setting=m.coding("practice-settings", given.practice_setting or practice_setting),
            telecoms=telecoms(given.telecoms),
            address=address(given.address),
        )

    def _patient(self, given: told.Patient) -> doc.Patient:
        m = self._mappings
        # A matricule leaves the practice only when the identity is qualified (RNIV; reference domain 4.3).
        qualified = given.ins is not None and given.ins.status == "qualified"
        ins = None
        if given.ins and qualified:
            ins = doc.Identifier(given.ins.root, MatriculeIns.parse(given.ins.value, given.ins.root).value)
        local = given.local_id or ("" if ins else self._keys.key("patient"))
        guardians = []
        for g in given.guardians:
            key = self._keys.key(f"guardian/{g.id}")
            guardian_name = name(g.name) if g.name else None
            self.refs[g.id] = (key, guardian_name.text if guardian_name else g.organization or "")
            guardians.append(
                doc.Guardian(
                    key=key,
                    kind=m.concept("guardian-kinds", g.kind),
                    relationship=m.concept("relationships", g.relationship) if g.relationship else None,
                    name=guardian_name,
                    organization_name=g.organization or "",
                    telecoms=telecoms(g.telecoms),
                    address=address(g.address),
                )
            )
        return doc.Patient(
            key=self._keys.key("patient"),
            birth_family=given.birth_family_name,
            birth_given=given.birth_given_names,
            gender=m.coding("genders", given.gender),
            birth_date=given.birth_date,
            ins=ins,
            ins_qualified=qualified,
            identity_status=m.concept("identity-statuses", given.ins.status).coding if given.ins else None,
            local_id=doc.Identifier(self._keys.local_root(), local) if local else None,
            birth_place_code=InseeCommune.parse(given.birth_place).value if given.birth_place else "",
            birth_place_name=given.birth_place_name or "",
            used_family=given.used_family_name or "",
            used_given=given.used_given_name or "",
            address=address(given.address),
            telecoms=telecoms(given.telecoms),
            guardians=tuple(guardians),
        )

    def _relatives(self, visit: Visit) -> tuple[doc.Relative, ...]:
        m = self._mappings
        found: list[doc.Relative] = []
        for r in visit.relatives:
            person = self._keys.key(f"relative/{r.id}")
            shown = name(r.name)
            tie = m.concept("relationships", r.relationship) if r.relationship else None
            if r.relationship_label:
                tie = Concept(r.relationship_label, tie.codings if tie else ())
            reach, home = telecoms(r.telecoms), address(r.address)
            # Someone listed without a named part is a contact (HL7 RoleClass CON), nothing more.
            roles = r.roles if "carer" in r.roles or not r.main_carer else (*r.roles, "carer")
            for role in roles or ("informant",):
                key = self._keys.key(f"relative/{r.id}/{role}")
                self.refs.setdefault(r.id, (key, shown.text))
                main = r.main_carer and role == "carer"
                found.append(doc.Relative(key, person, m.coding("contact-roles", role), shown, tie, main, reach, home))
        return tuple(found)

    def _member(self, given: told.TeamMember) -> doc.TeamMember:
        m, keys = self._mappings, self._keys
        reach, home = telecoms(given.telecoms), address(given.address)
        kind = m.concept("team-structures", given.structure) if given.structure else None
        organization = None
        if given.structure_name or kind or given.finess:
            known = given.structure_name or (kind.text if kind else "")
            if not known and given.finess:
                number = m.text("finess").format(number=Finess.parse(given.finess).value)
                known = m.text("team.structure").format(finess=number)
            organization = doc.Organization(
                key=keys.key(f"team/{given.id}/structure"),
                name=known,
                identifier=finess_id(given.finess) if given.finess else None,
                kind=kind,
                telecoms=() if given.name else reach,
                address=None if given.name else home,
            )
        professional = None
        if given.name:
            professional = doc.Professional(
                key=keys.key(f"team/{given.id}/person"),
                role_key=keys.key(f"team/{given.id}/role"),
                name=name(given.name),
                identifier=rpps_id(given.rpps) if given.rpps else None,
                profession=m.concept("professions", given.profession) if given.profession else None,
                telecoms=reach,
                address=home,
                organization=organization,
            )
        label = given.role or ""
        if not label and given.profession:
            label = m.label("professions", given.profession)
        if not label and kind:
            label = kind.text
        label = label or m.label("team-functions", given.function)
        if professional:
            self.refs[given.id] = (professional.role_key, professional.name.text)
        elif organization:
            self.refs[given.id] = (organization.key, organization.name)
        key = keys.key(f"team/{given.id}")
        self.team_members[key] = given
        function: Coding = m.coding("team-functions", given.function)
        return doc.TeamMember(key, function, label, professional, organization, given.since, given.until)

    def _place(self, visit: Visit) -> doc.Place:
        m, given = self._mappings, visit.place
        kind = m.concept("places", given.kind)
        organization = None
        if given.name or given.finess:
            organization = doc.Organization(
                key=self._keys.key("place/structure"),
                name=given.name or kind.text,
                identifier=finess_id(given.finess) if given.finess else None,
                kind=m.concept("team-structures", "ehpad") if given.kind == "ehpad" else None,
                telecoms=telecoms(given.telecoms),
                address=address(given.address),
            )
        where = address(given.address)
        if where is None and given.kind == "home":
            where = self.patient.address
        return doc.Place(
            key=self._keys.key("place"),
            kind=kind,
            label=given.label or given.name or kind.text,
            address=where,
            organization=organization,
            telecoms=telecoms(given.telecoms),
        )

"""People of the document: who the patient is, whom to call, relatives, care team."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from adapter.model.document import (
    Address,
    Document,
    Guardian,
    Organization,
    Patient,
    Professional,
    Relative,
    TeamMember,
    Telecom,
)
from adapter.render.markup import age, attribute, joined, phone, short_date, text, time_tag

_HOME_COUNTRY = frozenset({"FR", "FRA", "France"})
TRUSTED_PERSON = "NOK"  # TRE_R260 / HL7 RoleClass, the personne de confiance
_CARER = "CAREGIVER"
_GENDERS = {"F": "Féminin", "M": "Masculin"}
_USES = {"H": "domicile", "HP": "domicile", "WP": "travail", "MC": "mobile", "DIR": "ligne directe", "EC": "urgence"}
_KINDS = {"fax": "télécopie", "mailto": "courriel", "tel": ""}


def identity(patient: Patient, document: Document) -> str:
    """Name and traits of the patient."""
    rows = [
        *traits(patient, document),
        ("Adresse", address(patient.address)),
        ("Téléphone", telecoms(patient.telecoms)),
    ]
    return f'<p class="name">{text(patient.text)}</p>\n' + definitions(rows)


def traits(patient: Patient, document: Document) -> list[tuple[str, str]]:
    """What tells the patient from another one, as terms and values."""
    return [
        ("Nom de naissance", text(patient.birth_family)),
        ("Prénoms" if len(patient.birth_given) > 1 else "Prénom", text(" ".join(patient.birth_given))),
        ("Né(e) le", _born(patient, document)),
        ("Sexe", text(patient.gender.display or _GENDERS.get(patient.gender.code, patient.gender.code))),
        ("Matricule INS", _ins(patient)),
        ("Identifiant local", text(patient.local_id.value) if patient.local_id and not patient.ins else ""),
    ]


def _born(patient: Patient, document: Document) -> str:
    born = time_tag(patient.birth_date, short_date(patient.birth_date))
    years = age(patient.birth_date, document.encounter.start.date())
    place = patient.birth_place_name or patient.birth_place_code
    if patient.birth_place_name and patient.birth_place_code:
        place = f"{patient.birth_place_name} ({patient.birth_place_code})"
    return joined([f"{born} ({years})", f"à {text(place)}" if place else ""], ", ")


def _ins(patient: Patient) -> str:
    if patient.ins is None:
        return ""
    status = patient.identity_status.display if patient.identity_status else ""
    return joined(
        [f'<span class="figures">{_grouped(patient.ins.value)}</span>', f"({text(status)})" if status else ""]
    )


def _grouped(matricule: str) -> str:
    """Matricule in the groups people read (1 2 2 2 3 3 2), by spans: copied, it is still one word."""
    if len(matricule) != 15:
        return text(matricule)
    cuts = (0, 1, 3, 5, 7, 10, 13, 15)
    return "".join(f"<span>{attribute(matricule[a:b])}</span>" for a, b in pairwise(cuts))


def calls(document: Document) -> str:
    """Whom to call: numbers answered day and night, then the relatives who must be told."""
    blocks = []
    always = list(_always(document))
    if always:
        lines = "".join(f"<li>{numbers} <span>{who}</span></li>\n" for who, numbers in always)
        blocks.append(f'<div class="call urgent"><h2>Jour et nuit</h2>\n<ul>\n{lines}</ul></div>\n')
    blocks += close_ones(document)
    return f'<div class="calls">\n{"".join(blocks)}</div>\n' if blocks else ""


def close_ones(document: Document) -> list[str]:
    """One card each for the trusted person, the main carer and the legal representatives."""
    cards = []
    for title, who, contacts in _close_ones(document):
        numbers = telecoms(contacts)
        cards.append(
            f'<div class="call"><h2>{title}</h2>\n<p class="who">{who}</p>\n'
            + (f"<p>{numbers}</p>\n" if numbers else "")
            + "</div>\n"
        )
    return cards


def _always(document: Document) -> Iterator[tuple[str, str]]:
    """Who and how, once for each number answered day and night."""
    seen: set[str] = set()
    people: list[tuple[str, Iterable[Telecom]]] = [
        (joined([_member_name(m), text(m.label)], ", "), _member_telecoms(m)) for m in document.team
    ]
    author = document.author
    people.append((text(author.name.text), author.telecoms))
    if author.organization:
        people.append((text(author.organization.name), author.organization.telecoms))
    for who, contacts in people:
        found = [c for c in contacts if c.always and c.value not in seen]
        seen.update(c.value for c in found)
        if found:
            yield who, " ".join(f'<a href="{_url(c)}">{_shown(c)}</a>' for c in found)


def _close_ones(document: Document) -> Iterator[tuple[str, str, tuple[Telecom, ...]]]:
    """Title, name and telecoms of the trusted person, the main carer and the legal representatives."""
    trusted = [r for r in document.relatives if r.role.code == TRUSTED_PERSON]
    for relative in trusted:
        yield "Personne de confiance", _relative_name(relative), relative.telecoms
    shown = {relative.person for relative in trusted}
    for relative in document.relatives:
        if relative.main_carer and relative.person not in shown:
            shown.add(relative.person)
            yield "Aidant principal", _relative_name(relative), relative.telecoms
    for guardian in document.patient.guardians:
        yield text(guardian.kind.text), _guardian_name(guardian), guardian.telecoms


def author(document: Document) -> list[tuple[str, str]]:
    """Who wrote, as terms and values: name, profession, practice and numbers."""
    writer = document.author
    return [
        ("Rédigé par", professional_name(writer)),
        ("Médecin remplacé", professional_name(document.replaced) if document.replaced else ""),
        ("Médecin traitant", professional_name(document.attending) if document.attending else ""),
        ("Structure", organization(writer.organization)),
        ("Téléphone", reached(writer)),
    ]


def reached(person: Professional) -> str:
    """How to reach a professional: own contact points, else those of the structure."""
    return telecoms(person.telecoms or (person.organization.telecoms if person.organization else ()))


def relatives(document: Document) -> str:
    """Relatives, one line each whatever the number of their parts; empty when there are none."""
    people: dict[str, list[Relative]] = {}
    for relative in document.relatives:
        people.setdefault(relative.person, []).append(relative)
    rows = []
    for parts in people.values():
        roles = list(dict.fromkeys([_part(p) for p in parts]))
        first = parts[0]
        contacts = tuple(dict.fromkeys(c for p in parts for c in p.telecoms))
        place = next((p.address for p in parts if p.address), None)
        rows.append(
            (
                text(first.name.text),
                text(_sentence(", ".join(roles))),
                text(first.relationship.text if first.relationship else ""),
                telecoms(contacts),
                address(place),
            )
        )
    return table("Proches", ("Nom", "Place auprès du patient", "Lien", "Téléphone", "Adresse"), rows)


def _part(relative: Relative) -> str:
    """Part of a relative as it stands within a list: the label of the code, the main carer told apart."""
    if relative.main_carer and relative.role.code == _CARER:
        return "aidant principal"
    label = relative.role.display or relative.role.code
    return label if label.isupper() else label[:1].lower() + label[1:]


def _sentence(words: str) -> str:
    return words[:1].upper() + words[1:]


def guardians(patient: Patient) -> str:
    """Legal representatives; empty when there are none."""
    rows = [
        (
            _guardian_name(g),
            text(joined([g.kind.text, g.relationship.text if g.relationship else ""], ", ")),
            telecoms(g.telecoms),
            address(g.address),
        )
        for g in patient.guardians
    ]
    return table("Représentants légaux", ("Nom", "Qualité", "Téléphone", "Adresse"), rows)


def team(document: Document) -> str:
    """Members of the care team; empty when there are none."""
    rows = []
    for member in document.team:
        structure = member.organization or (member.professional.organization if member.professional else None)
        rows.append(
            (
                text(member.professional.name.text if member.professional else ""),
                text(member.label or member.function.display),
                text(structure.name if structure else ""),
                _period(member),
                telecoms(_member_telecoms(member)),
            )
        )
    caption = document.care_team_name or "Équipe de soins"
    return table(caption, ("Nom", "Rôle", "Structure", "Période", "Téléphone"), rows)


def professional_name(person: Professional) -> str:
    """Name and profession."""
    return joined([f"<b>{text(person.name.text)}</b>", text(person.profession.text if person.profession else "")], ", ")


def organization(value: Organization | None) -> str:
    """Name and address of a structure."""
    return joined([text(value.name), address(value.address)], ", ") if value else ""


def address(value: Address | None) -> str:
    """Address on one line."""
    if value is None:
        return ""
    town = joined([value.postal_code, value.city])
    country = "" if value.country in _HOME_COUNTRY else value.country
    return text(", ".join(filter(None, [*value.lines, town, country])))


def telecoms(values: Iterable[Telecom]) -> str:
    """Contact points one under the other, each with its use."""
    return "<br>\n".join(map(_telecom, values))


def _telecom(value: Telecom) -> str:
    notes = ["messagerie sécurisée de santé" if value.mssante else _KINDS[value.kind], _USES.get(value.use, "")]
    if value.always:
        notes.append("jour et nuit")
    words = ", ".join(filter(None, notes))
    return f'<a href="{_url(value)}">{_shown(value)}</a>' + (f" <small>{words}</small>" if words else "")


def _url(value: Telecom) -> str:
    return attribute(f"{value.kind}:{value.value.replace(' ', '')}")


def _shown(value: Telecom) -> str:
    return attribute(value.value if value.kind == "mailto" else phone(value.value))


def _relative_name(relative: Relative) -> str:
    link = text(relative.relationship.text) if relative.relationship else ""
    return joined([f"<b>{text(relative.name.text)}</b>", link], ", ")


def _guardian_name(guardian: Guardian) -> str:
    return text(joined([guardian.name.text if guardian.name else "", guardian.organization_name], ", "))


def _member_name(member: TeamMember) -> str:
    if member.professional:
        return text(member.professional.name.text)
    return text(member.organization.name) if member.organization else ""


def _member_telecoms(member: TeamMember) -> tuple[Telecom, ...]:
    """Telecoms of the person, then those of the structure."""
    person = member.professional.telecoms if member.professional else ()
    structure = member.organization or (member.professional.organization if member.professional else None)
    return tuple(dict.fromkeys([*person, *(structure.telecoms if structure else ())]))


def _period(member: TeamMember) -> str:
    start = f"depuis le {short_date(member.start)}" if member.start else ""
    if member.end is None:
        return start
    start = f"du {short_date(member.start)} au " if member.start else "jusqu’au "
    return start + short_date(member.end)


def definitions(rows: Iterable[tuple[str, str]]) -> str:
    """Terms and values, without the rows that have no value; values are HTML already."""
    return (
        "<dl>\n" + "".join(f"<div><dt>{term}</dt><dd>{value}</dd></div>\n" for term, value in rows if value) + "</dl>\n"
    )


def table(caption: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Table of people without its empty columns; cells are HTML already; empty when there are no rows."""
    if not rows:
        return ""
    kept = [i for i in range(len(columns)) if any(row[i] for row in rows)]
    head = "".join(f'<th scope="col">{columns[i]}</th>' for i in kept)
    lines = "".join(
        "<tr>"
        + "".join(f'<td data-label="{columns[i]}">{row[i]}</td>' if row[i] else "<td></td>" for i in kept)
        + "</tr>\n"
        for row in rows
    )
    head = f"<caption>{text(caption)}</caption>\n<thead><tr>{head}</tr></thead>"
    return f"<table>\n{head}\n<tbody>\n{lines}</tbody>\n</table>\n"

"""Who is in a visit: patient, author, structures, relatives and care team, as the practice software knows them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import StringConstraints

from adapter.model import codes
from adapter.model.fields import Day, Label, LocalId, Model, Moment, Text, described, required, several

BirthName = Annotated[str, StringConstraints(max_length=100, pattern=r"^[A-Z][A-Z' -]*$|^-$")]
"""Strict trait of the identity: upper case A-Z, space, hyphen, apostrophe (RNIV)."""


class Telecom(Model):
    """One way to reach someone."""

    kind: Literal["phone", "mobile", "fax", "email", "mssante"] = required("Type de moyen de contact.")
    value: Annotated[str, StringConstraints(max_length=254, pattern=r"^\S([^\r\n\t]*\S)?$")] = required(
        "Numéro ou adresse."
    )
    use: Literal["home", "work", "direct", "emergency"] | None = described("Usage (domicile, travail, direct...).")
    always: bool = required("Joignable jour et nuit, 7 jours sur 7.", default=False)


class Address(Model):
    """Postal address; only what is known."""

    lines: tuple[Label, ...] = required(
        "Lignes d'adresse (numéro et voie, complément).", min_length=1, max_length=5, strict=False
    )
    postal_code: Annotated[str, StringConstraints(pattern=r"^[0-9A-Z -]{2,12}$")] | None = described("Code postal.")
    city: Label | None = described("Commune.")
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = described("Pays, code ISO à 3 lettres.")


class Ins(Model):
    """Matricule of the national health identity, with its root and the status of the identity."""

    value: str = required("Matricule INS : 13 caractères et clé de 2 chiffres, sans espace.")
    root: str = required(
        "OID de l'autorité : 1.2.250.1.213.1.4.8 (NIR), .9 (NIA), .10 (NIR de test), .11 (NIR de démonstration)."
    )
    status: codes.IdentityStatusCode = required("Statut de l'identité ; seule « qualified » permet le DMP.")


class PersonName(Model):
    """Name of a person other than the patient, as people write it."""

    family: Label = required("Nom.")
    given: Label | None = described("Prénom.")
    civility: Literal["M", "MME"] | None = described("Civilité.")
    title: Literal["DR", "PR"] | None = described("Titre.")


class Guardian(Model):
    """Legal representative of the patient: a person or an organisation."""

    id: LocalId = required("Clé locale, unique dans la visite.")
    kind: codes.GuardianKindCode = required("Nature de la représentation légale.")
    relationship: codes.RelationshipCode | None = described("Lien avec le patient.")
    name: PersonName | None = described("Personne (ou bien organisation).")
    organization: Label | None = described("Organisme (ou bien personne).")
    telecoms: tuple[Telecom, ...] = several("Moyens de contact.")
    address: Address | None = described("Adresse.")
    present: bool = required("Présent pendant la visite.", default=False)


class Patient(Model):
    """Patient: INS, the five traits as the civil register has them, and the names used in life."""

    ins: Ins | None = described("Identité nationale de santé ; sans elle, pas de DMP.")
    local_id: LocalId | None = described("Identifiant du dossier dans le logiciel.")
    birth_family_name: BirthName = required("Nom de naissance (trait strict, sans accent).")
    birth_given_names: tuple[BirthName, ...] = required(
        "Prénoms de naissance, dans l'ordre.", min_length=1, strict=False
    )
    gender: codes.GenderCode = required("Sexe de l'état civil.")
    birth_date: Day = required("Date de naissance.")
    birth_place: str | None = described("Code INSEE du lieu de naissance (5 caractères).")
    birth_place_name: Label | None = described("Nom du lieu de naissance.")
    used_family_name: Label | None = described("Nom utilisé, affiché tel quel (accents conservés).")
    used_given_name: Label | None = described("Prénom utilisé, affiché tel quel.")
    address: Address | None = described("Adresse du patient.")
    telecoms: tuple[Telecom, ...] = several("Moyens de contact ; le SAMU reconnaît le numéro de téléphone.")
    guardians: tuple[Guardian, ...] = several("Représentants légaux (parents d'un mineur, tuteur...).")


NationalId = Annotated[str, StringConstraints(pattern=r"^(1[0-9][0-9AB][0-9]{7}|3[0-9]{14}|[0245][0-9A-Z]{5,20})$")]
"""National identifier of a structure with its prefix: 1 FINESS, 3 SIRET, 0, 2, 4, 5 others (CI-SIS, Struct_IdNat)."""


class Structure(Model):
    """Organisation in whose name the author works; it keeps the document."""

    finess: str | None = described("FINESS de la structure (9 caractères).")
    national_id: (
        Annotated[str, StringConstraints(pattern=r"^(1[0-9][0-9AB][0-9]{7}|3[0-9]{14}|[0245][0-9A-Z]{5,20})$")] | None
    ) = described("Identifiant national de structure déjà préfixé (« 1 » FINESS, « 3 » SIRET, « 4 » RPPS-rang).")
    name: Label = required("Nom de la structure.")
    facility_type: codes.FacilityTypeCode = required("Secteur d'activité (cabinet individuel, de groupe...).")
    practice_setting: codes.PracticeSettingCode | None = described("Cadre d'exercice ; à défaut, celui du réglage.")
    telecoms: tuple[Telecom, ...] = several("Moyens de contact.")
    address: Address | None = described("Adresse.")


class Professional(Model):
    """Health professional with a national identifier."""

    rpps: str = required("Numéro RPPS (11 chiffres).")
    name: PersonName = required("Nom et prénom.")
    profession: codes.ProfessionCode = required("Profession et spécialité.")
    telecoms: tuple[Telecom, ...] = several("Moyens de contact.")
    address: Address | None = described("Adresse.")


class Author(Professional):
    """Doctor who made the visit and answers for the document."""

    capacity: Literal["attending-physician", "locum", "other-doctor"] = required(
        "Qualité : médecin traitant, remplaçant du médecin traitant, autre médecin (la visite n'est alors pas une VSP)."
    )
    replaces: Professional | None = described("Médecin traitant remplacé (si remplaçant).")
    attending_physician: Professional | None = described("Médecin traitant (si l'auteur est un autre médecin).")


class Place(Model):
    """Where the visit took place."""

    kind: codes.PlaceCode = required("Type de lieu.")
    label: Label | None = described("Précision sur le lieu.")
    name: Label | None = described("Nom de l'établissement (EHPAD, résidence).")
    finess: str | None = described("FINESS de l'établissement.")
    tariff_mode: codes.TariffModeCode | None = described("EHPAD : mode de fixation des tarifs FINESS (40 à 47).")
    address: Address | None = described("Adresse, si ce n'est pas celle du patient.")
    telecoms: tuple[Telecom, ...] = several("Moyens de contact du lieu.")


class Present(Model):
    """Someone present at the visit."""

    kind: codes.PresenceCode = required("Qui : patient, proche, professionnel, autre.")
    ref: LocalId | None = described("Clé d'un proche, d'un représentant ou d'un membre de l'équipe déjà décrit.")
    label: Label | None = described("En clair, si la personne n'est pas décrite ailleurs.")
    remote: bool = required("À distance (téléphone, visioconférence).", default=False)


class Relative(Model):
    """Relative or friend, with the part that he or she plays; a person may play several."""

    id: LocalId = required("Clé locale, unique dans la visite.")
    name: PersonName = required("Nom et prénom.")
    relationship: codes.RelationshipCode | None = described("Lien avec le patient.")
    relationship_label: Label | None = described("Lien en clair.")
    roles: tuple[codes.ContactRoleCode, ...] = several("Rôles : personne de confiance, aidant, à prévenir...")
    main_carer: bool = required("Aidant principal.", default=False)
    telecoms: tuple[Telecom, ...] = several("Moyens de contact.")
    address: Address | None = described("Adresse.")
    state: Text | None = described("État et fardeau de l'aidant, en clair.")
    needs: Text | None = described("Besoins de l'aidant, soutien proposé.")


class TeamMember(Model):
    """Member of the care team: a professional, a structure, or both."""

    id: LocalId = required("Clé locale, unique dans la visite.")
    function: codes.TeamFunctionCode = required("Fonction auprès du patient.", default="care-team-member")
    role: Label | None = described("Rôle en clair.")
    name: PersonName | None = described("Professionnel ou bénévole nommé.")
    rpps: str | None = described("RPPS du professionnel.")
    profession: codes.ProfessionCode | None = described("Profession.")
    structure: codes.TeamStructureCode | None = described("Type de structure (EMSP, USP, LISP, HAD, DAC...).")
    structure_name: Label | None = described("Nom de la structure.")
    finess: str | None = described("FINESS de la structure.")
    telecoms: tuple[Telecom, ...] = several("Moyens de contact ; « always » marque le numéro jour et nuit.")
    address: Address | None = described("Adresse.")
    since: Day | None = described("Début de l'intervention.")
    until: Day | None = described("Fin de l'intervention.")
    comment: Text | None = described("Précisions (fréquence des passages, consignes...).")


class Correction(Model):
    """This synthesis replaces an earlier one."""

    reason: Text = required("Motif de la correction, écrit dans le document.")
    replaces_document_id: str | None = described(
        "OID du document remplacé, s'il n'a pas été produit par cet adaptateur à partir de la même visite."
    )
    corrected_at: Moment | None = described("Moment du constat de l'erreur.")

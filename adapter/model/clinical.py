"""What the doctor found, heard, decided and prescribed at the visit."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from adapter.model import codes
from adapter.model.fields import (
    Atc,
    Cim10,
    Cis,
    Day,
    DecimalText,
    Label,
    LocalId,
    Model,
    Moment,
    PartialDay,
    Text,
    described,
    required,
    several,
)


class Problem(Model):
    """Disease, problem or past event."""

    label: Label = required("Intitulé tel que le médecin l'écrit.")
    cim10: Cim10 | None = described("Code CIM-10.")
    kind: codes.ProblemKindCode = required("Nature.", default="problem")
    status: codes.ProblemStatusCode = required("Actif ou résolu.", default="active")
    onset: PartialDay | None = described("Début (année, mois ou jour).")
    end: PartialDay | None = described("Fin.")
    comment: Text | None = described("Précisions.")


class Knowledge(Model):
    """What someone knows of the disease and of what is expected."""

    level: codes.KnowledgeCode = required("Niveau d'information.")
    comment: Text | None = described("En clair.")


class Disease(Model):
    """Main disease and where it stands."""

    main: Problem = required("Maladie principale.")
    history: Text | None = described("Histoire de la maladie.")
    phase: codes.PhaseCode | None = described("Phase de la prise en charge.")
    phase_comment: Text | None = described("Précisions sur la phase et le pronostic.")
    patient_knowledge: Knowledge | None = described("Ce que le patient sait.")
    relatives_knowledge: Knowledge | None = described("Ce que les proches savent.")


class Symptom(Model):
    """Symptom met at the visit or since the last one."""

    symptom: codes.SymptomCode = required("Symptôme.")
    label: Label | None = described("En clair (obligatoire pour « other »).")
    location: Label | None = described("Localisation.")
    intensity: codes.IntensityCode | None = described("Intensité ; « not-assessable » est une valeur.")
    evolution: codes.EvolutionCode | None = described("Évolution depuis la dernière visite.")
    onset: PartialDay | None = described("Début.")
    comment: Text | None = described("Précisions.")


class Scale(Model):
    """One measure on a scale: a whole score within the bounds of the scale, or a reason why it could not be had."""

    scale: codes.ScaleCode = required("Échelle.")
    value: int | None = described("Score (entier, dans les bornes de l'échelle).")
    not_assessable: Text | None = described("Non évaluable : motif (exclut le score).")
    context: Label | None = described("Circonstance (avant interdose, à la toilette...).")
    label: Label | None = described("Item libre (ESAS autre).")
    at: Moment | None = described("Moment de la mesure ; à défaut, celui de la visite.")
    relative: LocalId | None = described("Aidant concerné (Zarit).")
    comment: Text | None = described("Précisions.")


class VitalSign(Model):
    """One vital sign, in the unit of its table."""

    sign: codes.VitalSignCode = required("Signe vital.")
    value: DecimalText = required("Valeur, dans l'unité habituelle (°C, /min, mmHg, %, kg, cm).")
    at: Moment | None = described("Moment de la mesure ; à défaut, celui de la visite.")
    comment: Text | None = described("Précisions.")


class Allergy(Model):
    """Allergy or intolerance."""

    kind: codes.AllergyKindCode = required("Nature.", default="allergy")
    agent: Label = required("Agent en cause, en clair.")
    substance: codes.SubstanceCode | None = described("Substance du référentiel local.")
    atc: Atc | None = described("Code ATC de l'agent.")
    reaction: Label | None = described("Réaction observée.")
    reaction_cim10: Cim10 | None = described("Code CIM-10 de la réaction.")
    onset: PartialDay | None = described("Date de la réaction.")
    comment: Text | None = described("Précisions.")


class Allergies(Model):
    """Allergies; not asked differs from none."""

    status: codes.AllergyStatusCode = required("Non renseigné, aucune connue, ou liste.")
    items: tuple[Allergy, ...] = several("Allergies et intolérances.")
    comment: Text | None = described("Précisions.")


class Quantity(Model):
    """Amount and unit as prescribed; nothing is converted."""

    value: DecimalText = required("Quantité.")
    unit: codes.UnitCode = required("Unité.")


class Pca(Model):
    """Patient-controlled or continuous pump settings, as prescribed."""

    rate: Quantity | None = described("Débit continu.")
    bolus: Quantity | None = described("Bolus.")
    lockout_min: Annotated[int, Field(ge=0, le=1440)] | None = described("Période réfractaire, en minutes.")
    max_boluses: Annotated[int, Field(ge=0, le=1000)] | None = described("Nombre maximal de bolus.")
    max_boluses_hours: Annotated[int, Field(ge=1, le=24)] | None = described("... par nombre d'heures.")


class Treatment(Model):
    """Treatment in use, stopped or suspended. No dose is ever computed."""

    label: Label = required("Traitement tel que le médecin l'écrit.")
    substance: codes.SubstanceCode | None = described("Substance du référentiel local (donne le code ATC).")
    atc: Atc | None = described("Code ATC.")
    cis: Cis | None = described("Code CIS de la spécialité.")
    status: codes.TreatmentStatusCode = required("En cours, arrêté, suspendu.", default="active")
    kind: codes.TreatmentKindCode = required("Régulier, si besoin, continu, PCA, patch.", default="scheduled")
    release: codes.ReleaseCode | None = described("Libération prolongée (LP) ou immédiate (LI).")
    form: Label | None = described("Forme galénique, en clair.")
    dose: Quantity | None = described("Dose par prise.")
    times_per_day: Annotated[int, Field(ge=1, le=48)] | None = described("Nombre de prises par jour.")
    every_hours: Annotated[int, Field(ge=1, le=720)] | None = described("Intervalle entre deux prises, en heures.")
    schedule: Label | None = described("Moments de prise, en clair (matin et soir...).")
    max_per_day: Annotated[int, Field(ge=1, le=96)] | None = described("Si besoin : nombre maximal de prises par 24 h.")
    taken_last_day: Annotated[int, Field(ge=0, le=96)] | None = described("Prises constatées sur les dernières 24 h.")
    pca: Pca | None = described("Réglages de la pompe.")
    route: codes.RouteCode | None = described("Voie d'administration.")
    start: PartialDay | None = described("Début.")
    end: PartialDay | None = described("Fin ou arrêt.")
    last_change: PartialDay | None = described("Dernière modification.")
    indication: Label | None = described("Indication.")
    change_reason: Text | None = described("Motif d'arrêt, de changement ou de rotation.")
    instructions: Text | None = described("Posologie et consignes en clair.")


class Treatments(Model):
    """Treatments; not asked differs from none."""

    status: codes.TreatmentsStatusCode = required("Non renseigné, aucun, ou liste.")
    items: tuple[Treatment, ...] = several("Traitements.")
    comment: Text | None = described("Précisions (continuité, tolérance...).")


class AnticipatoryPrescription(Model):
    """Personalised anticipatory prescription, and whether the product is at home."""

    label: Label = required("Produit.")
    substance: codes.SubstanceCode | None = described("Substance du référentiel local.")
    atc: Atc | None = described("Code ATC.")
    indication: Label | None = described("Dans quelle situation.")
    dose: Quantity | None = described("Dose.")
    route: codes.RouteCode | None = described("Voie.")
    instructions: Text | None = described("Conduite, répétition, précautions.")
    at_home: bool | None = described("Produit présent au domicile.")
    location: Label | None = described("Où il se trouve.")
    prescribed_on: Day | None = described("Date de la prescription.")


class Device(Model):
    """Medical device in place."""

    device: codes.DeviceCode = required("Dispositif.")
    label: Label | None = described("En clair (obligatoire pour « other »).")
    side: codes.SideCode | None = described("Côté.")
    site: Label | None = described("Localisation.")
    since: PartialDay | None = described("Depuis.")
    flow: Quantity | None = described("Débit (oxygène).")
    hours_per_day: Annotated[int, Field(ge=0, le=24)] | None = described("Heures d'utilisation par jour.")
    owner: Label | None = described("Fournisseur ou responsable (HAD, prestataire).")
    comment: Text | None = described("Précisions.")


class Wound(Model):
    """Wound or pressure ulcer."""

    kind: codes.WoundCode = required("Type de plaie.")
    site: Label | None = described("Localisation.")
    stage: Annotated[int, Field(ge=1, le=4)] | None = described("Stade (escarre), 1 à 4.")
    care: Text | None = described("Soins.")
    comment: Text | None = described("Précisions.")


class Nutrition(Model):
    """Feeding and hydration."""

    modes: tuple[codes.NutritionCode, ...] = several("Modes d'alimentation.")
    comment: Text | None = described("Précisions.")


class Function(Model):
    """Function and mobility in words; scores are scales."""

    states: tuple[codes.FunctionalStateCode, ...] = several("États fonctionnels.")
    comment: Text | None = described("Précisions.")


class Need(Model):
    """Need that the doctor heard, and what was answered."""

    kind: codes.NeedCode = required("Domaine.")
    text: Text = required("En clair.")


class Social(Model):
    """Home and resources."""

    living: codes.LivingSituationCode | None = described("Mode de vie.")
    comment: Text | None = described("En clair (logement, aides, ressources).")


class Directive(Model):
    """One written instruction of the advance directives: accepted or refused."""

    kind: codes.DirectiveCode = required("Objet.")
    label: Label | None = described("En clair (obligatoire pour « other »).")
    accepted: bool | None = described("Vrai : souhaité ; faux : refusé ; absent : voir le texte.")
    comment: Text | None = described("Précisions.")


class Directives(Model):
    """Advance directives: a document written, dated and signed by the person. Oral wishes are not here."""

    status: codes.DirectivesStatusCode = required("Inconnu, aucune, ou rédigées.")
    written_on: Day | None = described("Date de rédaction.")
    location: Label | None = described("Où se trouve le document.")
    items: tuple[Directive, ...] = several("Contenu.")
    comment: Text | None = described("Précisions.")


class Wish(Model):
    """Wish told by word of mouth and noted as such; it is not an advance directive."""

    subject: codes.WishCode = required("Objet.")
    preference: codes.PreferenceCode | None = described("Position exprimée.")
    source: codes.WishSourceCode = required("Qui l'a exprimé.")
    told_by: LocalId | None = described("Clé du proche ou du professionnel.")
    said_on: Day | None = described("Date.")
    text: Text | None = described("En clair.")


class TrustedPerson(Model):
    """Whether a personne de confiance was named; who it is stands among the relatives."""

    status: codes.TrustedPersonStatusCode = required("Inconnu, aucune, désignée, refusée, sans objet (mineur).")
    designated_on: Day | None = described("Date de désignation.")
    comment: Text | None = described("Précisions.")


class Places(Model):
    """Places of care and of death that the patient prefers, and the fallback bed."""

    care: codes.CarePlaceCode | None = described("Lieu de soins souhaité.")
    death: codes.CarePlaceCode | None = described("Lieu de décès souhaité.")
    fallback: Label | None = described("Lit de repli (service).")
    fallback_phone: Label | None = described("Téléphone du lit de repli.")
    comment: Text | None = described("Précisions.")


class Goal(Model):
    """Goal of care."""

    goal: codes.GoalCode = required("Objectif.")
    text: Text | None = described("En clair (obligatoire pour « other »).")


class Limitation(Model):
    """Decision to limit or stop treatments."""

    items: tuple[codes.LimitationCode, ...] = required("Décisions.", min_length=1, strict=False)
    decided_on: Day | None = described("Date.")
    collegial: bool | None = described("Procédure collégiale.")
    procedure: Text | None = described("Déroulé : personnes entendues, avis du consultant.")
    comment: Text | None = described("Précisions.")


class ExpectedEvent(Model):
    """Event to expect, and what to do: the first thing read at night."""

    event: codes.ExpectedEventCode = required("Évènement.")
    label: Label | None = described("En clair (obligatoire pour « other »).")
    action: Text | None = described("Conduite à tenir.")


class Action(Model):
    """Coordination: who does what by when."""

    action: codes.ActionCode = required("Action.")
    text: Text | None = described("En clair (obligatoire pour « other »).")
    who: LocalId | None = described("Clé d'un membre de l'équipe ou d'un proche ; « author » pour le médecin.")
    who_label: Label | None = described("Responsable en clair.")
    due: Day | None = described("Échéance.")
    status: codes.ActionStatusCode = required("Prévu, demandé, fait.", default="planned")


class NextVisit(Model):
    """Next visit: a date when there is one, words otherwise; no date is computed."""

    on: Day | None = described("Date.")
    at: Moment | None = described("Date et heure.")
    text: Text | None = described("En clair (« dans 7 jours »).")


class Attachment(Model):
    """Document joined to the synthesis."""

    id: LocalId = required("Clé locale, unique dans la visite.")
    title: Label = required("Titre.")
    media_type: Literal["application/pdf"] = required("Type de contenu.", default="application/pdf")
    data: Annotated[str, StringConstraints(min_length=8)] = required("Contenu en base64.")
    created_on: Day | None = described("Date du document.")
    advance_directives: bool = required("C'est le document des directives anticipées.", default=False)

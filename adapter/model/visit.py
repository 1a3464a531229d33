"""The visit as the practice software hands it over: one JSON object, read once, frozen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from adapter.model import clinical, codes, people
from adapter.model.fields import Day, LocalId, Model, Moment, Text, described, required, several

FORMAT = "vsp-visit/1"


class Sharing(Model):
    """How far the synthesis may go."""

    confidentiality: codes.ConfidentialityCode = required("Niveau de confidentialité.", default="normal")
    visibility: tuple[codes.VisibilityCode, ...] = several("Masquages demandés dans le DMP.")
    announce_on: Day | None = described("Consultation d'annonce prévue (levée du masquage au patient).")
    opposition: bool = required("Le patient s'oppose au versement dans son DMP.", default=False)
    opposition_reason: Text | None = described("Motif, gardé localement : jamais imprimé dans un document.")
    informed: bool | None = described("Le patient a été informé du partage.")


class Visit(Model):
    """Visite soins palliatifs (VSP) : tout ce que le médecin consigne, et rien d'autre."""

    format: Literal["vsp-visit/1"] = required("Version du format.")
    id: LocalId = required("Identifiant stable de la visite dans le logiciel, sans donnée du patient.")
    version: Annotated[int, Field(ge=1, le=9999)] = required(
        "Version de la synthèse (1, puis 2 après correction).", default=1
    )
    written_at: Moment = required("Moment de la rédaction : date du document.")
    start: Moment = required("Début de la visite, avec décalage horaire.")
    end: Moment = required("Fin de la visite, avec décalage horaire.")
    title: Annotated[str, StringConstraints(max_length=200, pattern=r"\S")] | None = described("Titre particulier.")

    patient: people.Patient = required("Patient.")
    author: people.Author = required("Médecin auteur.")
    structure: people.Structure = required("Structure d'exercice de l'auteur, qui conserve le document.")
    place: people.Place = required("Lieu de la visite.")
    present: tuple[people.Present, ...] = several("Personnes présentes.")
    reason: Text | None = described("Motif de la visite.")

    disease: clinical.Disease = required("Maladie principale et situation.")
    problems: tuple[clinical.Problem, ...] = several("Problèmes actifs.")
    history: tuple[clinical.Problem, ...] = several("Antécédents.")
    symptoms: tuple[clinical.Symptom, ...] = several("Symptômes.")
    scales: tuple[clinical.Scale, ...] = several("Échelles.")
    vital_signs: tuple[clinical.VitalSign, ...] = several("Signes vitaux.")
    allergies: clinical.Allergies | None = described("Allergies ; absent : non renseigné.")
    treatments: clinical.Treatments | None = described("Traitements ; absent : non renseigné.")
    anticipatory: tuple[clinical.AnticipatoryPrescription, ...] = several("Prescriptions anticipées.")
    devices: tuple[clinical.Device, ...] = several("Dispositifs médicaux.")
    wounds: tuple[clinical.Wound, ...] = several("Plaies et escarres.")
    nutrition: clinical.Nutrition | None = described("Alimentation et hydratation.")
    function: clinical.Function | None = described("Autonomie et mobilité.")
    needs: tuple[clinical.Need, ...] = several("Besoins psychologiques, sociaux, spirituels.")
    social: clinical.Social | None = described("Mode de vie.")
    relatives: tuple[people.Relative, ...] = several("Proches et aidants.")
    trusted_person: clinical.TrustedPerson | None = described("Personne de confiance ; absent : non renseigné.")
    directives: clinical.Directives | None = described("Directives anticipées écrites ; absent : non renseigné.")
    wishes: tuple[clinical.Wish, ...] = several("Souhaits rapportés oralement.")
    goals: tuple[clinical.Goal, ...] = several("Objectifs de soins.")
    places: clinical.Places | None = described("Lieux souhaités.")
    limitations: tuple[clinical.Limitation, ...] = several("Décisions de limitation ou d'arrêt de traitement.")
    expected_events: tuple[clinical.ExpectedEvent, ...] = several("Évènements attendus et conduite à tenir.")
    care_team: tuple[people.TeamMember, ...] = several("Équipe de soins.")
    actions: tuple[clinical.Action, ...] = several("Coordination : qui fait quoi, pour quand.")
    conclusions: Text = required("Conclusions de la visite (obligatoire).")
    next_visit: clinical.NextVisit | None = described("Prochaine visite.")
    attachments: tuple[clinical.Attachment, ...] = several("Documents joints (PDF).")
    sharing: Sharing = required("Partage et confidentialité.", default=Sharing())
    correction: people.Correction | None = described("Correction d'une synthèse antérieure (version 2 et suivantes).")

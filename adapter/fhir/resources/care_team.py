"""CareTeam: who takes care of the patient, in what part, since when."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Final

from adapter.fhir.datatypes import (
    NOS,
    Frame,
    Json,
    coding,
    fixed,
    period,
    reference,
    resource,
    uuid_identifier,
)
from adapter.model.document import Professional, TeamMember

# Source: careteam-roles-vs (cercle de soins 2.0.1).
TRE_R259: Final = f"{NOS}TRE_R259-HL7ParticipationFunction/FHIR/TRE-R259-HL7ParticipationFunction"


def care_team(
    key: str,
    name: str,
    members: Sequence[TeamMember],
    physicians: Sequence[Professional],
    seen_on: date,
    frame: Frame,
) -> Json:
    """CareTeam resource.

    Args:
        key: key of the team.
        name: name of the team, in French.
        members: members with their functions.
        physicians: attending physicians who are not among `members`.
        seen_on: day of the visit: since then at the latest the team is known.
        frame: what the document's resources share.
    Source: cds-ihe-careteam (cercle de soins 2.0.1): period.start is mandatory, for a member as soon as there is
        a period.
    """
    starts = [member.start for member in members if member.start]
    met = name and all(_admitted(member) for member in members)
    found = resource("CareTeam", key, frame, ("care-team",) if met else (), name)
    found["identifier"] = [uuid_identifier(key)]
    found["status"] = "active"
    if name:
        found["name"] = name
    found["subject"] = frame.patient
    found["period"] = period(min([*starts, seen_on]), None)
    found["participant"] = [
        *[{"role": [fixed(TRE_R259, "PCP", "Médecin traitant")], "member": reference(p.role_key)} for p in physicians],
        *[_participant(member) for member in members],
    ]
    return found


def _admitted(value: TeamMember) -> bool:
    """Whether the profiles admit the member: an end wants a start, a structure's mailbox must be a secure one.

    Source: cds-ihe-careteam; cds-organization, slice telecom:mailbox-mss, which takes every mailbox.
    """
    if value.end and not value.start:
        return False
    if value.professional or not value.organization:
        return True
    return all(telecom.kind != "mailto" or telecom.mssante for telecom in value.organization.telecoms)


def _participant(value: TeamMember) -> Json:
    found: Json = {"role": [{"coding": [coding(value.function)], "text": value.label}]}
    if value.professional:
        found["member"] = reference(value.professional.role_key)
    elif value.organization:
        found["member"] = reference(value.organization.key)
    if when := period(value.start, value.end):
        found["period"] = when
    return found

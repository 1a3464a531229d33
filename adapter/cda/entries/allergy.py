"""Allergy or intolerance, or its stated absence.

Source: IHE PCC Allergy and Intolerance Concern; CI-SIS Modèles de contenus CDA,
FR-Liste-des-allergies-et-hypersensibilites (1.2.250.1.213.1.1.3.40) and
FR-Allergie-ou-hypersensibilite (1.2.250.1.213.1.1.3.41).
"""

from __future__ import annotations

from adapter.cda import datatypes
from adapter.cda.fragments import NOTHING, Markup, fragment
from adapter.model.document import Allergy

_CONCERN = fragment("""
<act classCode="ACT" moodCode="EVN">
  <templateId root="2.16.840.1.113883.10.20.1.27"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5.1"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5.3"/>
  <templateId root="1.2.250.1.213.1.1.3.40"/>
  <id root="{key}" extension="concern"/>
  <code nullFlavor="NA"/>
  <statusCode code="{status}"/>
  {concern_time}
  <entryRelationship typeCode="SUBJ" inversionInd="false">
    <observation classCode="OBS" moodCode="EVN" negationInd="false">
      <templateId root="2.16.840.1.113883.10.20.1.18"/>
      <templateId root="2.16.840.1.113883.10.20.1.28"/>
      <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5"/>
      <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.6"/>
      <templateId root="1.2.250.1.213.1.1.3.41"/>
      <id root="{key}"/>
      {kind}
      <text><reference value="#{anchor}"/></text>
      <statusCode code="completed"/>
      {time}
      {value}{agent}{reaction}
    </observation>
  </entryRelationship>
</act>
""")
_VALUE = fragment("""
<value xsi:type="CD" nullFlavor="NA"><originalText><reference value="#{anchor}"/></originalText></value>
""")
_AGENT = fragment("""
<participant typeCode="CSM">
  <participantRole classCode="MANU">
    <playingEntity classCode="MMAT">{code}<name>{name}</name></playingEntity>
  </participantRole>
</participant>
""")
_REACTION = fragment("""
<entryRelationship typeCode="MFST">
  <observation classCode="OBS" moodCode="EVN">
    <templateId root="2.16.840.1.113883.10.20.1.28"/>
    <templateId root="2.16.840.1.113883.10.20.1.54"/>
    <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5"/>
    <templateId root="1.2.250.1.213.1.1.3.37"/>
    <id root="{key}" extension="reaction"/>
    <code code="418799008" displayName="symptôme rapporté par le patient ou le répondant"
      codeSystem="2.16.840.1.113883.6.96" codeSystemName="SNOMED CT"/>
    <text><reference value="#{anchor}"/></text>
    <statusCode code="completed"/>
    <effectiveTime><low nullFlavor="UNK"/></effectiveTime>
    {value}
  </observation>
</entryRelationship>
""")


def allergy(entry: Allergy) -> Markup:
    """CDA concern act around the allergy observation; a stated absence is its value, and it has no agent."""
    onset = datatypes.low(datatypes.partial(entry.onset))
    agent = reaction = NOTHING
    if entry.absence:
        # The concern is closed: nothing to follow; the dates do not apply. Source: 01_Modeles_contenus_CDA.
        concern_time = datatypes.period(datatypes.low("", "NA"), datatypes.high("", "NA"))
        value = datatypes.concept_value(entry.agent, entry.anchor)
    else:
        concern_time = datatypes.period(onset)
        value = _VALUE(anchor=entry.anchor)
        agent = _AGENT(code=datatypes.concept_code(entry.agent, entry.anchor), name=entry.agent.text)
        if entry.reaction is not None:
            reaction = _REACTION(
                key=entry.key,
                anchor=entry.anchor,
                value=datatypes.concept_value(entry.reaction, entry.anchor),
            )
    return _CONCERN(
        key=entry.key,
        status="completed" if entry.absence else "active",
        concern_time=concern_time,
        kind=datatypes.code(entry.kind),
        anchor=entry.anchor,
        time=datatypes.period(onset),
        value=value,
        agent=agent,
        reaction=reaction,
    )

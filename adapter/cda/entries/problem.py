"""Problem, disease or past event.

Source: IHE PCC Problem Concern and Problem entries; CI-SIS Modèles de contenus CDA, FR-Liste-des-problemes
(1.2.250.1.213.1.1.3.39) and FR-Probleme (1.2.250.1.213.1.1.3.37).
"""

from __future__ import annotations

from adapter.cda import datatypes
from adapter.cda.fragments import NOTHING, Markup, fragment
from adapter.model.document import Problem

_CONCERN = fragment("""
<act classCode="ACT" moodCode="EVN">
  <templateId root="2.16.840.1.113883.10.20.1.27"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5.1"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5.2"/>
  <templateId root="1.2.250.1.213.1.1.3.39"/>
  <id root="{key}" extension="concern"/>
  <code nullFlavor="NA"/>
  <statusCode code="{status}"/>
  {time}
  <entryRelationship typeCode="SUBJ" inversionInd="false">
    <observation classCode="OBS" moodCode="EVN" negationInd="false">
      <templateId root="2.16.840.1.113883.10.20.1.28"/>
      <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5"/>
      <templateId root="1.2.250.1.213.1.1.3.37"/>
      <id root="{key}"/>
      {kind}
      <text><reference value="#{anchor}"/></text>
      <statusCode code="completed"/>
      {time}
      {what}
    </observation>
  </entryRelationship>
</act>
""")


def problem(entry: Problem) -> Markup:
    """CDA concern act around the problem observation; a resolved problem has an end, known or not."""
    over = entry.resolved or entry.end
    end = datatypes.high(datatypes.partial(entry.end)) if over else NOTHING
    return _CONCERN(
        key=entry.key,
        status="completed" if over else "active",
        time=datatypes.period(datatypes.low(datatypes.partial(entry.onset)), end),
        kind=datatypes.code(entry.kind),
        anchor=entry.anchor,
        what=datatypes.concept_value(entry.what, entry.anchor),
    )

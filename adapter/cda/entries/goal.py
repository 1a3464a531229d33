"""Goal of care.

Source: IHE PCC Observation Requests; CI-SIS Modèles de contenus CDA, FR-Demande-d-examen-ou-de-suivi
(1.2.250.1.213.1.1.3.27).
"""

from __future__ import annotations

from adapter.cda import datatypes
from adapter.cda.fragments import Markup, fragment
from adapter.model.document import Goal

_GOAL = fragment("""
<observation classCode="OBS" moodCode="GOL">
  <templateId root="2.16.840.1.113883.10.20.1.25"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.20.3.1"/>
  <templateId root="1.2.250.1.213.1.1.3.27"/>
  <id root="{key}"/>
  {what}
  <text><reference value="#{anchor}"/></text>
  <statusCode code="active"/>
  <effectiveTime nullFlavor="UNK"/>
</observation>
""")


def goal(entry: Goal) -> Markup:
    """CDA observation in goal mood, without date: a goal holds until another visit says otherwise."""
    return _GOAL(key=entry.key, what=datatypes.concept_code(entry.what, entry.anchor), anchor=entry.anchor)

"""Next visit on a known date.

Source: IHE PCC Encounters; CI-SIS Modèles de contenus CDA, FR-Rencontre (1.2.250.1.213.1.1.3.58): an appointment
request is the only mood that its rules take.
"""

from __future__ import annotations

from adapter.cda import datatypes
from adapter.cda.fragments import Markup, fragment
from adapter.model.document import NextVisit

_ENCOUNTER = fragment("""
<encounter classCode="ENC" moodCode="ARQ">
  <templateId root="2.16.840.1.113883.10.20.1.25"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.14"/>
  <templateId root="1.2.250.1.213.1.1.3.58"/>
  <id root="{key}"/>
  <code code="HH" displayName="Soins à domicile (hors établissement)" codeSystem="2.16.840.1.113883.5.4"
    codeSystemName="HL7:ActCode"/>
  <text><reference value="#{anchor}"/></text>
  {time}
</encounter>
""")


def next_visit(entry: NextVisit) -> Markup:
    """CDA encounter asked for, on its day or at its time when that is known."""
    at = datatypes.timestamp(entry.at) if entry.at else datatypes.day(entry.on)
    return _ENCOUNTER(key=entry.key, anchor=entry.anchor, time=datatypes.instant(at))

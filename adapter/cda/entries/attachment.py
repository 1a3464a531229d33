"""Joined file, carried in the document.

Source: CI-SIS Modèles de contenus CDA, FR-Document-attache (1.2.250.1.213.1.1.3.18).
"""

from __future__ import annotations

from adapter.cda import datatypes
from adapter.cda.fragments import Markup, fragment
from adapter.model.coded import Concept
from adapter.model.document import Attachment

_ORGANIZER = fragment("""
<organizer classCode="CLUSTER" moodCode="EVN">
  <templateId root="1.2.250.1.213.1.1.3.18"/>
  <id root="{key}"/>
  <code code="55107-7" displayName="Document attaché" codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC"/>
  <statusCode code="completed"/>
  <component>
    <observation classCode="OBS" moodCode="EVN">
      <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/>
      <templateId root="1.2.250.1.213.1.1.3.48"/>
      <templateId root="1.2.250.1.213.1.1.3.48.18"/>
      <id root="{key}" extension="type"/>
      <code code="69764-9" displayName="Type de document" codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC"/>
      <text><reference value="#{anchor}"/></text>
      <statusCode code="completed"/>
      {time}{type}
    </observation>
  </component>
  <component>
    <observationMedia classCode="OBS" moodCode="EVN" ID="{media}">
      <id root="{binary}"/>
      <value mediaType="{media_type}" representation="B64">{data}</value>
    </observationMedia>
  </component>
</organizer>
""")


def media_anchor(entry: Attachment) -> str:
    """XML identifier of the media of `entry`, which the narrative shows."""
    return f"{entry.anchor}-media"


def attachment(entry: Attachment) -> Markup:
    """CDA organizer: type and date of the file, then the file itself in base64; its title is the words of the type."""
    return _ORGANIZER(
        key=entry.key,
        anchor=entry.anchor,
        time=datatypes.instant(datatypes.day(entry.created_on)) if entry.created_on else datatypes.NO_TIME,
        type=datatypes.concept_value(Concept(entry.title, (entry.type,) if entry.type else ()), entry.anchor),
        media=media_anchor(entry),
        binary=entry.binary_key,
        media_type=entry.media_type,
        data=entry.data,
    )

"""Device in place, or the stated absence of any.

Source: CI-SIS Modèles de contenus CDA, FR-Dispositif-medical (1.2.250.1.213.1.1.3.20).
"""

from __future__ import annotations

from adapter.cda import datatypes
from adapter.cda.fragments import Markup, fragment
from adapter.model.document import Device

_SUPPLY = fragment("""
<supply classCode="SPLY" moodCode="EVN">
  <templateId root="2.16.840.1.113883.10.20.1.34"/>
  <templateId root="1.2.250.1.213.1.1.3.20"/>
  <id root="{key}"/>
  <text><reference value="#{anchor}"/></text>
  {time}
  <participant typeCode="DEV">
    <participantRole classCode="MANU">
      <id nullFlavor="UNK"/>
      <playingDevice classCode="DEV" determinerCode="INSTANCE">{what}</playingDevice>
    </participantRole>
  </participant>
</supply>
""")
_SINCE = fragment('<effectiveTime xsi:type="IVL_TS">{low}</effectiveTime>')
_NO_TIME = fragment('<effectiveTime xsi:type="IVL_TS" nullFlavor="NA"/>')()


def device(entry: Device) -> Markup:
    """CDA supply of the device since its date; where it stands on the body is told by the narrative."""
    return _SUPPLY(
        key=entry.key,
        anchor=entry.anchor,
        time=_NO_TIME if entry.absence else _SINCE(low=datatypes.low(datatypes.partial(entry.since))),
        what=datatypes.concept_code(entry.what, entry.anchor),
    )

"""Care as an act: palliative care in progress or planned.

Source: IHE PCC Procedure Entry; CI-SIS Modèles de contenus CDA, FR-Acte (1.2.250.1.213.1.1.3.62).
"""

from __future__ import annotations

from adapter.cda import datatypes
from adapter.cda.fragments import Markup, fragment
from adapter.model.document import CareAct

_ACT = fragment("""
<procedure classCode="PROC" moodCode="INT">
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.19"/>
  <templateId root="2.16.840.1.113883.10.20.1.25"/>
  <templateId root="1.2.250.1.213.1.1.3.62"/>
  <id root="{key}"/>
  {what}
  <text><reference value="#{anchor}"/></text>
  <statusCode code="active"/>
  {time}
</procedure>
""")


def care_act(entry: CareAct) -> Markup:
    """CDA procedure that goes on from the visit: intended and active, without end."""
    return _ACT(
        key=entry.key,
        what=datatypes.code(entry.what),
        anchor=entry.anchor,
        time=datatypes.period(datatypes.low(datatypes.timestamp(entry.start))),
    )

"""Care as an act: palliative care under way.

Source: IHE PCC Procedure Entry; CI-SIS Modèles de contenus CDA, FR-Acte (1.2.250.1.213.1.1.3.62).
"""

from __future__ import annotations

from adapter.cda import datatypes
from adapter.cda.fragments import Markup, fragment
from adapter.model.document import CareAct

_ACT = fragment("""
<procedure classCode="PROC" moodCode="EVN">
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.19"/>
  <templateId root="2.16.840.1.113883.10.20.1.29"/>
  <templateId root="1.2.250.1.213.1.1.3.62"/>
  <id root="{key}"/>
  {what}
  <text><reference value="#{anchor}"/></text>
  <statusCode code="active"/>
  <effectiveTime nullFlavor="UNK"/>
</procedure>
""")


def care_act(entry: CareAct) -> Markup:
    """CDA procedure under way, active and without an end; since when nobody said.

    Source: CI-SIS DLU-EHPAD, care plan section: this is how it says whether a resident is in palliative care.
    """
    return _ACT(
        key=entry.key,
        what=datatypes.code(entry.what),
        anchor=entry.anchor,
    )

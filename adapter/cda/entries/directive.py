"""One instruction of the written advance directives.

Source: IHE PCC Advance Directive Observation; CI-SIS Modèles de contenus CDA, FR-Directive-anticipee
(1.2.250.1.213.1.1.3.54, rule of 2024-03-05).
"""

from __future__ import annotations

from adapter.cda import datatypes
from adapter.cda.fragments import NOTHING, Markup, fragment
from adapter.model.document import Directive

_DIRECTIVE = fragment("""
<observation classCode="OBS" moodCode="EVN">
  <templateId root="2.16.840.1.113883.10.20.1.17"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13.7"/>
  <templateId root="1.2.250.1.213.1.1.3.54"/>
  <id root="{key}"/>
  {what}
  <text><reference value="#{anchor}"/></text>
  <statusCode code="completed"/>
  {time}{value}{attachment}
</observation>
""")
_NOT_SAID = fragment('<value xsi:type="BL" nullFlavor="UNK"/>')()
# The joined file stands once, in its own section; here is its identifier.
_ATTACHMENT = fragment("""
<reference typeCode="REFR">
  <templateId root="2.16.840.1.113883.10.20.1.36"/>
  <externalDocument><id root="{key}"/></externalDocument>
</reference>
""")
# "Autre directive" and "Directives anticipées": the words or the document tell, a yes or no is forbidden.
_WITHOUT_VALUE = frozenset({"75793-0", "42348-3"})


def directive(entry: Directive) -> Markup:
    """CDA observation: yes or no to one sort of care, or a pointer to words and document."""
    coding = entry.what.coding
    if entry.accepted is not None:
        value = datatypes.boolean(entry.accepted)
    elif coding is not None and coding.code in _WITHOUT_VALUE:
        value = NOTHING
    else:
        value = _NOT_SAID
    written_on = datatypes.day(entry.written_on) if entry.written_on else ""
    return _DIRECTIVE(
        key=entry.key,
        what=datatypes.concept_code(entry.what, entry.anchor),
        anchor=entry.anchor,
        time=datatypes.period(datatypes.low(written_on), datatypes.high("", "NA")),
        value=value,
        attachment=_ATTACHMENT(key=entry.attachment) if entry.attachment else NOTHING,
    )

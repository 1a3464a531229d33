"""Coordination action: what, by whom, by when.

Source: IHE PCC Observation Requests; CI-SIS Modèles de contenus CDA, FR-Demande-d-examen-ou-de-suivi
(1.2.250.1.213.1.1.3.27) for what is to come, FR-Simple-Observation (1.2.250.1.213.1.1.3.48) for what is done.
"""

from __future__ import annotations

from adapter.cda import datatypes
from adapter.cda.fragments import NOTHING, Markup, fragment
from adapter.model.document import Request

_REQUEST = fragment("""
<observation classCode="OBS" moodCode="{mood}">
  <templateId root="2.16.840.1.113883.10.20.1.25"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.20.3.1"/>
  <templateId root="1.2.250.1.213.1.1.3.27"/>
  <id root="{key}"/>
  {what}
  <text><reference value="#{anchor}"/></text>
  <statusCode code="active"/>
  {time}{performer}
</observation>
""")
_DONE = fragment("""
<observation classCode="OBS" moodCode="EVN">
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/>
  <templateId root="1.2.250.1.213.1.1.3.48"/>
  <id root="{key}"/>
  {what}
  <text><reference value="#{anchor}"/></text>
  <statusCode code="completed"/>
  {time}{performer}
</observation>
""")
_PERFORMER = fragment("""
<performer typeCode="PRF"><assignedEntity>{id}{label}</assignedEntity></performer>
""")
_ID = fragment('<id root="{root}"/>')
_ID_UNKNOWN = fragment('<id nullFlavor="UNK"/>')()
_LABEL = fragment('<code nullFlavor="OTH"><originalText>{words}</originalText></code>')

# Planned by the author is an intent, asked of somebody else is a proposal: the French rule takes no order (RQO).
_MOOD = {"planned": "INT", "requested": "PRP"}


def request(entry: Request) -> Markup:
    """CDA observation in intent or proposal mood, or a done one, with its performer when it is named."""
    performer = NOTHING
    if entry.performer or entry.performer_label:
        performer = _PERFORMER(
            id=_ID(root=entry.performer) if entry.performer else _ID_UNKNOWN,
            label=_LABEL(words=entry.performer_label) if entry.performer_label else NOTHING,
        )
    time = datatypes.NO_TIME
    if entry.due:
        # What is done had a beginning that nobody noted; what is to come has none.
        start = datatypes.low("") if entry.status == "done" else NOTHING
        time = datatypes.period(start, datatypes.high(datatypes.day(entry.due)))
    what = datatypes.concept_code(entry.what, entry.anchor)
    if entry.status == "done":
        return _DONE(key=entry.key, what=what, anchor=entry.anchor, time=time, performer=performer)
    return _REQUEST(
        mood=_MOOD[entry.status], key=entry.key, what=what, anchor=entry.anchor, time=time, performer=performer
    )

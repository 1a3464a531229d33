"""Findings: pain, scores, vital signs, social facts, symptoms, wishes and decisions.

Source: IHE PCC Simple Observation, Survey Observation, Vital Signs Observation, Pain Score Observation;
CI-SIS Modèles de contenus CDA, templates named at each fragment.
"""

from __future__ import annotations

from adapter.cda import datatypes
from adapter.cda.fragments import NOTHING, Fragment, Markup, fragment, join
from adapter.model.document import Observation

# FR-Simple-Observation
_SIMPLE = fragment("""
<observation classCode="OBS" moodCode="EVN">
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/>
  <templateId root="1.2.250.1.213.1.1.3.48"/>
  <id root="{key}"/>
  {code}
  <text><reference value="#{anchor}"/></text>
  <statusCode code="completed"/>
  <effectiveTime value="{at}"/>
  {value}{method}{site}
</observation>
""")
# FR-Severite-de-la-douleur
_PAIN = fragment("""
<observation classCode="OBS" moodCode="EVN">
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.12.3.1"/>
  <templateId root="1.2.250.1.213.1.1.3.89"/>
  <id root="{key}"/>
  {code}
  <text><reference value="#{anchor}"/></text>
  <statusCode code="completed"/>
  <effectiveTime value="{at}"/>
  {value}{method}{site}
</observation>
""")
_PAIN_CODE = "38208-5"
_PAIN_CODED = fragment("""
<code code="38208-5" displayName="Sévérité de la douleur" codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC">
  {words}{translations}
</code>
""")
# FR-Evaluation
_SCORE = fragment("""
<observation classCode="OBS" moodCode="EVN" negationInd="false">
  <templateId root="2.16.840.1.113883.10.20.1.31"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.12.3.6"/>
  <templateId root="1.2.250.1.213.1.1.3.25"/>
  <id root="{key}"/>
  {code}
  <text><reference value="#{anchor}"/></text>
  <statusCode code="completed"/>
  <effectiveTime value="{at}"/>
  {value}{method}{site}
</observation>
""")
# FR-Habitus-Mode-de-vie
_SOCIAL = fragment("""
<observation classCode="OBS" moodCode="EVN">
  <templateId root="2.16.840.1.113883.10.20.1.33"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13.4"/>
  <templateId root="1.2.250.1.213.1.1.3.52"/>
  <id root="{key}"/>
  {code}
  <text><reference value="#{anchor}"/></text>
  <statusCode code="completed"/>
  <effectiveTime value="{at}"/>
  {value}{method}{site}
</observation>
""")
# FR-Liste-des-signes-vitaux
_VITAL_SIGNS = fragment("""
<organizer classCode="CLUSTER" moodCode="EVN">
  <templateId root="2.16.840.1.113883.10.20.1.32"/>
  <templateId root="2.16.840.1.113883.10.20.1.35"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13.1"/>
  <templateId root="1.2.250.1.213.1.1.3.49"/>
  <id root="{key}" extension="organizer"/>
  <code code="85353-1" displayName="Signes vitaux" codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC"/>
  <statusCode code="completed"/>
  <effectiveTime value="{at}"/>
  {components}
</organizer>
""")
_COMPONENT = fragment('<component typeCode="COMP">{observation}</component>')
# FR-Signe-vital-observe
_VITAL_SIGN = fragment("""
<observation classCode="OBS" moodCode="EVN">
  <templateId root="2.16.840.1.113883.10.20.1.31"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13.2"/>
  <templateId root="1.2.250.1.213.1.1.3.50"/>
  <id root="{key}"/>
  {code}
  <text><reference value="#{anchor}"/></text>
  <statusCode code="completed"/>
  <effectiveTime value="{at}"/>
  {value}{method}{site}
</observation>
""")
_METHOD = fragment('<methodCode nullFlavor="OTH"><originalText>{words}</originalText></methodCode>')
_SITE = fragment('<targetSiteCode nullFlavor="OTH"><originalText>{words}</originalText></targetSiteCode>')

_BY_KIND: dict[str, Fragment] = {
    "pain": _PAIN,
    "score": _SCORE,
    "social": _SOCIAL,
    "symptom": _SIMPLE,
    "finding": _SIMPLE,
    "wish": _SIMPLE,
    "decision": _SIMPLE,
}


def observation(entry: Observation) -> Markup:
    """CDA observation in the template of its kind; pain keeps the fixed code, its scale stands as translation.

    A score taken by a certain method or in certain circumstances is a simple observation: FR-Evaluation refuses
    methodCode (IHE PCC Survey Observation, rule E_surveyObservation_int).
    """
    return _observation(_SIMPLE if entry.kind == "score" and entry.method else _BY_KIND[entry.kind], entry)


def vital_signs(entries: tuple[Observation, ...]) -> Markup:
    """CDA organizer of the vital signs of one visit; it takes its time and identifier from the first."""
    first = entries[0]
    return _VITAL_SIGNS(
        key=first.key,
        at=datatypes.point(first.at),
        components=join([_COMPONENT(observation=_observation(_VITAL_SIGN, entry)) for entry in entries]),
    )


def _observation(element: Fragment, entry: Observation) -> Markup:
    return element(
        key=entry.key,
        code=_pain_code(entry) if entry.kind == "pain" else datatypes.concept_code(entry.what, entry.anchor),
        anchor=entry.anchor,
        at=datatypes.point(entry.at),
        value=datatypes.value(entry),
        method=_METHOD(words=entry.method) if entry.method else NOTHING,
        site=_SITE(words=entry.site) if entry.site else NOTHING,
    )


def _pain_code(entry: Observation) -> Markup:
    scales = tuple([coding for coding in entry.what.codings if coding.code != _PAIN_CODE])
    return _PAIN_CODED(
        words=datatypes.original_text(entry.what.text, entry.anchor), translations=datatypes.translations(scales)
    )

"""Treatment as the doctor wrote it, or the stated absence of any.

Source: IHE PCC Medications; CI-SIS Modèles de contenus CDA, FR-Traitement (1.2.250.1.213.1.1.3.42).
"""

from __future__ import annotations

from adapter.cda import datatypes
from adapter.cda.fragments import NOTHING, Markup, fragment
from adapter.model.coded import Concept
from adapter.model.document import Medication

_MEDICATION = fragment("""
<substanceAdministration classCode="SBADM" moodCode="{mood}">
  <templateId root="2.16.840.1.113883.10.20.1.24"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.7"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.7.1"/>
  <templateId root="1.2.250.1.213.1.1.3.42"/>
  <id root="{key}"/>
  {code}
  <text><reference value="#{anchor}"/></text>
  <statusCode code="completed"/>
  <effectiveTime xsi:type="IVL_TS">{low}{high}</effectiveTime>
  {frequency}{route}{dose}{rate}{max_dose}{form}
  <consumable>
    <manufacturedProduct classCode="MANU">
      <templateId root="2.16.840.1.113883.10.20.1.53"/>
      <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.7.2"/>
      <templateId root="1.2.250.1.213.1.1.3.43"/>
      <manufacturedMaterial>{product}</manufacturedMaterial>
    </manufacturedProduct>
  </consumable>
  {indication}{state}{condition}
</substanceAdministration>
""")
_DRUG = fragment("""
<code code="DRUG" displayName="Médicament" codeSystem="2.16.840.1.113883.5.4" codeSystemName="HL7:ActCode"/>
""")()
_EVERY = fragment("""
<effectiveTime xsi:type="PIVL_TS" operator="A"><period value="{hours}" unit="h"/></effectiveTime>
""")
_PER_DAY = fragment("""
<effectiveTime xsi:type="PIVL_TS" operator="A" institutionSpecified="true">
  <period value="{hours}" unit="h"/>
</effectiveTime>
""")
_DOSE = fragment("<doseQuantity>{bounds}</doseQuantity>")
_RATE = fragment("<rateQuantity>{bounds}</rateQuantity>")
_MAX_PER_DAY = fragment("""
<maxDoseQuantity>
  <numerator xsi:type="PQ" value="{count}" unit="{unit}"/>
  <denominator xsi:type="PQ" value="24" unit="h"/>
</maxDoseQuantity>
""")
_FORM = fragment("""
<administrationUnitCode nullFlavor="OTH"><originalText>{words}</originalText></administrationUnitCode>
""")
_INTAKE = "{dose}"  # UCUM annotation: one intake
# The CIS code that the French rule wants first is never known here: the doctor named a substance.
_PRODUCT = fragment("""
<code nullFlavor="OTH">
  <originalText>{words}<reference value="#{anchor}"/></originalText>
  {translations}
</code>
<name>{words}</name>
""")
_NO_PRODUCT = fragment('<code nullFlavor="NA"/><name nullFlavor="NA"/>')()
_INDICATION = fragment("""
<entryRelationship typeCode="RSON">
  <act classCode="ACT" moodCode="EVN">
    <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.4.1"/>
    <templateId root="1.2.250.1.213.1.1.3.36"/>
    <id root="{key}" extension="indication"/>
    <code nullFlavor="NA"><originalText>{words}</originalText></code>
  </act>
</entryRelationship>
""")
# Status that the act has no place for: its statusCode is fixed to completed by IHE PCC.
_STATE = fragment("""
<entryRelationship typeCode="REFR">
  <observation classCode="OBS" moodCode="EVN">
    <templateId root="2.16.840.1.113883.10.20.1.57"/>
    <templateId root="2.16.840.1.113883.10.20.1.47"/>
    <id root="{key}" extension="status"/>
    <code code="33999-4" displayName="Status" codeSystem="2.16.840.1.113883.6.1" codeSystemName="LOINC"/>
    <statusCode code="completed"/>
    <value xsi:type="CE" code="{code}" displayName="{display}" codeSystem="2.16.840.1.113883.6.96"
      codeSystemName="SNOMED CT"/>
  </observation>
</entryRelationship>
""")
# Source: HL7 CCD, 3.9.2.3, Medication Status Observation, value set MedicationStatusCode (2.16.840.1.113883.1.11.20.7).
_NO_LONGER_TAKEN = {"stopped": ("73425007", "N'est plus pris"), "suspended": ("421139008", "Suspendu")}
_AS_NEEDED = fragment("""
<precondition><criterion><text><reference value="#{anchor}"/></text></criterion></precondition>
""")


def medication(entry: Medication) -> Markup:
    """CDA substance administration: intended (INT) for an anticipatory prescription, event (EVN) for the others.

    An end that does not apply yet is NA; the unknown end of a stopped or suspended treatment is UNK, and a status
    observation tells the two apart.
    A stated absence is the code of the act; its product does not apply.
    """
    if entry.absence:
        return _MEDICATION(
            mood="EVN",
            key=entry.key,
            code=datatypes.concept_code(entry.product, entry.anchor),
            anchor=entry.anchor,
            low=datatypes.low("", "NA"),
            high=datatypes.high("", "NA"),
            frequency=NOTHING,
            route=NOTHING,
            dose=NOTHING,
            rate=NOTHING,
            max_dose=NOTHING,
            form=NOTHING,
            product=_NO_PRODUCT,
            indication=NOTHING,
            state=NOTHING,
            condition=NOTHING,
        )
    ended = _NO_LONGER_TAKEN.get(entry.status)
    return _MEDICATION(
        mood="INT" if entry.status == "planned" else "EVN",
        key=entry.key,
        code=_DRUG,
        anchor=entry.anchor,
        low=datatypes.low(datatypes.partial(entry.start)),
        high=datatypes.high(datatypes.partial(entry.end), "UNK" if ended else "NA"),
        frequency=_frequency(entry),
        route=datatypes.route(entry.route) if entry.route else NOTHING,
        dose=_DOSE(bounds=datatypes.amount_range(entry.dose)) if entry.dose else NOTHING,
        rate=_RATE(bounds=datatypes.amount_range(entry.rate)) if entry.rate else NOTHING,
        max_dose=_MAX_PER_DAY(count=str(entry.max_per_day), unit=_INTAKE) if entry.max_per_day is not None else NOTHING,
        form=_FORM(words=entry.form) if entry.form else NOTHING,
        product=_product(entry.product, entry.anchor),
        indication=_INDICATION(key=entry.key, words=entry.indication) if entry.indication else NOTHING,
        state=_STATE(key=entry.key, code=ended[0], display=ended[1]) if ended else NOTHING,
        condition=_AS_NEEDED(anchor=entry.anchor) if entry.as_needed else NOTHING,
    )


def _product(product: Concept, anchor: str) -> Markup:
    return _PRODUCT(words=product.text, anchor=anchor, translations=datatypes.translations(product.codings))


def _frequency(entry: Medication) -> Markup:
    """Second effectiveTime; none when the dosage in words says more than a period can.

    HL7 V3 has no "n times a day": the period is 24/n hours, marked as moments set by habit
    (institutionSpecified), and written only when it is a whole number of hours.
    """
    if entry.times_per_day is not None and entry.times_per_day > 0 and 24 % entry.times_per_day == 0:
        return _PER_DAY(hours=str(24 // entry.times_per_day))
    if entry.every_hours is not None:
        return _EVERY(hours=str(entry.every_hours))
    return NOTHING

"""A small sound CDA document, written by hand, that tests spoil one place at a time. Everybody in it is made up."""

from __future__ import annotations

import base64

PDF = base64.b64encode(b"%PDF-1.4\n%%EOF\n").decode()

HEADER = """<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:sdtc="urn:hl7-org:sdtc"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<realmCode code="FR"/>
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<templateId root="2.16.840.1.113883.2.8.2.1"/>
<templateId root="1.2.250.1.213.1.1.1.1"/>
<templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.1"/>
<id root="1.2.250.1.999.1" extension="visite-7.2"/>
<code code="11488-4" codeSystem="2.16.840.1.113883.6.1" displayName="CR ou fiche de consultation ou de visite"/>
<title>Synthèse de visite</title>
<effectiveTime value="20261013182000+0200"/>
<confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25" displayName="Normal"/>
<languageCode code="fr-FR"/>
<setId root="1.2.250.1.999.1" extension="visite-7"/>
<versionNumber value="2"/>
<recordTarget><patientRole>
 <id root="1.2.250.1.213.1.4.8" extension="240037512345662"/>
 <addr use="H"><houseNumber>3</houseNumber><streetName>rue du Puits</streetName><postalCode>75012</postalCode>
  <city>Paris</city></addr>
 <telecom value="tel:0100000001" use="H"/>
 <patient>
  <name><family qualifier="BR">ESSAI</family><given>LOUISE ANNE</given><given qualifier="BR">LOUISE</given></name>
  <administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1" displayName="Féminin"/>
  <birthTime value="19400314"/>
  <birthplace><place><addr><county>75112</county></addr></place></birthplace>
 </patient>
</patientRole></recordTarget>
<author>
 <time value="20261013182000+0200"/>
 <assignedAuthor>
  <id root="1.2.250.1.71.4.2.1" extension="899700100003"/>
  <code code="G15_10/SM54" codeSystem="1.2.250.1.213.1.1.4.5" displayName="Médecin - Médecine générale (SM)"/>
  <assignedPerson><name><family>MODELE</family><given>Anne</given></name></assignedPerson>
  <representedOrganization><id root="1.2.250.1.71.4.2.2" extension="1990000010"/><name>Cabinet</name>
  </representedOrganization>
 </assignedAuthor>
</author>
<informant><relatedEntity classCode="NOK">
 <code code="SON" codeSystem="2.16.840.1.113883.5.111" displayName="Fils"/>
 <telecom value="tel:0100000002"/>
 <relatedPerson><name><family>ESSAI</family><given>Paul</given></name></relatedPerson>
</relatedEntity></informant>
<custodian><assignedCustodian><representedCustodianOrganization>
 <id root="1.2.250.1.71.4.2.2" extension="1990000010"/><name>Cabinet</name>
</representedCustodianOrganization></assignedCustodian></custodian>
<legalAuthenticator>
 <time value="20261013182000+0200"/>
 <signatureCode code="S"/>
 <assignedEntity>
  <id root="1.2.250.1.71.4.2.1" extension="899700100003"/>
  <code code="G15_10/SM54" codeSystem="1.2.250.1.213.1.1.4.5" displayName="Médecin - Médecine générale (SM)"/>
  <assignedPerson><name><family>MODELE</family><given>Anne</given></name></assignedPerson>
 </assignedEntity>
</legalAuthenticator>
<authenticator>
 <time value="20261013182000+0200"/>
 <signatureCode code="S"/>
 <assignedEntity><id root="1.2.250.1.71.4.2.1" extension="899700100003"/>
  <assignedPerson><name><family>MODELE</family><given>Anne</given></name></assignedPerson></assignedEntity>
</authenticator>
<participant typeCode="INF">
 <functionCode code="PCP" codeSystem="2.16.840.1.113883.5.88" displayName="Médecin traitant"/>
 <time><low value="20260101"/></time>
 <associatedEntity classCode="PROV"><id root="1.2.250.1.71.4.2.1" extension="899700100003"/>
  <associatedPerson><name><family>MODELE</family><given>Anne</given></name></associatedPerson></associatedEntity>
</participant>
<documentationOf><serviceEvent>
 <effectiveTime><low value="20261012100000+0200"/><high value="20261012110500+0200"/></effectiveTime>
 <performer typeCode="PRF"><assignedEntity>
  <id root="1.2.250.1.71.4.2.1" extension="899700100003"/>
  <representedOrganization><id root="1.2.250.1.71.4.2.2" extension="1990000010"/><name>Cabinet</name>
   <standardIndustryClassCode code="PALLIATIF" codeSystem="1.2.250.1.213.1.1.4.9" displayName="Soins palliatifs"/>
  </representedOrganization>
 </assignedEntity></performer>
</serviceEvent></documentationOf>
<relatedDocument typeCode="RPLC"><parentDocument>
 <id root="1.2.250.1.999.1" extension="visite-7.1"/>
 <versionNumber value="1"/>
</parentDocument></relatedDocument>
<componentOf><encompassingEncounter>
 <code code="HH" codeSystem="2.16.840.1.113883.5.4" displayName="Soins à domicile (hors établissement)"/>
 <effectiveTime><low value="20261012100000+0200"/><high value="20261012110500+0200"/></effectiveTime>
 <location><healthCareFacility>
  <code code="SA08" codeSystem="1.2.250.1.71.4.2.4" displayName="Cabinet de groupe"/>
 </healthCareFacility></location>
</encompassingEncounter></componentOf>
"""

BODY = f"""<component><structuredBody>
<component><section>
 <templateId root="2.16.840.1.113883.10.20.1.11"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.3.6"/>
 <templateId root="1.2.250.1.213.1.1.2.132"/>
 <id root="1.2.250.1.999.2" extension="s1"/>
 <code code="11450-4" codeSystem="2.16.840.1.113883.6.1" displayName="Problèmes"/>
 <title>Problèmes actifs</title>
 <text><paragraph ID="pb1">Maladie principale</paragraph></text>
 <entry><act classCode="ACT" moodCode="EVN">
  <templateId root="2.16.840.1.113883.10.20.1.27"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5.1"/>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5.2"/><templateId root="1.2.250.1.213.1.1.3.39"/>
  <id root="1.2.250.1.999.2" extension="e1"/>
  <code nullFlavor="NA"/>
  <statusCode code="active"/>
  <effectiveTime><low value="20260101"/></effectiveTime>
  <entryRelationship typeCode="SUBJ" inversionInd="false"><observation classCode="OBS" moodCode="EVN">
   <templateId root="2.16.840.1.113883.10.20.1.28"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.5"/>
   <templateId root="1.2.250.1.213.1.1.3.37"/>
   <id root="1.2.250.1.999.2" extension="e2"/>
   <code code="282291009" codeSystem="2.16.840.1.113883.6.96" displayName="Diagnostic"/>
   <text><reference value="#pb1"/></text>
   <statusCode code="completed"/>
   <effectiveTime><low value="20260101"/></effectiveTime>
   <value xsi:type="CD" code="C25.9" codeSystem="2.16.840.1.113883.6.3" displayName="Tumeur">
    <originalText><reference value="#pb1"/></originalText></value>
  </observation></entryRelationship>
 </act></entry>
</section></component>
<component><section>
 <templateId root="2.16.840.1.113883.10.20.1.5"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.3.17"/>
 <templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.12.2.1"/><templateId root="1.2.250.1.213.1.1.2.111"/>
 <id root="1.2.250.1.999.2" extension="s2"/>
 <code code="47420-5" codeSystem="2.16.840.1.113883.6.1" displayName="Statut fonctionnel"/>
 <title>Évaluations</title>
 <text>Douleur et état général.</text>
 <component><section>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.12.2.2"/><templateId root="1.2.250.1.213.1.1.2.112"/>
  <id root="1.2.250.1.999.2" extension="s3"/>
  <code code="38208-5" codeSystem="2.16.840.1.113883.6.1" displayName="Douleur"/>
  <title>Douleur</title>
  <text><content ID="d1">6 sur 10</content></text>
  <entry><observation classCode="OBS" moodCode="EVN">
   <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/><templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.12.3.1"/>
   <templateId root="1.2.250.1.213.1.1.3.89"/>
   <id root="1.2.250.1.999.2" extension="e3"/>
   <code code="38208-5" codeSystem="2.16.840.1.113883.6.1" displayName="Douleur"/>
   <text><reference value="#d1"/></text>
   <statusCode code="completed"/>
   <effectiveTime value="20261012101500+0200"/>
   <value xsi:type="INT" value="6"/>
  </observation></entry>
 </section></component>
 <component><section>
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.12.2.5"/><templateId root="1.2.250.1.213.1.1.2.115"/>
  <id root="1.2.250.1.999.2" extension="s4"/>
  <code code="46006-3" codeSystem="2.16.840.1.113883.6.1" displayName="Fonctions"/>
  <title>État général</title>
  <text><content ID="f1">Au lit plus de la moitié du jour</content></text>
  <entry><observation classCode="OBS" moodCode="EVN">
   <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/><templateId root="2.16.840.1.113883.10.20.1.31"/>
   <templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.12.3.6"/><templateId root="1.2.250.1.213.1.1.3.25"/>
   <id root="1.2.250.1.999.2" extension="e4"/>
   <code code="89247-1" codeSystem="2.16.840.1.113883.6.1" displayName="ECOG"/>
   <text><reference value="#f1"/></text>
   <statusCode code="completed"/>
   <effectiveTime value="20261012101500+0200"/>
   <value xsi:type="CD" code="LA9625-0" codeSystem="2.16.840.1.113883.6.1" displayName="Grade 3"/>
  </observation></entry>
 </section></component>
</section></component>
<component><section>
 <templateId root="1.3.6.1.4.1.19376.1.5.3.1.1.21.2.9"/><templateId root="1.3.6.1.4.1.19376.1.7.3.1.1.13.7"/>
 <templateId root="1.2.250.1.213.1.1.2.163"/>
 <id root="1.2.250.1.999.2" extension="s5"/>
 <code code="42545-4" codeSystem="2.16.840.1.113883.6.1" displayName="Événements"/>
 <title>Mesures</title>
 <text><content ID="m1">Poids</content></text>
 <entry><observation classCode="OBS" moodCode="EVN">
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/><templateId root="1.2.250.1.213.1.1.3.48"/>
  <id root="1.2.250.1.999.2" extension="e5"/>
  <code code="29463-7" codeSystem="2.16.840.1.113883.6.1" displayName="Poids"/>
  <text><reference value="#m1"/></text>
  <statusCode code="completed"/>
  <effectiveTime value="20261012101500+0200"/>
  <value xsi:type="PQ" value="48.2" unit="kg"/>
 </observation></entry>
 <entry><observation classCode="OBS" moodCode="EVN">
  <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/><templateId root="1.2.250.1.213.1.1.3.48"/>
  <id root="1.2.250.1.999.2" extension="e6"/>
  <code code="75779-9" codeSystem="2.16.840.1.113883.6.1" displayName="Souhait"/>
  <text><reference value="#m1"/></text>
  <statusCode code="completed"/>
  <effectiveTime value="20261012101500+0200"/>
  <value xsi:type="BL" value="false"/>
 </observation></entry>
</section></component>
<component><section>
 <templateId root="1.2.250.1.213.1.1.2.37"/>
 <id root="1.2.250.1.999.2" extension="s6"/>
 <code code="55107-7" codeSystem="2.16.840.1.113883.6.1" displayName="Documents ajoutés"/>
 <title>Documents ajoutés</title>
 <text><renderMultiMedia referencedObject="doc1"/><content ID="a1">Document joint</content></text>
 <entry><organizer classCode="CLUSTER" moodCode="EVN">
  <templateId root="1.2.250.1.213.1.1.3.18"/>
  <id root="1.2.250.1.999.2" extension="e7"/>
  <code code="55107-7" codeSystem="2.16.840.1.113883.6.1" displayName="Document attaché"/>
  <statusCode code="completed"/>
  <effectiveTime value="20261012"/>
  <component><observation classCode="OBS" moodCode="EVN">
   <templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.13"/><templateId root="1.2.250.1.213.1.1.3.48"/>
   <templateId root="1.2.250.1.213.1.1.3.48.18"/>
   <id root="1.2.250.1.999.2" extension="e8"/>
   <code code="69764-9" codeSystem="2.16.840.1.113883.6.1" displayName="Type de document"/>
   <text><reference value="#a1"/></text>
   <statusCode code="completed"/>
   <effectiveTime value="20261012"/>
   <value xsi:type="CD" nullFlavor="OTH"><originalText><reference value="#a1"/></originalText></value>
  </observation></component>
  <component><observationMedia classCode="OBS" moodCode="EVN" ID="doc1">
   <id root="1.2.250.1.999.2" extension="e9"/>
   <value mediaType="application/pdf" representation="B64">{PDF}</value>
  </observationMedia></component>
 </organizer></entry>
</section></component>
<component><section>
 <templateId root="2.16.840.1.113883.10.12.201"/><templateId root="1.3.6.1.4.1.19376.1.4.1.2.16"/>
 <templateId root="1.2.250.1.213.1.1.2.73"/>
 <id root="1.2.250.1.999.2" extension="s7"/>
 <code code="55112-7" codeSystem="2.16.840.1.113883.6.1" displayName="Conclusion"/>
 <title>Conclusions</title>
 <text>Poursuivre.</text>
</section></component>
</structuredBody></component>
"""

SAMPLE = f"{HEADER}{BODY}</ClinicalDocument>\n"

UNSTRUCTURED = (
    HEADER.replace("1.3.6.1.4.1.19376.1.5.3.1.1.1", "1.3.6.1.4.1.19376.1.2.20")
    + f'<component><nonXMLBody><text mediaType="application/pdf" representation="B64">{PDF}</text></nonXMLBody>'
    + "</component></ClinicalDocument>\n"
)

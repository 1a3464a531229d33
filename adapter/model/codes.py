"""Local values that a visit may use, table by table; each has exactly one row in ``mappings/codes/<table>.csv``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

FacilityTypeCode = Literal[
    "solo-practice", "group-practice", "partnership", "health-centre", "health-house", "ehpad", "public-hospital",
    "military-hospital", "non-profit-hospital", "private-hospital", "cancer-centre", "other-health-facility",
    "prevention-facility", "rehabilitation-facility", "disability-facility", "family-support-facility",
    "child-protection-facility", "other-social-facility", "dialysis-centre", "care-cooperation",
    "coordination-structure", "cpts", "out-of-hours-care", "on-call-house", "teleconsultation-company", "pharmacy",
    "oxygen-provider", "equipment-provider", "laboratory", "ambulance-company", "fire-and-rescue", "association",
    "local-authority", "mother-and-child-centre",
]  # fmt: skip
PracticeSettingCode = Literal["palliative", "ambulatory"]
PlaceCode = Literal["home", "relative-home", "ehpad", "residence", "other"]
TariffModeCode = Literal["40", "41", "42", "43", "44", "45", "46", "47", "unknown"]
GenderCode = Literal["female", "male", "unknown"]
IdentityStatusCode = Literal["qualified", "validated", "retrieved", "provisional"]
ConfidentialityCode = Literal["normal", "restricted", "very-restricted"]
VisibilityCode = Literal["hidden-from-patient", "hidden-from-guardians", "hidden-from-professionals"]

ProfessionCode = Literal[
    "general-practitioner", "general-practitioner-qualified", "general-practitioner-specialist",
    "palliative-physician", "pain-physician", "oncologist", "geriatrician", "paediatrician", "neurologist",
    "pulmonologist", "nurse", "advanced-practice-nurse", "childcare-nurse", "coordinating-nurse", "physiotherapist",
    "pharmacist", "deputy-pharmacist", "speech-therapist", "occupational-therapist", "dietitian", "midwife",
    "psychologist", "social-worker", "care-assistant", "social-care-assistant", "home-help", "care-coordinator",
    "guardianship-officer", "volunteer", "chaplain", "cardiologist", "vascular-physician", "gastroenterologist",
    "nephrologist", "rheumatologist", "endocrinologist", "haematologist", "onco-haematologist", "radiotherapist",
    "internist", "infectious-disease-physician", "dermatologist", "psychiatrist", "old-age-psychiatrist",
    "child-psychiatrist", "rehabilitation-physician", "emergency-physician", "intensive-care-physician",
    "anaesthetist", "general-surgeon", "digestive-surgeon", "orthopaedic-surgeon", "urologist", "thoracic-surgeon",
    "vascular-surgeon", "plastic-surgeon", "neurosurgeon", "ent-specialist", "ophthalmologist", "gynaecologist",
    "obstetrician", "radiologist", "nuclear-physician", "geneticist", "allergist", "occupational-physician",
    "hospital-generalist", "addiction-physician", "nutrition-physician", "child-oncologist", "paediatric-neurologist",
    "paediatric-surgeon", "pain-and-palliative-physician", "physician", "physician-in-training", "medical-student",
    "oncology-advanced-nurse", "psychiatric-nurse", "nursing-student", "hospital-pharmacist", "pharmacy-technician",
    "hospital-pharmacy-technician", "dentist", "podiatrist", "orthoptist", "psychomotor-therapist", "optician",
    "audiologist", "prosthetist", "orthotist", "radiographer", "ambulance-driver", "childcare-assistant",
    "psychotherapist", "osteopath", "care-and-social-assistant", "medico-psychological-aide", "family-worker",
    "social-economy-adviser", "special-educator", "adapted-activity-teacher", "activity-leader", "medical-secretary",
    "medical-assistant", "home-care-manager", "case-manager", "facility-director", "night-watch", "care-team-member",
    "other",
]  # fmt: skip
TeamStructureCode = Literal[
    "emsp", "usp", "lisp", "had", "palliative-network", "dac", "errspp", "ssiad", "home-care-service", "pharmacy",
    "nursing-practice", "medical-practice", "volunteer-association", "ehpad", "hospital", "respite-platform",
    "equipment-provider", "samu", "cpts", "clic", "mdph", "social-centre", "occupational-health",
    "reference-facility", "town-hospital-coordination", "social-and-job-body", "support-structure", "respite-stay",
    "specialised-home", "crt", "other",
]  # fmt: skip
TeamFunctionCode = Literal[
    "attending-physician", "care-team-member", "correspondent", "care-coordinator", "reference-hospital",
    "preferred-hospital",
]  # fmt: skip
RelationshipCode = Literal[
    "husband", "wife", "partner", "son", "daughter", "father", "mother", "brother", "sister", "grandchild",
    "grandparent", "friend", "neighbour", "tutor", "curator", "civil-partner", "child", "grandson", "granddaughter",
    "grandfather", "grandmother", "stepfather", "stepmother", "half-brother", "half-sister", "uncle", "aunt",
    "nephew", "niece", "cousin", "household-member", "other-family", "safeguard-representative", "other",
]  # fmt: skip
ContactRoleCode = Literal["trusted-person", "carer", "emergency-contact", "informant"]
GuardianKindCode = Literal["parental-authority", "tutor", "curator", "family-authorisation", "future-mandate"]

PhaseCode = Literal["curative", "palliative", "advanced-palliative", "terminal", "agonal"]
KnowledgeCode = Literal["full", "partial", "none", "not-wished", "unknown"]
ProblemKindCode = Literal["diagnosis", "problem", "symptom", "finding", "functional-limitation", "complaint"]
ProblemStatusCode = Literal["active", "resolved"]

ScaleCode = Literal[
    "en", "eva", "evs", "wong-baker", "algoplus", "doloplus-2", "ecpa", "dn4", "evendol", "flacc", "degr",
    "san-salvadour", "esas-pain", "esas-tiredness", "esas-drowsiness", "esas-nausea", "esas-appetite",
    "esas-dyspnoea", "esas-depression", "esas-anxiety", "esas-wellbeing", "esas-other", "ecog", "karnofsky", "pps",
    "gir", "pallia-10", "braden", "zarit", "mini-zarit", "rass", "rdos", "hads-anxiety", "hads-depression",
]  # fmt: skip
SymptomCode = Literal[
    "pain", "dyspnoea", "cough", "congestion", "nausea", "vomiting", "constipation", "diarrhoea", "bowel-obstruction",
    "anorexia", "cachexia", "dysphagia", "aspiration", "dry-mouth", "hypersalivation", "mouth-lesions", "asthenia",
    "drowsiness", "insomnia", "confusion", "agitation", "anxiety", "depressed-mood", "hallucinations", "seizures",
    "headache", "itching", "oedema", "ascites", "bleeding", "fever", "urinary-retention", "hiccups", "myoclonus",
    "fall", "suicidal-behaviour", "urinary-incontinence", "faecal-incontinence", "other",
]  # fmt: skip
IntensityCode = Literal["absent", "mild", "moderate", "severe", "very-severe", "not-assessable"]
EvolutionCode = Literal["improved", "stable", "worsened", "new", "resolved"]
VitalSignCode = Literal[
    "temperature", "heart-rate", "systolic", "diastolic", "respiratory-rate", "spo2", "weight", "height"
]
AllergyKindCode = Literal[
    "drug-allergy", "food-allergy", "allergy", "drug-intolerance", "food-intolerance", "intolerance"
]
AllergyStatusCode = Literal["unknown", "none-known", "listed"]
TreatmentsStatusCode = Literal["unknown", "none", "listed"]
SubstanceCode = Literal[
    "morphine", "oxycodone", "hydromorphone", "fentanyl", "methadone", "naloxone", "midazolam", "scopolamine",
    "butylscopolamine", "haloperidol", "levomepromazine", "lorazepam", "alprazolam", "clonazepam", "clobazam",
    "levetiracetam", "ketamine", "dexamethasone", "octreotide", "metoclopramide", "ondansetron", "pregabalin",
    "gabapentin", "macrogol", "lactulose", "tranexamic-acid", "paracetamol", "atorvastatin", "melatonin", "oxygen",
]  # fmt: skip
RouteCode = Literal[
    "oral", "sublingual", "buccal", "oromucosal", "subcutaneous", "intravenous", "intramuscular", "transdermal",
    "cutaneous", "rectal", "inhalation", "nasal", "gastroenteral", "epidural", "intrathecal", "ocular", "auricular",
    "vaginal", "urethral", "intravesical", "intradermal", "intra-articular", "periarticular", "infiltration",
    "perineural", "intrapleural", "intraperitoneal", "intrapericardial", "intraosseous", "intra-arterial",
    "intracerebroventricular", "intratumoral", "intralesional", "on-lesion", "gastric", "intestinal", "gingival",
    "dental", "oropharyngeal", "endotracheal", "implant", "subconjunctival", "haemodialysis", "other",
]  # fmt: skip
ReleaseCode = Literal["prolonged", "immediate"]
TreatmentStatusCode = Literal["active", "stopped", "suspended"]
TreatmentKindCode = Literal["scheduled", "as-needed", "continuous", "pca", "patch"]
UnitCode = Literal[
    "mg", "g", "ug", "mg/h", "ug/h", "mg/d", "mL", "mL/h", "L/min", "tablet", "capsule", "sachet", "drop", "puff",
    "spray", "patch", "ampoule", "IU", "mg/kg", "dose",
]  # fmt: skip
DeviceCode = Literal[
    "oxygen", "medical-bed", "pressure-mattress", "port-a-cath", "picc", "midline", "subcutaneous-catheter",
    "urinary-catheter", "gastrostomy", "nasogastric-tube", "syringe-driver", "pca-pump", "suction", "niv",
    "tracheostomy", "wheelchair", "lift", "stoma", "hearing-or-visual-aid", "hearing-aid", "dentures", "glasses",
    "other",
]  # fmt: skip
SideCode = Literal["left", "right", "bilateral", "midline"]
WoundCode = Literal["pressure-ulcer", "tumour-wound", "leg-ulcer", "surgical-wound", "skin-tear", "other"]
NutritionCode = Literal["normal", "mixed-texture", "enteral", "parenteral", "oral-comfort", "stopped", "supplements"]
FunctionalStateCode = Literal[
    "bedridden", "wheelchair", "walking-frame", "walks-alone", "pressure-ulcer-risk", "aspiration-risk",
    "non-communicating", "disoriented", "needs-help-toilet", "needs-help-meals", "cane", "normal-walk", "oriented",
    "communicates", "low-vision", "hearing-loss", "language-disorder", "uncooperative", "wandering", "absconding",
    "physical-restraint",
]  # fmt: skip
NeedCode = Literal["psychological", "social", "spiritual", "financial", "information", "cultural"]
LivingSituationCode = Literal["alone", "with-partner", "with-family", "institution", "other"]

DirectivesStatusCode = Literal["unknown", "none", "written"]
DirectiveCode = Literal[
    "resuscitation", "ventilation", "life-support", "feeding", "dialysis", "deep-sedation", "surgery", "other"
]
TrustedPersonStatusCode = Literal["unknown", "none", "designated", "declined", "not-applicable"]
WishSourceCode = Literal["patient", "relative", "professional"]
WishCode = Literal[
    "hospitalisation", "resuscitation", "intubation", "ventilation", "feeding", "antibiotics", "hydration",
    "sedation", "place-of-care", "place-of-death", "comfort-care-only", "organ-donation", "funeral", "other",
]  # fmt: skip
PreferenceCode = Literal["wished", "acceptable", "to-avoid", "refused", "undecided"]
CarePlaceCode = Literal["home", "ehpad", "usp", "lisp", "hospital", "had", "relative-home", "unknown", "other"]
GoalCode = Literal[
    "comfort", "pain-control", "symptom-control", "stay-home", "avoid-hospital", "autonomy", "carer-support",
    "life-project", "other",
]  # fmt: skip
LimitationCode = Literal[
    "no-resuscitation", "no-intubation", "no-intensive-care", "no-emergency-transfer", "no-hospitalisation",
    "no-iv-antibiotics", "no-antibiotics", "no-artificial-feeding", "no-artificial-hydration", "no-transfusion",
    "no-dialysis", "no-chemotherapy", "comfort-care-only", "other",
]  # fmt: skip
ExpectedEventCode = Literal[
    "bowel-obstruction", "bleeding", "confusion", "pain-crisis", "respiratory-distress", "seizure", "congestion",
    "infection", "spinal-compression", "agitation", "fall", "death", "feeding-problem", "device-failure", "other",
]  # fmt: skip
ActionCode = Literal[
    "nursing-visits", "home-help", "equipment", "emsp-advice", "had-request", "hospital-referral", "psychologist",
    "social-worker", "physiotherapy", "respite", "prescription", "exam", "volunteer-visits", "carer-support",
    "collegial-meeting", "information", "other",
]  # fmt: skip
ActionStatusCode = Literal["planned", "requested", "done"]
PresenceCode = Literal["patient", "relative", "professional", "other"]

LOCAL_CODES: Mapping[str, Any] = {
    "facility-types": FacilityTypeCode,
    "practice-settings": PracticeSettingCode,
    "places": PlaceCode,
    "tariff-modes": TariffModeCode,
    "genders": GenderCode,
    "identity-statuses": IdentityStatusCode,
    "confidentiality": ConfidentialityCode,
    "visibility": VisibilityCode,
    "professions": ProfessionCode,
    "team-structures": TeamStructureCode,
    "team-functions": TeamFunctionCode,
    "relationships": RelationshipCode,
    "contact-roles": ContactRoleCode,
    "guardian-kinds": GuardianKindCode,
    "phases": PhaseCode,
    "knowledge": KnowledgeCode,
    "problem-kinds": ProblemKindCode,
    "problem-statuses": ProblemStatusCode,
    "scales": ScaleCode,
    "symptoms": SymptomCode,
    "intensities": IntensityCode,
    "evolutions": EvolutionCode,
    "vital-signs": VitalSignCode,
    "allergy-kinds": AllergyKindCode,
    "allergy-statuses": AllergyStatusCode,
    "treatments-statuses": TreatmentsStatusCode,
    "substances": SubstanceCode,
    "routes": RouteCode,
    "releases": ReleaseCode,
    "treatment-statuses": TreatmentStatusCode,
    "treatment-kinds": TreatmentKindCode,
    "units": UnitCode,
    "devices": DeviceCode,
    "sides": SideCode,
    "wounds": WoundCode,
    "nutrition": NutritionCode,
    "functional-states": FunctionalStateCode,
    "needs": NeedCode,
    "living-situations": LivingSituationCode,
    "directives-statuses": DirectivesStatusCode,
    "directives": DirectiveCode,
    "trusted-person-statuses": TrustedPersonStatusCode,
    "wish-sources": WishSourceCode,
    "wishes": WishCode,
    "preferences": PreferenceCode,
    "care-places": CarePlaceCode,
    "goals": GoalCode,
    "limitations": LimitationCode,
    "expected-events": ExpectedEventCode,
    "actions": ActionCode,
    "action-statuses": ActionStatusCode,
    "presences": PresenceCode,
}
"""Table name -> the local values that the visit model allows there; ``mappings check`` compares both."""

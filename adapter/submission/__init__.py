"""From a Document and its bytes to what a DMP is told: values, free of any protocol."""

from adapter.submission.checking import check_submission
from adapter.submission.prepare import Form, Limits, SubmissionRefused, as_n1, fhir_oid, n1_oid, prepare
from adapter.submission.values import DocumentEntry, Mail, Submission, SubmissionSet

__all__ = [
    "DocumentEntry",
    "Form",
    "Limits",
    "Mail",
    "Submission",
    "SubmissionRefused",
    "SubmissionSet",
    "as_n1",
    "check_submission",
    "fhir_oid",
    "n1_oid",
    "prepare",
]

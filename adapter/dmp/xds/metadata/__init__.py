"""French XDS metadata: a Submission as registry objects, and registry objects as values."""

from adapter.dmp.xds.metadata.found import found_entry, found_set, is_signature
from adapter.dmp.xds.metadata.reading import MetadataInvalid, document_entry, submission_set
from adapter.dmp.xds.metadata.writing import document_object, member, relation, set_object, submit_objects

__all__ = [
    "MetadataInvalid",
    "document_entry",
    "document_object",
    "found_entry",
    "found_set",
    "is_signature",
    "member",
    "relation",
    "set_object",
    "submission_set",
    "submit_objects",
]

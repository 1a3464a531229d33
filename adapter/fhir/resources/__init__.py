"""One file per kind of FHIR resource; each function takes the value that it prints."""

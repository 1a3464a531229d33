"""What another FHIR validator says of a Bundle: a ``validator_cli.jar``, or a server that answers ``$validate``."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from adapter.dmp.session import DmpSession, RetryPolicy
from adapter.errors import DmpError, Finding
from adapter.validation.fhir_validator import ValidatorUnusable, findings_of, run_jar

_OPERATION: Final = "$validate"
_JSON: Final = "application/fhir+json"
_ANSWERS: Final = frozenset({200, 400, 412, 422})  # statuses under which servers hand out an OperationOutcome

__all__ = ["ValidatorUnusable", "second_opinion"]


def second_opinion(bundle: bytes, validator: str) -> list[Finding]:
    """Errors and warnings of a validator on a document Bundle.

    Args:
        validator: file of the HL7 validator (``validator_cli.jar``); or base of a FHIR server, or address of its
            operation ``$validate``: https, or http on this machine. The whole document is sent there.
    Raises:
        ValidatorUnusable: it cannot be run, reached or understood.
    """
    if not validator.startswith(("http://", "https://")):
        jar = Path(validator)
        if not jar.is_file():
            raise ValidatorUnusable("Le fichier du validateur FHIR est introuvable.")
        return run_jar(jar, bundle)
    url = validator if validator.endswith(_OPERATION) else f"{validator.rstrip('/')}/Bundle/{_OPERATION}"
    session = DmpSession(retry=RetryPolicy(attempts=1))
    try:
        headers = {"Content-Type": _JSON, "Accept": _JSON}
        answer = session.send("validation", "POST", url, safe=True, headers=headers, body=bundle)
    except DmpError:
        raise ValidatorUnusable("Le validateur FHIR ne répond pas à cette adresse.") from None
    if answer.status not in _ANSWERS:
        raise ValidatorUnusable(f"Le validateur FHIR a répondu par le code {answer.status}.")
    return findings_of(answer.body)

"""What callers put in the body of a request, read only when they say what it is."""

from __future__ import annotations

from collections.abc import Callable
from email.message import Message
from typing import Any, Final, TypeVar

from anyio import to_thread
from fastapi import Request
from pydantic import BaseModel, ValidationError

from adapter.api.forms import Encoding
from adapter.errors import Finding, Severity
from adapter.service.problems import Refusal

_CHARSETS: Final[dict[str, Encoding]] = {
    "": "utf-8",
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "windows-1252": "windows-1252",
    "cp1252": "windows-1252",
}
_SOURCE: Final = "Contrat OpenAPI du service"

_Shape = TypeVar("_Shape", bound=BaseModel)
_Done = TypeVar("_Done")


async def visit_body(request: Request) -> tuple[bytes, Encoding]:
    """Bytes of a visit and their encoding: UTF-8, or windows-1252 when it is declared.

    Raises:
        Refusal: 415, 413 or 408.
    """
    encoding = _encoding(request)
    return await _bytes(request), encoding


async def object_body(request: Request, shape: type[_Shape]) -> _Shape:
    """Body read as `shape`.

    Raises:
        Refusal: 415, 413, 408, 400 when it is no JSON, 422 when it is another object.
    """
    if _encoding(request) != "utf-8":
        raise Refusal("media-type", "Ce corps est en UTF-8 ; windows-1252 ne vaut que pour une visite.")
    body = await _bytes(request)
    try:
        return shape.model_validate_json(body)
    except ValidationError as invalid:
        errors = invalid.errors(include_url=False, include_input=False)
        if any(error["type"] == "json_invalid" for error in errors):
            raise Refusal("unreadable-body", "Le corps n'est pas du JSON lisible, en UTF-8.") from None
        findings = [Finding("SVC-BODY", Severity.ERROR, _path(error["loc"]), _said(error), _SOURCE) for error in errors]
        raise Refusal("parameters", "Le corps n'a pas la forme attendue.", findings=findings) from None


async def work(request: Request, task: Callable[[], _Done], *, heavy: bool = False) -> _Done:
    """What `task` gives, run beside the loop that serves the other callers; as many at once as the settings allow.

    Args:
        heavy: it takes seconds: one at a time, apart from the others.
    """
    state = request.app.state
    return await to_thread.run_sync(task, limiter=state.heavy_limiter if heavy else state.limiter)


def _encoding(request: Request) -> Encoding:
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refusal("media-type", "Un corps compressé n'est pas lu : l'envoyer tel quel.")
    declared = Message()
    declared["content-type"] = request.headers.get("content-type", "")
    if not request.headers.get("content-type") or declared.get_content_type() != "application/json":
        raise Refusal("media-type", "Le corps est du JSON : Content-Type: application/json.")
    charset = str(declared.get_param("charset", "")).strip().lower()
    if charset not in _CHARSETS:
        raise Refusal("media-type", "Encodages lus : utf-8, et windows-1252 quand il est déclaré.")
    return _CHARSETS[charset]


async def _bytes(request: Request) -> bytes:
    return b"".join([piece async for piece in request.stream()])


def _path(loc: tuple[int | str, ...]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc)


def _said(error: Any) -> str:
    """French sentence; neither the words of the library nor the value are kept."""
    match error["type"]:
        case "missing":
            return "Ce champ est obligatoire."
        case "extra_forbidden":
            return "Ce champ n'existe pas ici."
        case "literal_error":
            return f"Valeurs admises : {error['ctx']['expected'].replace(' or ', ', ')}."
        case "model_type" | "model_attributes_type":
            return "Un objet JSON est attendu."
        case _:
            return "Valeur d'une autre forme que celle attendue."

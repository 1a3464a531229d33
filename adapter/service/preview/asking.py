"""What every request of the pages goes through: a session, the proof of its forms, faults told as a page."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from html import escape
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from fastapi.routing import APIRoute

from adapter.errors import AdapterError
from adapter.service.installation import Installation
from adapter.service.preview.incoming import form_fields
from adapter.service.preview.page import HOME, notice, page
from adapter.service.preview.session import COOKIE, LIFE_S, Session, Sessions
from adapter.service.problems import Refusal
from adapter.service.refusals import refusal

SIGN_IN: Final = f"{HOME}/connexion"
ANYBODY: Final = ""  # client of a session where the service asks no token


class SignInFirst(Exception):
    """Nobody is known behind this request, and the service asks for a token."""


class PageRoute(APIRoute):
    """A route that ends every fault that we know with a page in French."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await inner(request)
            except SignInFirst:
                return RedirectResponse(SIGN_IN, 303, {"Referrer-Policy": "same-origin"})
            except (AdapterError, Refusal) as fault:
                return _told(refusal(fault))

        return handler


def _told(fault: Refusal) -> Response:
    reasons = "".join([f"<li>{escape(one.message)} <code>{escape(one.rule)}</code></li>\n" for one in fault.findings])
    content = (
        f"{notice('bad', fault.detail or fault.kind.title)}<ul>\n{reasons}</ul>\n"
        f'<p><a href="{HOME}">Revenir à l’aperçu</a></p>\n'
    )
    answer = page(fault.kind.title, content, session=None, status=fault.kind.status)
    answer.headers.update(fault.headers)
    return answer


class Desk:
    """Knows who asks, and whether a form is theirs."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation
        self._sessions = Sessions()

    def session(self, request: Request) -> Session:
        """Session of this browser; a new one where no token is asked.

        Raises:
            SignInFirst: the token must be given first.
        """
        found = self._sessions.read(request.cookies.get(COOKIE, ""))
        known = found is not None and (found.client in self._installation.tokens or not self._installation.tokens)
        if found is not None and known:
            return found
        if self._installation.tokens:
            raise SignInFirst
        return self._sessions.open(ANYBODY)

    def signed_in(self, token: str) -> Session | None:
        """Session of the program that `token` belongs to; None when it belongs to nobody."""
        client = self._installation.client(token)
        return None if client is None else self._sessions.open(client)

    def stranger(self, request: Request) -> Session:
        """Session of a browser that has yet to give its token: it only binds the form of the sign-in page."""
        found = self._sessions.read(request.cookies.get(COOKIE, ""))
        return found or self._sessions.open(ANYBODY)

    async def form(self, request: Request, *, signed_in: bool = True) -> tuple[Session, Mapping[str, bytes]]:
        """Session and fields of a form of ours.

        Raises:
            SignInFirst: nobody is known.
            Refusal: the form was not made by a page of this session, or comes from elsewhere.
        """
        check_same_origin(request)
        session = self.session(request) if signed_in else self.stranger(request)
        fields = await form_fields(request)
        if not self._sessions.holds(session, fields.get("preuve", b"").decode("utf-8", "replace")):
            raise Refusal("origin", "Ce formulaire n'est plus valable : recharger la page, puis recommencer.")
        return session, fields


def check_same_origin(request: Request) -> None:
    """Nothing, when a form comes from a page of this very address; the gate lets requests without any origin pass.

    Raises:
        Refusal: from elsewhere, or from nowhere that is told.
    """
    own = f"{request.url.scheme}://{request.headers.get('host', '')}".lower()
    told = request.headers.get("origin") or _origin(request.headers.get("referer", ""))
    site = request.headers.get("sec-fetch-site")
    if told.lower() != own or site not in (None, "same-origin"):
        raise Refusal("origin", "Ce formulaire ne vient pas de cette page.")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def remember(answer: Response, session: Session, *, secure: bool) -> Response:
    """`answer` with the cookie of the session: out of reach of scripts, never sent by a page of elsewhere."""
    answer.set_cookie(COOKIE, session.value, max_age=LIFE_S, path=HOME, secure=secure, httponly=True, samesite="strict")
    return answer


def forget(answer: Response) -> Response:
    """`answer` that takes the cookie back."""
    answer.delete_cookie(COOKIE, path=HOME, httponly=True, samesite="strict")
    return answer

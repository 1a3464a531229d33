"""Addresses of the pages, all under ``/apercu``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from heapq import nlargest
from importlib import resources
from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from adapter import api
from adapter.api.forms import Encoding, check_visit, decoded
from adapter.api.preview import Preview, preview
from adapter.api.sending import Forms, send, settled
from adapter.errors import VisitInvalid
from adapter.outbox import OutboxRefusal, Row
from adapter.service.bodies import work
from adapter.service.installation import Installation
from adapter.service.preview import tracking, views
from adapter.service.preview.asking import SIGN_IN, Desk, PageRoute, forget, remember
from adapter.service.preview.page import HOME, SCRIPT, STYLE, notice, page, proof
from adapter.service.preview.session import Session
from adapter.service.problems import Refusal
from adapter.service.routes.submissions import server_of

_TITLE: Final = "Aperçu avant partage"
_EXAMPLES: Final = {"s1": "s1.json", "s7": "s7.json"}
_FORMS: Final[Mapping[str, Forms]] = {"cda": "cda", "fhir": "fhir", "both": "both", "cda-n1": "cda-n1"}
_ENCODINGS: Final[Mapping[str, Encoding]] = {"utf-8": "utf-8", "windows-1252": "windows-1252"}
_ROWS_MAX: Final = 50
_REFRESH_S: Final = 2
_ROW = Annotated[int, Path(ge=1, le=10**11 - 1)]
_PDF_HEADERS: Final = {"Content-Disposition": 'inline; filename="fiche.pdf"'}
_INTRO: Final = (
    '<p class="intro">Ce que le DMP recevra, tel qu’il sera lu. Rien ne quitte ce poste avant l’envoi demandé au bas'
    " de la page.</p>\n"
)


def router(installation: Installation) -> APIRouter:
    """Pages of one installation."""
    routes = APIRouter(prefix=HOME, route_class=PageRoute, include_in_schema=False)
    _Pages(installation, Desk(installation)).join(routes)
    return routes


class _Pages:
    def __init__(self, installation: Installation, desk: Desk) -> None:
        self._installation = installation
        self._desk = desk

    def join(self, routes: APIRouter) -> None:
        """Puts every page at its address."""
        routes.add_api_route("", self.blank, methods=["GET"])
        routes.add_api_route("", self.seen, methods=["POST"])
        routes.add_api_route("/impression", self.printed, methods=["POST"])
        routes.add_api_route("/envoi", self.sent, methods=["POST"])
        routes.add_api_route("/envois", self.list, methods=["GET"])
        routes.add_api_route("/envois/{row_id}", self.followed, methods=["GET"])
        routes.add_api_route("/envois/{row_id}/etat", self.state, methods=["GET"])
        routes.add_api_route("/envois/{row_id}/rejeu", self.replayed, methods=["POST"])
        routes.add_api_route("/envois/{row_id}/retrait", self.taken_back, methods=["POST"])
        routes.add_api_route("/connexion", self.sign_in, methods=["GET"])
        routes.add_api_route("/connexion", self.signed_in, methods=["POST"])
        routes.add_api_route("/deconnexion", self.signed_out, methods=["POST"])
        for address, kind in ((STYLE, "text/css"), (SCRIPT, "text/javascript")):
            name = address.rpartition("/")[2]
            routes.add_api_route(f"/{name}", _file(name, kind), methods=["GET"])

    async def blank(self, request: Request, exemple: Annotated[str, Query(max_length=10)] = "") -> Response:
        session = self._desk.session(request)
        text = _example(exemple)
        content = (
            f"{_INTRO}{views.editor(session, text)}"
            '<p class="examples">Pour essayer, avec des personnes fictives :'
            f' <a href="{HOME}?exemple=s1">visite complète</a>, <a href="{HOME}?exemple=s7">visite minimale</a>.</p>\n'
        )
        return self._answer(request, session, page(_TITLE, content, session=session))

    async def seen(self, request: Request) -> Response:
        session, fields = await self._desk.form(request)
        data, encoding = _visit(fields)
        traced = fields.get("origine") == b"1"
        found = await work(request, lambda: self._preview(data, encoding, traced), heavy=traced)
        text = _text(data, encoding)
        answer = await work(request, lambda: self._shown(found, text, session))
        return self._answer(request, session, answer)

    def _preview(self, data: bytes, encoding: Encoding, traced: bool) -> Preview:
        here = self._installation
        server = here.servers.get(here.default)
        return preview(
            data,
            encoding=encoding,
            options=here.options,
            mappings=here.tables,
            limits=server.limits if server else None,
            traced=traced,
            **here.reading,
        )

    def _shown(self, found: Preview, text: str, session: Session) -> HTMLResponse:
        sheet = found.made.contents["sheet"].decode() if found.made else ""
        here = self._installation
        parts = [
            ("fiche", "La fiche", views.sheet(sheet) + views.printing(session, text) if sheet else ""),
            ("qui", "Qui verra quoi", views.sights(found) if sheet else ""),
            ("visite-constats", "Visite et constats", _beside(session, found, text)),
            ("documents", "Documents CDA et FHIR", views.documents(found, session, text)),
            (
                "envoyer",
                "Envoyer",
                views.sending(found, session, text, list(here.servers.values()), here.default),
            ),
        ]
        shown = [part for part in parts if part[2]]
        links = "".join(f'<li><a href="#{key}">{title}</a></li>\n' for key, title, _ in shown)
        sections = "".join(
            f'<section id="{key}" class="part" aria-labelledby="t-{key}">\n'
            f'<h2 id="t-{key}">{title}</h2>\n{inner}</section>\n'
            for key, title, inner in shown
        )
        content = f'{views.summary(found)}<nav aria-label="Parties" class="parts"><ul>\n{links}</ul></nav>\n{sections}'
        return page(_TITLE, content, session=session, styles=views.sheet_styles(sheet))

    async def printed(self, request: Request) -> Response:
        _, fields = await self._desk.form(request)
        data, encoding = _visit(fields)
        wanted = api.render_emergency_pdf if fields.get("page") == b"emergency" else api.render_pdf

        def make() -> bytes:
            visit, found = check_visit(data, encoding=encoding, **self._installation.reading)
            if visit is None:
                raise VisitInvalid(found)
            here = self._installation
            return wanted(api.compose(visit, options=here.options, mappings=here.tables))

        return Response(await work(request, make), media_type="application/pdf", headers=_PDF_HEADERS)

    async def sent(self, request: Request) -> Response:
        """The page of the deposit: a new one, or the one that the queue knows for this visit, sent twice or not."""
        _, fields = await self._desk.form(request)
        data, encoding = _visit(fields)
        text = _text(data, encoding)
        if fields.get("vue", b"").decode("ascii", "replace") != views.digest(text):
            raise Refusal("parameters", "Cette visite n'est pas celle qui a été montrée : la vérifier de nouveau.")
        forms = _FORMS.get(fields.get("formes", b"").decode("ascii", "replace"))
        if forms is None:
            raise Refusal("parameters", "Choisir les documents à déposer.")
        here = self._installation
        server = server_of(here, fields.get("destination", b"").decode("utf-8", "replace"))
        done = await work(
            request,
            lambda: send(
                text, here.outbox, server, forms=forms, options=here.options, mappings=here.tables, **here.reading
            ),
        )
        return RedirectResponse(f"{HOME}/envois/{done.row.id}", 303, {"Referrer-Policy": "same-origin"})

    async def list(self, request: Request) -> Response:
        session = self._desk.session(request)
        rows = await work(request, lambda: nlargest(_ROWS_MAX, self._installation.outbox.rows(), key=_rank))
        return self._answer(request, session, page("Envois", tracking.table(rows), session=session))

    async def followed(self, request: Request, row_id: _ROW) -> Response:
        session = self._desk.session(request)
        row = await work(request, lambda: self._row(row_id))
        content = (
            f'<div id="suivi" role="status" data-url="{HOME}/envois/{row.id}/etat">\n{tracking.status(row)}</div>\n'
            f'{tracking.choices(row, session)}{tracking.facts(row)}<p><a href="{HOME}">Voir une autre visite</a></p>\n'
        )
        refresh_s = 0 if settled(row) else _REFRESH_S
        answer = page(f"Suivi de l’envoi n° {row.id}", content, session=session, refresh_s=refresh_s)
        return self._answer(request, session, answer)

    async def replayed(self, request: Request, row_id: _ROW) -> Response:
        return await self._decided(request, row_id, self._installation.outbox.retry)

    async def taken_back(self, request: Request, row_id: _ROW) -> Response:
        return await self._decided(request, row_id, self._installation.outbox.withdraw)

    async def _decided(self, request: Request, row_id: int, decide: Callable[[int], None]) -> Response:
        await self._desk.form(request)
        await work(request, lambda: self._row(row_id))
        await work(request, lambda: decide(row_id))
        return RedirectResponse(f"{HOME}/envois/{row_id}", 303, {"Referrer-Policy": "same-origin"})

    async def state(self, request: Request, row_id: _ROW) -> Response:
        self._desk.session(request)
        return HTMLResponse(tracking.status(await work(request, lambda: self._row(row_id))))

    def _row(self, row_id: int) -> Row:
        try:
            return self._installation.outbox.row(row_id)
        except OutboxRefusal:
            raise Refusal("not-found", "Aucun envoi sous ce numéro.") from None

    async def sign_in(self, request: Request) -> Response:
        session = self._desk.stranger(request)
        return self._answer(request, session, _sign_in(session, ""))

    async def signed_in(self, request: Request) -> Response:
        stranger, fields = await self._desk.form(request, signed_in=False)
        session = self._desk.signed_in(fields.get("jeton", b"").decode("utf-8", "replace").strip())
        if session is None:
            return self._answer(request, stranger, _sign_in(stranger, "Ce jeton n'est pas connu du service.", 403))
        answer = RedirectResponse(HOME, 303, {"Referrer-Policy": "same-origin"})
        return self._answer(request, session, answer)

    async def signed_out(self, request: Request) -> Response:
        await self._desk.form(request)
        return forget(RedirectResponse(SIGN_IN, 303, {"Referrer-Policy": "same-origin"}))

    def _answer(self, request: Request, session: Session, answer: Response) -> Response:
        return remember(answer, session, secure=request.url.scheme == "https")


def _beside(session: Session, found: Preview, text: str) -> str:
    return (
        f'<div class="beside">\n<div>\n{views.editor(session, text, open_file=False)}</div>\n'
        f'<div class="constats">\n{views.findings(found, text)}</div>\n</div>\n{views.numbered(found, text)}'
    )


def _sign_in(session: Session, refused: str, status: int = 200) -> HTMLResponse:
    content = (
        f"{notice('bad', refused) if refused else ''}"
        f'<form class="sign-in" method="post" action="{SIGN_IN}">{proof(session)}'
        '<label for="jeton">Jeton du logiciel ou du poste</label>\n'
        '<input id="jeton" name="jeton" type="password" autocomplete="off" required aria-describedby="aide-jeton">\n'
        '<p id="aide-jeton" class="help">Celui d’une table [service.clients.NOM] des réglages ; la session dure huit'
        " heures, ou jusqu’à l’arrêt du service.</p>\n"
        '<p class="actions"><button class="main">Se connecter</button></p></form>\n'
    )
    return page("Connexion", content, session=None, status=status)


def _visit(fields: Mapping[str, bytes]) -> tuple[bytes, Encoding]:
    """Visit of a form and its encoding: that of the chosen file, else the text, whose line ends are those of a file."""
    chosen = fields.get("fichier", b"")
    if chosen:
        return chosen, _ENCODINGS.get(fields.get("encodage", b"").decode("ascii", "replace"), "utf-8")
    return fields.get("visite", b"").replace(b"\r\n", b"\n"), "utf-8"


def _text(data: bytes, encoding: Encoding) -> str:
    """The visit as text, for the page; what is not text is shown as such."""
    try:
        text = decoded(data, encoding)
    except VisitInvalid:
        text = data
    found = text.decode("utf-8-sig", "replace") if isinstance(text, bytes) else text
    return found.replace("\r\n", "\n").replace("\r", "\n")


def _rank(row: Row) -> int:
    return row.id


@cache
def _example(name: str) -> str:
    file = _EXAMPLES.get(name)
    if file is None:
        return ""
    return resources.files("adapter.service").joinpath("examples", file).read_text("utf-8")


def _file(name: str, kind: str) -> Callable[[], Awaitable[Response]]:
    @cache
    def content() -> bytes:
        return resources.files("adapter.service.preview").joinpath("static", name).read_bytes()

    async def give() -> Response:
        return Response(content(), media_type=kind)

    return give

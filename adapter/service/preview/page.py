"""Shell of the pages: French, nothing from elsewhere, nothing inline, no patient data in a title."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable
from html import escape

from fastapi.responses import HTMLResponse

from adapter.service.preview.session import Session

HOME = "/apercu"
STYLE = f"{HOME}/apercu.css"
SCRIPT = f"{HOME}/apercu.js"

# A form of a page under "no-referrer" would be sent with the origin "null", which the gate refuses.
# Source: Fetch standard, "append a request Origin header".
_HEADERS = {"Referrer-Policy": "same-origin"}


def page(
    title: str,
    content: str,
    *,
    session: Session | None,
    status: int = 200,
    styles: Iterable[str] = (),
    refresh_s: int = 0,
) -> HTMLResponse:
    """Answer that shows `content` (HTML) under `title`.

    Args:
        session: who sits there; None before the token is given.
        styles: text of the style elements that the sandboxed sheet bears, which inherits our policy.
        refresh_s: seconds after which a browser without script asks again; 0 for never.
    """
    again = f'<noscript><meta http-equiv="refresh" content="{refresh_s}"></noscript>\n' if refresh_s else ""
    body = (
        '<!DOCTYPE html>\n<html lang="fr">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)} · DMP adapter</title>\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="stylesheet" href="{STYLE}">\n<script src="{SCRIPT}" defer></script>\n{again}</head>\n<body>\n'
        '<a class="skip" href="#contenu">Aller au contenu</a>\n'
        f'{_banner(session)}<main id="contenu" tabindex="-1">\n<h1>{escape(title)}</h1>\n{content}</main>\n'
        "</body>\n</html>\n"
    )
    return HTMLResponse(body, status, {**_HEADERS, "Content-Security-Policy": _policy(styles)})


def _banner(session: Session | None) -> str:
    leave = ""
    if session is not None and session.client:
        leave = (
            f'<form method="post" action="{HOME}/deconnexion">{proof(session)}'
            f'<span class="who">{escape(session.client)}</span> <button class="quiet">Se déconnecter</button></form>'
        )
    links = f'<a href="{HOME}">Aperçu</a> <a href="{HOME}/envois">Envois</a>'
    return (
        f'<header class="banner"><a class="brand" href="{HOME}">DMP adapter</a>\n'
        f'<nav aria-label="Pages">{links}</nav>{leave}</header>\n'
    )


def _policy(styles: Iterable[str]) -> str:
    hashes = "".join(f" 'sha256-{b64encode(hashlib.sha256(style.encode()).digest()).decode()}'" for style in styles)
    return (
        f"default-src 'none'; style-src 'self'{hashes}; script-src 'self'; connect-src 'self'; form-action 'self';"
        " base-uri 'none'; frame-ancestors 'none'"
    )


def proof(session: Session) -> str:
    """Hidden field by which a form shows that it comes from a page of ours."""
    return f'<input type="hidden" name="preuve" value="{session.proof}">'


def notice(kind: str, words: str) -> str:
    """One sentence that stands out: ``good``, ``bad`` or ``plain``."""
    return f'<p class="notice {kind}">{escape(words)}</p>\n'

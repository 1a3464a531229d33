"""How tests use the pages without a browser: forms filled and sent as one does."""

from __future__ import annotations

from typing import Any

from httpx import Client, Response
from lxml import html


def tree(answer: Response) -> html.HtmlElement:
    """Page of an answer."""
    assert answer.headers["content-type"] == "text/html; charset=utf-8", answer.text[:200]
    return html.document_fromstring(answer.text)


def shown(answer: Response) -> str:
    """Words of a page."""
    return " ".join(str(tree(answer).text_content()).split())


def origin(client: Client) -> dict[str, str]:
    """What a browser tells of the page a form comes from."""
    return {"Origin": str(client.base_url).rstrip("/"), "Sec-Fetch-Site": "same-origin"}


def hidden(answer: Response, selector: str) -> dict[str, str]:
    """Fields that the form of this XPath carries by itself."""
    (form,) = tree(answer).xpath(selector)
    texts = {area.name for area in form.iter("textarea")}
    # a browser drops the line end that follows the tag of a text area; lxml does not
    return {
        str(name): str(value).removeprefix("\n") if name in texts else str(value) for name, value in form.form_values()
    }


def seen(client: Client, visit: bytes, **more: Any) -> Response:
    """Page of a visit that was pasted."""
    fields = {**hidden(client.get("/apercu"), "//form[@id='visite']"), "visite": visit.decode(), **more}
    return client.post("/apercu", data=fields, headers=origin(client))


def sent(client: Client, page: Response, **more: str) -> Response:
    """Answer to the form that sends."""
    fields = {**hidden(page, "//form[@class='send']"), **more}
    return client.post("/apercu/envoi", data=fields, headers=origin(client))

"""A DMP reached over PDSm (FHIR R4, IHE MHD): every transaction of the port, one method each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha1
from typing import Final
from urllib.parse import urlencode, urljoin, urlsplit

import orjson

from adapter.dmp import ContentAltered, EntryReceipt, FoundEntry, FoundSet, Mask, PatientStatus, Receipt
from adapter.dmp.pdsm import answers, resources
from adapter.dmp.pdsm.patches import Patch, archive_patch, mask_patch
from adapter.dmp.session import Answer, DmpSession
from adapter.errors import DmpRejected, DmpUnreachable, OutcomeUnknown
from adapter.fhir.datatypes import Json
from adapter.model.document import Identifier
from adapter.submission.prepare import HIDDEN_FROM_PATIENT, MASKED_TO_PROFESSIONALS
from adapter.submission.values import Submission

FHIR_JSON: Final = "application/fhir+json"
JSON_PATCH: Final = "application/json-patch+json"
FORM: Final = "application/x-www-form-urlencoded"
MAX_PAGES: Final = 10_000

# Our name of a filter -> search parameter, and prefix of a date. Source: PDSm 3.1.1, ITI-67.
DOCUMENT_FILTERS: Final[Mapping[str, tuple[str, str]]] = {
    "status": ("status", ""),
    "type": ("type", ""),
    "class_": ("category", ""),
    "format": ("format", ""),
    "facility": ("facility", ""),
    "practice_setting": ("setting", ""),
    "confidentiality": ("security-label", ""),
    "event": ("event", ""),
    "unique_id": ("identifier", ""),
    "related": ("related", ""),
    "replaces": ("relatesto", ""),
    "author_family": ("author.family", ""),
    "author_given": ("author.given", ""),
    "archived": ("isArchived", ""),
    "created_from": ("creation", "ge"),
    "created_to": ("creation", "le"),
    "deposited_from": ("date", "ge"),
    "deposited_to": ("date", "le"),
    "service_from": ("period-start", "ge"),
    "service_to": ("period-end", "le"),
    "period_from": ("period", "ge"),
    "period_to": ("period", "le"),
}
# Source: PDSm 3.1.1, ITI-66.
SET_FILTERS: Final[Mapping[str, tuple[str, str]]] = {
    "status": ("status", ""),
    "content_type": ("designationType", ""),
    "unique_id": ("identifier", ""),
    "title": ("title", ""),
    "source_id": ("sourceId", ""),
    "author_family": ("source.family", ""),
    "author_given": ("source.given", ""),
    "author_organization": ("authorOrg", ""),
    "archived": ("isArchived", ""),
    "submitted_from": ("date", "ge"),
    "submitted_to": ("date", "le"),
}


class PdsmClient:
    """The port ``Dmp`` over PDSm 3.1.1; may be shared by threads.

    Args:
        base_url: base of the FHIR server (``https://…/fhir``).
        session: how it is reached.
        caller_rpps: RPPS of who acts, to tell whether he or she is médecin traitant DMP; empty when not known.
        post_search: searches travel in the body of ``POST _search``; switched off, the INS stands in URLs.
        page_size: documents asked for in a page.
        content_origins: further servers (``https://host``) that documents may be read from, with our credentials.
    """

    def __init__(
        self,
        base_url: str,
        session: DmpSession,
        *,
        caller_rpps: str = "",
        post_search: bool = True,
        page_size: int = 50,
        content_origins: tuple[str, ...] = (),
    ) -> None:
        self._base = base_url.rstrip("/")
        self._session = session
        self._caller_rpps = caller_rpps
        self._post_search = post_search
        self._page_size = page_size
        self._origins = frozenset(map(_origin, (base_url, *content_origins)))

    # ---------------------------------------------------------------- TD0.2

    def patient_status(self, patient: Identifier) -> PatientStatus:
        """TD0.2: state of the DMP of this patient, and whether the caller may act on it."""
        answer = self._search_request("TD0.2", "Patient", [("identifier", _token(patient))])
        if (refused := answers.blocked(answer)) is not None:
            return refused
        return answers.patient_status(answers.resource(answer, True, kinds=("Bundle",)), self._caller_rpps)

    # ---------------------------------------------------------------- TD2

    def submit(self, submission: Submission) -> Receipt:
        """TD2 and TD2.1 by ITI-65: the whole deposit, and the replaced documents superseded, or nothing."""
        request = resources.transaction(submission)
        answer = self._write("TD2", "", request)
        found = answers.resource(answer, False, kinds=("Bundle",))
        unique_ids = tuple(entry.unique_id for entry in submission.entries)
        return Receipt(submission.set.unique_id, answers.receipts(found, request, unique_ids))

    def publish(self, submission: Submission) -> Receipt:
        """TD2 by ITI-105: a deposit of one document in one resource, for servers without transactions.

        The server itself supersedes the replaced document, found beforehand.

        Raises:
            ValueError: more than one document: they would not be deposited together.
            DmpRejected: the replaced document is not there (``XDSReplaceFailed``).
        """
        if len(submission.entries) != 1:
            raise ValueError("a simplified publication holds one document")
        entry, content = submission.entries[0], submission.contents[0]
        replaced = ""
        if entry.replaces:
            held, _ = self._the_one("TD3.1b", submission.set.patient_id, entry.replaces, "XDSReplaceFailed")
            replaced = held.location
        request = resources.simplified(entry, content, submission.set.submission_time, replaced)
        answer = self._write("TD2", "/DocumentReference", request)
        location, version = answers.split_location(answer.headers.get("Location", ""))
        etag = answer.headers.get("ETag", "")
        if not 200 <= answer.status < 300 or not location:
            found = answers.resource(answer, False, kinds=("DocumentReference",))
            told = answers.found_entry(found, etag)
            location, version = told.location, told.version
        elif answer.body:
            answers.resource(answer, False, kinds=("DocumentReference", "OperationOutcome"))
        if not location:
            raise OutcomeUnknown("La réponse du DMP ne dit pas où se trouve le document.", code="no-location")
        return Receipt(submission.set.unique_id, (EntryReceipt(entry.unique_id, location, etag or version),))

    # ---------------------------------------------------------------- TD3.1

    def find(self, patient: Identifier, unique_id: str) -> tuple[FoundEntry, ...]:
        """TD3.1b by ITI-67: entries bearing this uniqueId, current or not; none when the DMP has none."""
        return tuple(answers.found_entry(one) for one in self._by_unique_id("TD3.1b", patient, unique_id))

    def search(self, patient: Identifier, **filters: str) -> Iterator[FoundEntry]:
        """TD3.1a by ITI-67, page after page, current documents unless ``status`` says otherwise.

        Args:
            patient: qualified INS.
            filters: those of ``DOCUMENT_FILTERS``; codes as ``system|code`` or ``code``, several with commas; dates
                in ISO form; ``archived`` is ``true`` or ``false``; ``unique_id`` is an OID.

        Raises:
            ValueError: unknown filter.
        """
        parameters = _parameters(DOCUMENT_FILTERS, {"status": "current", **filters})
        return (
            answers.found_entry(one)
            for page in self._pages("TD3.1a", "DocumentReference", patient, parameters)
            for one in answers.documents(page)
        )

    def submission_sets(self, patient: Identifier, **filters: str) -> Iterator[FoundSet]:
        """ITI-66: deposits, page after page; filters are those of ``SET_FILTERS``.

        Raises:
            ValueError: unknown filter.
        """
        parameters = [("code", "submissionset"), *_parameters(SET_FILTERS, {"status": "current", **filters})]
        return (
            answers.found_set(one)
            for page in self._pages("ITI-66", "List", patient, parameters)
            for one in answers.sets(page)
        )

    # ---------------------------------------------------------------- TD3.2

    def read(self, entry: FoundEntry) -> bytes:
        """TD3.2 by ITI-68: content of a document, its size and SHA-1 those that the DMP tells.

        Raises:
            ContentAltered: they differ.
        """
        content = self._content(entry)
        if entry.size_bytes >= 0 and len(content) != entry.size_bytes:
            raise ContentAltered("La taille du document lu n'est pas celle que le DMP annonce.", code="size")
        if entry.hash_sha1 and sha1(content, usedforsecurity=False).digest() != entry.hash_sha1:
            raise ContentAltered("L'empreinte du document lu n'est pas celle que le DMP annonce.", code="hash")
        return content

    # ---------------------------------------------------------------- TD3.3

    def set_mask(self, patient: Identifier, unique_id: str, mask: Mask, on: bool) -> FoundEntry:
        """TD3.3a/b: put or lift one mask.

        Raises:
            DmpRejected: unknown document, or a mask that does not go with those in force.
        """

        def change(resource: Json) -> Patch:
            masks = set(answers.found_entry(resource).masks) | ({mask} if on else set())
            if on and {MASKED_TO_PROFESSIONALS, HIDDEN_FROM_PATIENT} <= masks:
                raise DmpRejected("Masquer aux professionnels et au patient à la fois est refusé.", code="SUB-MASKS")
            return mask_patch(resource, mask, on)

        return self._change("TD3.3a" if mask == MASKED_TO_PROFESSIONALS else "TD3.3b", patient, unique_id, change)

    def set_archived(self, patient: Identifier, unique_id: str, archived: bool) -> FoundEntry:
        """TD3.3d: put a document away, or take it back."""
        return self._change("TD3.3d", patient, unique_id, lambda resource: archive_patch(resource, archived))

    def delete(self, patient: Identifier, unique_id: str) -> None:
        """TD3.3c: deletion by the author; logical on the server, which answers 410 afterwards.

        PDSm has no status for it: ``DELETE`` on the resource, kept from crossing another change by its version.
        """
        answer = self._deleted(patient, unique_id)
        if answer.status == 412:
            answer = self._deleted(patient, unique_id)
        if answer.body or not 200 <= answer.status < 300:
            answers.resource(answer, False, kinds=("OperationOutcome", "DocumentReference"))

    # ---------------------------------------------------------------- on the wire

    def _deleted(self, patient: Identifier, unique_id: str) -> Answer:
        entry = self._the_one("TD3.3c", patient, unique_id, "not-found")[0]
        url = f"{self._base}/{entry.location}"
        return self._session.send("TD3.3c", "DELETE", url, safe=False, headers={**_ACCEPT, **_if_match(entry)})

    def _change(self, name: str, patient: Identifier, unique_id: str, change: Callable[[Json], Patch]) -> FoundEntry:
        """The entry once changed by a conditional patch; read again and tried once more when it moved meanwhile.

        A change may take the document out of the caller's sight: the entry then comes back as it was, without version.
        """
        entry, answer = self._patched(name, patient, unique_id, change)
        if answer is not None and answer.status == 412:
            entry, answer = self._patched(name, patient, unique_id, change)
        if answer is None:
            return entry
        if answer.body or not 200 <= answer.status < 300:
            changed = answers.resource(answer, False, kinds=("DocumentReference", "OperationOutcome"))
            if changed["resourceType"] == "DocumentReference":
                return answers.found_entry(changed, answer.headers.get("ETag", ""))
        return next(iter(self.find(patient, unique_id)), replace(entry, version=""))

    def _patched(
        self, name: str, patient: Identifier, unique_id: str, change: Callable[[Json], Patch]
    ) -> tuple[FoundEntry, Answer | None]:
        """The entry as it was and the answer to its patch, None when there was nothing to change."""
        entry, resource = self._the_one(name, patient, unique_id, "not-found")
        patch = change(resource)
        if not patch:
            return entry, None
        answer = self._session.send(
            name,
            "PATCH",
            f"{self._base}/DocumentReference",
            safe=False,
            params=[("identifier", _oid_token(unique_id))],
            headers={**_ACCEPT, "Content-Type": JSON_PATCH, **_if_match(entry)},
            body=orjson.dumps(patch),
        )
        return entry, answer

    def _the_one(self, name: str, patient: Identifier, unique_id: str, code: str) -> tuple[FoundEntry, Json]:
        """The document of this uniqueId, as value and as the server's resource.

        Raises:
            DmpRejected: none, or several.
        """
        held = self._by_unique_id(name, patient, unique_id)
        if not held:
            raise DmpRejected("Ce document n'est pas dans le DMP, ou l'appelant ne peut pas le voir.", code=code)
        if len(held) > 1:
            raise DmpRejected("Plusieurs fiches portent l'identifiant de ce document.", code="several-entries")
        entry = answers.found_entry(held[0])
        if not entry.location:
            raise DmpUnreachable("Le DMP ne dit pas où se trouve le document.", code="no-location")
        return entry, held[0]

    def _by_unique_id(self, name: str, patient: Identifier, unique_id: str) -> list[Json]:
        parameters = [("status", "current,superseded"), ("identifier", _oid_token(unique_id))]
        pages = self._pages(name, "DocumentReference", patient, parameters)
        found = [one for page in pages for one in answers.documents(page)]
        return [one for one in found if answers.bears(one, unique_id)]

    def _content(self, entry: FoundEntry) -> bytes:
        url = entry.url
        if not url:
            return self._inline(entry)
        if url.startswith("urn:uuid:"):  # logical: the Binary bears this id
            url = f"Binary/{url.removeprefix('urn:uuid:')}"
        target = urljoin(f"{self._base}/", url)
        if _origin(target) not in self._origins:
            raise DmpRejected("Le document est sur un serveur qui n'est pas admis (réglage).", code="content-origin")
        accept = f"{entry.mime_type}, {FHIR_JSON};q=0.5, */*;q=0.1" if entry.mime_type else FHIR_JSON
        answer = self._session.send("TD3.2", "GET", target, safe=True, headers={"Accept": accept})
        if not 200 <= answer.status < 300:
            answers.resource(answer, True, kinds=())
        if answer.media_type in (FHIR_JSON, "application/json"):
            return answers.read_binary(answer)
        if answer.media_type == "text/html" and entry.mime_type != "text/html":
            raise DmpUnreachable("Le DMP a répondu une page au lieu du document.", code="html")
        return answer.body

    def _inline(self, entry: FoundEntry) -> bytes:
        """Content that stands in the DocumentReference itself."""
        if not entry.location:
            raise DmpRejected("Le DMP ne dit pas où se trouve le contenu du document.", code="no-content")
        answer = self._session.send("TD3.2", "GET", f"{self._base}/{entry.location}", safe=True, headers=_ACCEPT)
        content = answers.inline_data(answers.resource(answer, True, kinds=("DocumentReference",)))
        if content is None:
            raise DmpRejected("Le DMP ne dit pas où se trouve le contenu du document.", code="no-content")
        return content

    def _pages(self, name: str, kind: str, patient: Identifier, parameters: list[tuple[str, str]]) -> Iterator[Json]:
        """Searchsets, one a page.

        Raises:
            DmpUnreachable: a link to a next page that leaves the server, or that turns round.
        """
        query = [("patient.identifier", _token(patient)), *parameters, ("_count", str(self._page_size))]
        answer = self._search_request(name, kind, query)
        seen: set[str] = set()
        while True:
            page = answers.resource(answer, True, kinds=("Bundle",))
            yield page
            if not (link := answers.next_page(page)):
                return
            url = urljoin(f"{self._base}/", link)
            if _origin(url) != _origin(self._base):
                raise DmpUnreachable(
                    "La page suivante est sur un autre serveur : elle n'est pas suivie.", code="paging"
                )
            if url in seen or len(seen) >= MAX_PAGES:
                raise DmpUnreachable("Les pages du DMP tournent en rond.", code="paging")
            seen.add(url)
            answer = self._session.send(name, "GET", url, safe=True, headers=_ACCEPT)

    def _search_request(self, name: str, kind: str, query: list[tuple[str, str]]) -> Answer:
        headers = {**_ACCEPT, "Prefer": "handling=strict"}
        url = f"{self._base}/{kind}"
        if not self._post_search:
            return self._session.send(name, "GET", url, safe=True, params=query, headers=headers)
        body = urlencode(query).encode("ascii")
        headers["Content-Type"] = FORM
        return self._session.send(name, "POST", f"{url}/_search", safe=True, headers=headers, body=body)

    def _write(self, name: str, path: str, resource: Json) -> Answer:
        headers = {**_ACCEPT, "Content-Type": FHIR_JSON, "Prefer": "return=minimal"}
        return self._session.send(
            name, "POST", f"{self._base}{path}", safe=False, headers=headers, body=orjson.dumps(resource)
        )


_ACCEPT: Final[Mapping[str, str]] = {"Accept": FHIR_JSON}


def _token(value: Identifier) -> str:
    return f"urn:oid:{value.root}|{value.value}"


def _oid_token(oid: str) -> str:
    return f"{resources.URI}|urn:oid:{oid}"


def _if_match(entry: FoundEntry) -> dict[str, str]:
    return {"If-Match": entry.version} if entry.version else {}


def _origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of a URL, the usual port written out."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, parts.hostname or "", port or {"https": 443, "http": 80}.get(parts.scheme)


def _parameters(known: Mapping[str, tuple[str, str]], filters: Mapping[str, str]) -> list[tuple[str, str]]:
    """Search parameters of filters.

    Raises:
        ValueError: unknown filter.
    """
    found: list[tuple[str, str]] = []
    for name, value in filters.items():
        if name not in known:
            raise ValueError(f"unknown filter {name}: {', '.join(known)}")
        parameter, prefix = known[name]
        found.append((parameter, _oid_token(value) if name == "unique_id" else f"{prefix}{value}"))
    return found

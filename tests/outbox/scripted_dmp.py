"""A DMP in memory that fails where it is told to, and counts what it takes."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator

from adapter.dmp import EntryReceipt, FoundEntry, Mask, PatientStatus, Receipt
from adapter.errors import DmpRejected
from adapter.model.document import Identifier
from adapter.submission.values import Submission

Step = BaseException | Callable[[], object] | None


class After(Exception):
    """Marks a fault that comes once the deposit is stored: the answer is lost, the document is not."""

    def __init__(self, fault: BaseException) -> None:
        super().__init__(str(fault))
        self.fault = fault


class ScriptedDmp:
    """Satisfies ``Dmp``; `script` gives, by method name, the faults of the next calls in order (None: none)."""

    def __init__(self) -> None:
        self.script: defaultdict[str, deque[Step]] = defaultdict(deque)
        self.calls: Counter[str] = Counter()
        self.stored: dict[str, tuple[bytes, bytes, str]] = {}
        self.order: list[str] = []
        self.copies: Counter[str] = Counter()
        self.status = PatientStatus("active")
        self.tells_hash = True
        self._lock = threading.Lock()

    def fails(self, method: str, *faults: Step) -> None:
        """Adds faults to the script of a method."""
        self.script[method].extend(faults)

    def _enter(self, method: str) -> BaseException | None:
        """Raises the next fault of the method, or gives the one to raise at its end."""
        self.calls[method] += 1
        step = self.script[method].popleft() if self.script[method] else None
        if isinstance(step, After):
            return step.fault
        if isinstance(step, BaseException):
            raise step
        if step is not None:
            step()
        return None

    def patient_status(self, patient: Identifier) -> PatientStatus:
        self._enter("patient_status")
        return self.status

    def submit(self, submission: Submission) -> Receipt:
        after = self._enter("submit")
        with self._lock:
            ids = [entry.unique_id for entry in submission.entries]
            if any(unique_id in self.stored for unique_id in ids):
                raise DmpRejected("Identifiant déjà présent.", code="duplicate")
            for entry in submission.entries:
                if entry.replaces and entry.replaces not in self.stored:
                    raise DmpRejected("Document à remplacer absent.", code="not-found")
            for entry, content in zip(submission.entries, submission.contents, strict=True):
                self.stored[entry.unique_id] = (content, entry.hash_sha1, entry.replaces)
                self.copies[entry.unique_id] += 1
                self.order.append(entry.unique_id)
        if after is not None:
            raise after
        return Receipt(submission.set.unique_id, tuple(EntryReceipt(unique_id) for unique_id in ids))

    def find(self, patient: Identifier, unique_id: str) -> tuple[FoundEntry, ...]:
        self._enter("find")
        if unique_id not in self.stored:
            return ()
        content, sha1, replaces = self.stored[unique_id]
        return (
            FoundEntry(
                unique_id=unique_id,
                entry_uuid="",
                location="DocumentReference/1",
                version="1",
                status="current",
                archived=False,
                title="",
                type="",
                class_="",
                mime_type="text/xml",
                format="",
                confidentiality=(),
                masks=(),
                created=None,
                service_start=None,
                hash_sha1=sha1 if self.tells_hash else b"",
                size_bytes=len(content) if self.tells_hash else -1,
                url=f"Binary/{unique_id}",
                replaces=replaces,
            ),
        )

    def search(self, patient: Identifier, **filters: str) -> Iterator[FoundEntry]:
        raise NotImplementedError

    def read(self, entry: FoundEntry) -> bytes:
        self._enter("read")
        return self.stored[entry.unique_id][0]

    def set_mask(self, patient: Identifier, unique_id: str, mask: Mask, on: bool) -> FoundEntry:
        raise NotImplementedError

    def set_archived(self, patient: Identifier, unique_id: str, archived: bool) -> FoundEntry:
        raise NotImplementedError

    def delete(self, patient: Identifier, unique_id: str) -> None:
        raise NotImplementedError

"""What a call proves about the caller: its assertion, its signature, and the mode that gives it rights."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from adapter.model.destination import AccessMode, DigestName
from adapter.model.document import Identifier, Professional
from adapter.submission.values import Submission

if TYPE_CHECKING:
    from adapter.dmp.xds.signing import Signer
    from adapter.dmp.xds.vihf import Caller


class Credentials(Protocol):
    """Whatever proves who calls."""

    @property
    def mode(self) -> AccessMode:
        """How the caller was authenticated; it decides what may be asked."""
        ...

    def assertion(self, patient: Identifier, now: datetime, assertion_id: str, author: Professional | None) -> bytes:
        """Signed assertion for one call. ``author``: who acts, when the credentials name nobody."""
        ...

    def signed(self, submission: Submission) -> Submission:
        """The same deposit with its signature as last document."""
        ...


@dataclass(frozen=True, slots=True, repr=False)
class SignedCredentials:
    """VIHF and signature of sets by the same signer (CPS card, or ORG_SIGN of the structure).

    Attributes:
        caller: who calls. ``digest``: of the signature of sets.
    """

    caller: Caller
    signer: Signer
    digest: DigestName = "SHA-1"

    @property
    def mode(self) -> AccessMode:
        """Mode of the caller."""
        return self.caller.mode

    def assertion(self, patient: Identifier, now: datetime, assertion_id: str, author: Professional | None) -> bytes:
        """Signed assertion for one call.

        Raises:
            DmpAccessDenied: nobody is named, or something that the DMP wants to know is missing.
        """
        from adapter.dmp.xds import vihf

        caller = vihf.acting(self.caller, author) if author is not None else self.caller
        return vihf.assertion(caller, patient, self.signer, now=now, assertion_id=assertion_id)

    def signed(self, submission: Submission) -> Submission:
        """The same deposit with its signature as last document."""
        from adapter.dmp.xds import dsg

        return dsg.sign(submission, self.signer, digest=self.digest)

"""Open DMP adapter for palliative home visits: visit JSON to CDA R2, FHIR R4 and a readable sheet, and on to the DMP.

Names are loaded on first use, so that ``import adapter`` costs nothing.
"""

from __future__ import annotations

import sys
from types import ModuleType as _ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adapter.api import (
        BillingAdvice,
        Conversion,
        Options,
        bill,
        check_outputs,
        compose,
        convert,
        read_visit,
        render_billing,
        render_bundle,
        render_cda,
        render_cda_n1,
        render_emergency,
        render_emergency_pdf,
        render_pdf,
        render_sheet,
        trace,
    )
    from adapter.api.mailing import (
        Mailed,
        MssMailbox,
        NotificationInvalid,
        PackageRefused,
        RecipientRefused,
        TrustSpace,
        mail,
        package_xdm,
        read_package,
        record_notice,
    )
    from adapter.api.reminders import Agenda, agenda, remind
    from adapter.api.sending import DmpServer, Sent, deliver, open_outbox, prepare, send
    from adapter.api.tracing import Trace
    from adapter.errors import (
        AdapterError,
        DmpAccessDenied,
        DmpError,
        DmpRejected,
        DmpUnreachable,
        DocumentInvalid,
        Finding,
        FindingsError,
        MappingError,
        MissingExtra,
        OutboxError,
        OutcomeUnknown,
        Severity,
        VisitInvalid,
    )
    from adapter.outbox import Outbox, Row, State
    from adapter.submission import SubmissionRefused

__all__ = [
    "AdapterError",
    "Agenda",
    "BillingAdvice",
    "Conversion",
    "DmpAccessDenied",
    "DmpError",
    "DmpRejected",
    "DmpServer",
    "DmpUnreachable",
    "DocumentInvalid",
    "Finding",
    "FindingsError",
    "Mailed",
    "MappingError",
    "MissingExtra",
    "MssMailbox",
    "NotificationInvalid",
    "Options",
    "Outbox",
    "OutboxError",
    "OutcomeUnknown",
    "PackageRefused",
    "RecipientRefused",
    "Row",
    "Sent",
    "Severity",
    "State",
    "SubmissionRefused",
    "Trace",
    "TrustSpace",
    "VisitInvalid",
    "agenda",
    "bill",
    "check_outputs",
    "compose",
    "convert",
    "deliver",
    "mail",
    "open_outbox",
    "package_xdm",
    "prepare",
    "read_package",
    "read_visit",
    "record_notice",
    "remind",
    "render_billing",
    "render_bundle",
    "render_cda",
    "render_cda_n1",
    "render_emergency",
    "render_emergency_pdf",
    "render_pdf",
    "render_sheet",
    "send",
    "trace",
]

_PLACES = {
    "adapter.api.reminders": (
        "Agenda",
        "agenda",
        "remind",
    ),
    "adapter.api.mailing": (
        "Mailed",
        "MssMailbox",
        "NotificationInvalid",
        "PackageRefused",
        "RecipientRefused",
        "TrustSpace",
        "mail",
        "package_xdm",
        "read_package",
        "record_notice",
    ),
    "adapter.api.sending": (
        "DmpServer",
        "Sent",
        "deliver",
        "open_outbox",
        "prepare",
        "send",
    ),
    "adapter.api.tracing": ("Trace",),
    "adapter.errors": (
        "AdapterError",
        "DmpAccessDenied",
        "DmpError",
        "DmpRejected",
        "DmpUnreachable",
        "DocumentInvalid",
        "Finding",
        "FindingsError",
        "MappingError",
        "MissingExtra",
        "OutboxError",
        "OutcomeUnknown",
        "Severity",
        "VisitInvalid",
    ),
    "adapter.outbox": (
        "Outbox",
        "Row",
        "State",
    ),
    "adapter.submission": ("SubmissionRefused",),
}
_PLACE_OF = {name: place for place, names in _PLACES.items() for name in names}


class _Package(_ModuleType):
    """This package, whose public names stay what they are when a folder of the same name is imported (``compose``)."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in __all__ and isinstance(value, _ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> object:
    """Public name, from the module that holds it."""
    if name not in __all__:
        raise AttributeError(f"module 'adapter' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(_PLACE_OF.get(name, "adapter.api")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__

"""What a visit may be billed, and who pays: local advice, never a part of what is shared.

from adapter import bill
advice = bill(Path("visite.json").read_bytes())
print(advice.payer, advice.total)
"""

from __future__ import annotations

from pathlib import Path

from adapter.billing import BillingAdvice, advise
from adapter.billing.fhir import as_bundle
from adapter.billing.report import as_dict as advice_as_dict
from adapter.compose import Options
from adapter.mapping import Mappings, load
from adapter.model.reader import read_visit
from adapter.model.visit import Visit

__all__ = ["BillingAdvice", "advice_as_dict", "bill", "render_billing"]


def bill(visit: Visit | bytes | str, *, mappings: Path | Mappings | None = None) -> BillingAdvice:
    """Advice on the billing of a visit: codes, amounts, payer, conditions, and what the visit cannot tell.

    Args:
        visit: a visit read, or its JSON.
        mappings: folder that replaces the packaged mappings, or mappings already loaded.

    Raises:
        VisitInvalid: the data; every finding, with its JSON path.
        MappingError: the tables.
    """
    return advise(_read(visit), mappings if isinstance(mappings, Mappings) else load(mappings))


def render_billing(
    visit: Visit | bytes | str, *, options: Options | None = None, mappings: Path | Mappings | None = None
) -> bytes:
    """The advice as a FHIR R4 Bundle of local drafts (ChargeItem; Claim or Invoice), for the practice only.

    Arguments and faults are those of `bill`; `options` numbers the resources as the documents are.
    """
    read = _read(visit)
    tables = mappings if isinstance(mappings, Mappings) else load(mappings)
    return as_bundle(read, advise(read, tables), tables, options.issuer_oid if options else None)


def _read(visit: Visit | bytes | str) -> Visit:
    return visit if isinstance(visit, Visit) else read_visit(visit)

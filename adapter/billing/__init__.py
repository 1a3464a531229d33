"""What a visit may be billed, and who pays: advice for the practice, never printed in a shared document."""

from __future__ import annotations

from adapter.billing.advice import advise
from adapter.billing.values import Answer, BillingAdvice, Charge, Remark

__all__ = ["Answer", "BillingAdvice", "Charge", "Remark", "advise"]

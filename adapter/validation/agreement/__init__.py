"""The judge of agreement: reads both documents back and proves that each says every fact of the other.

It shares nothing with the printers, not even a table: what they print is all that it knows.
"""

from adapter.validation.agreement.comparison import (
    RULES,
    compare,
    compare_sheet,
    compare_trees,
    facts_of_bundle,
    facts_of_cda,
)
from adapter.validation.agreement.facts import Fact

__all__ = ["RULES", "Fact", "compare", "compare_sheet", "compare_trees", "facts_of_bundle", "facts_of_cda"]

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal

import pytest
from pydantic import ValidationError

from adapter.fhir import as_fhir_resources, render
from adapter.model.document import Document
from tests.documents import colleague_document, full_document, locum_document, minimal_document
from tests.fhir.bundles import declared


@pytest.mark.parametrize("make", [full_document, colleague_document, locum_document, minimal_document])
def test_the_library_reads_the_bundle_and_finds_the_same_in_it(make: Callable[[], Document]) -> None:
    data = render(declared(make()))
    again = json.loads(as_fhir_resources(data).model_dump_json(), parse_float=Decimal)
    assert again == json.loads(data, parse_float=Decimal)  # 36.90 and 36.9 are equal, not the same text


def test_the_library_refuses_another_shape() -> None:
    data = render(declared(minimal_document())).replace(b'"timestamp"', b'"stamp"')
    with pytest.raises(ValidationError):
        as_fhir_resources(data)

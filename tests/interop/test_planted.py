"""Every planted fault is seen by a judge that stands on the way to the DMP."""

from __future__ import annotations

import orjson
import pytest

from adapter.api import convert
from adapter.errors import Severity
from adapter.validation.self_check import check_pair
from tests.interop.planted import planted_bundles, planted_documents
from tests.samples_kept import SAMPLES

DONE = convert((SAMPLES / "visits" / "s1.exhaustive.json").read_bytes())


def _refused(cda: bytes, bundle: bytes) -> bool:
    return any(f.severity is Severity.ERROR for f in check_pair(cda, bundle))


def test_the_documents_are_accepted_before_anything_is_planted() -> None:
    assert not _refused(DONE.cda, DONE.bundle)


@pytest.mark.parametrize(("name", "bundle"), list(planted_bundles(orjson.loads(DONE.bundle))))
def test_a_fault_in_the_bundle_is_seen_before_it_leaves(name: str, bundle: dict[str, object]) -> None:
    assert _refused(DONE.cda, orjson.dumps(bundle)), name


@pytest.mark.parametrize(("name", "cda"), list(planted_documents(DONE.cda)))
def test_a_fault_in_the_cda_is_seen_before_it_leaves(name: str, cda: bytes) -> None:
    assert _refused(cda, DONE.bundle), name

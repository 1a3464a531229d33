"""Whatever a visit says, the metadata prepared for its documents are accepted by the judges on the way to the DMP."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

from hypothesis import given, settings

from adapter.api import compose, render_bundle, render_cda
from adapter.dmp.xds.request_rules import check_request
from adapter.model.document import Identifier
from adapter.model.reader import check_visit
from adapter.submission import check_submission, prepare
from tests.interop.planted_xds import message_of
from tests.visits import visits

INS = Identifier("1.2.250.1.213.1.4.10", "279035121518989")


@settings(max_examples=60, deadline=None)
@given(visits())
def test_prepared_metadata_fit_their_documents(drawn: dict[str, Any]) -> None:
    visit, _ = check_visit(json.dumps(drawn))
    assert visit is not None
    document = compose(visit)
    patient = replace(document.patient, ins=document.patient.ins or INS, ins_qualified=True)
    document = replace(document, patient=patient, visibility=document.visibility[:1])
    cda, bundle = render_cda(document), render_bundle(document)
    deposit = prepare(document, cda=cda, bundle=bundle, submission_time=document.written_at, opposition=False)
    assert [(one.rule, one.path) for one in check_submission(deposit)] == []
    replaced = {one.replaces: f"urn:uuid:{UUID(int=1)}" for one in deposit.entries if one.replaces}
    assert [(one.rule, one.path) for one in check_request(message_of(deposit, replaced))] == []

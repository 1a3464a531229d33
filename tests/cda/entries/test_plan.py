"""Goals, care acts, requests and the next visit: what stands in a care plan."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from adapter.model.document import NextVisit, Request
from tests import documents
from tests.cda.reading import entry, find_all, string, strings


def _request(number: int) -> Request:
    found = documents.plan().entries[number + 1]
    assert isinstance(found, Request)
    return found


def test_a_goal_is_a_goal_and_has_no_date() -> None:
    observation = entry(documents.plan(), documents.plan().entries[0])
    assert observation.get("moodCode") == "GOL"
    assert string(observation, "c:code/c:originalText/text()") == "Rester à domicile"


def test_palliative_care_is_under_way_since_a_time_that_nobody_said() -> None:
    procedure = entry(documents.plan(), documents.plan().entries[1])
    assert procedure.get("moodCode") == "EVN"
    assert "2.16.840.1.113883.10.20.1.29" in strings(procedure, "c:templateId/@root")
    assert string(procedure, "c:code/@code") == "103735009"
    assert string(procedure, "c:statusCode/@code") == "active"
    assert string(procedure, "c:effectiveTime/@nullFlavor") == "UNK"


@pytest.mark.parametrize(("status", "mood"), [("planned", "INT"), ("requested", "PRP"), ("done", "EVN")])
def test_an_action_has_the_mood_of_its_status(status: Literal["planned", "requested", "done"], mood: str) -> None:
    assert entry(documents.plan(), replace(_request(1), status=status)).get("moodCode") == mood


def test_an_action_names_who_does_it_and_before_when() -> None:
    first = entry(documents.plan(), _request(1))
    assert string(first, "c:performer/c:assignedEntity/c:id/@root") == documents.NURSE.role_key
    assert string(first, "c:performer/c:assignedEntity/c:code/c:originalText/text()") == "Karim BENSAÏD"
    assert string(first, "c:effectiveTime/c:high/@value") == "20261020"
    assert not find_all(entry(documents.plan(), _request(2)), "c:performer")
    third = entry(documents.plan(), _request(3))
    assert string(third, "c:performer/c:assignedEntity/c:id/@nullFlavor") == "UNK"
    assert string(third, "c:effectiveTime/@nullFlavor") == "UNK"


def test_the_next_visit_has_the_precision_that_is_known() -> None:
    visit = documents.plan().entries[7]
    assert isinstance(visit, NextVisit)
    encounter = entry(documents.plan(), visit)
    assert encounter.get("moodCode") == "ARQ"
    assert strings(encounter, "c:effectiveTime/@value") == ["20261026100000+0100"]
    assert strings(entry(documents.plan(), replace(visit, at=None)), "c:effectiveTime/@value") == ["20261026"]


def test_what_is_done_began_at_an_unknown_time() -> None:
    done = entry(documents.plan(), replace(_request(1), status="done"))
    assert string(done, "c:effectiveTime/c:low/@nullFlavor") == "UNK"
    assert string(done, "c:effectiveTime/c:high/@value") == "20261020"

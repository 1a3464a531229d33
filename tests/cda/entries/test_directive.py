from __future__ import annotations

from dataclasses import replace

from adapter.model.document import Directive
from tests import documents
from tests.cda.reading import TYPE, entry, find, find_all, string


def _directive(number: int) -> Directive:
    found = documents.directives().entries[number - 1]
    assert isinstance(found, Directive)
    return found


def test_a_refused_care_is_a_no_on_the_day_it_was_written() -> None:
    observation = entry(documents.directives(), _directive(1))
    assert string(observation, "c:value/@value") == "false"
    assert string(observation, "c:effectiveTime/c:low/@value") == "20260902"


def test_other_directives_have_no_yes_or_no() -> None:
    assert not find_all(entry(documents.directives(), _directive(2)), "c:value")


def test_a_directive_that_does_not_say_has_an_unknown_yes_or_no() -> None:
    value = find(entry(documents.directives(), replace(_directive(1), accepted=None)), "c:value")
    assert (value.get(TYPE), value.get("nullFlavor")) == ("BL", "UNK")


def test_the_joined_file_is_named_by_its_key() -> None:
    observation = entry(documents.directives(), _directive(3))
    assert string(observation, "c:reference/c:externalDocument/c:id/@root") == documents.key("attachment-1")

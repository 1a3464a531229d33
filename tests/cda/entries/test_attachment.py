from __future__ import annotations

import base64

from tests import documents
from tests.cda.reading import find, string, with_entries


def test_a_joined_file_is_carried_whole_and_shown_by_the_narrative() -> None:
    section = documents.attachments()
    printed = with_entries(section, *section.entries)
    media = find(printed, "c:entry/c:organizer/c:component/c:observationMedia")
    assert base64.b64decode(string(media, "c:value/text()")) == documents.PDF
    assert string(media, "c:value/@mediaType") == "application/pdf"
    assert string(printed, "c:text//c:renderMultiMedia/@referencedObject") == media.get("ID")
    kind = find(printed, "c:entry/c:organizer/c:component/c:observation")
    assert string(kind, "c:effectiveTime/@value") == "20260902"
    assert string(kind, "c:value/c:originalText/text()") == "Directives anticipées"

from __future__ import annotations

from dataclasses import replace

from adapter.model.coded import Coding
from adapter.model.document import Device
from tests import documents
from tests.cda.reading import entry, string


def test_a_device_has_words_and_the_year_it_was_placed() -> None:
    supply = entry(documents.devices(), documents.devices().entries[0])
    assert string(supply, "c:effectiveTime/c:low/@value") == "2026"
    assert string(supply, ".//c:playingDevice/c:code/c:originalText/text()") == "Chambre implantable"


def test_a_stated_absence_has_no_time() -> None:
    device = documents.devices().entries[0]
    assert isinstance(device, Device)
    none = replace(device, absence=True, what=documents.concept("Aucun", Coding(documents.ABSENT, "no")))
    supply = entry(documents.devices(), none)
    assert string(supply, "c:effectiveTime/@nullFlavor") == "NA"
    assert string(supply, ".//c:playingDevice/c:code/@code") == "no"

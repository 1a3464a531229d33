"""``dmp-adapter billing``: three forms, one advice, and a refused visit told like everywhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.cli.runs import FULL, REFUSED, ROOT, run
from tests.private_texts import texts_to_keep


def test_the_text_says_code_amount_payer_conditions_and_limits() -> None:
    told = run("billing", FULL)
    assert told.exit_code == 0
    for words in ("VSP + MD, 70,00\u00a0€", "Payeur : Assurance Maladie", "remplie", "Ce que la visite ne dit pas"):
        assert words in told.stdout


def test_the_json_gives_amounts_as_text() -> None:
    told = json.loads(run("billing", FULL, "--format", "json").stdout_bytes)
    assert (told["total"], told["payer"], told["codes"]) == ("70.00", "insurance", ["VSP", "MD"])
    assert {one["verdict"] for one in told["conditions"]} == {"met"}
    assert all(one["source"] for one in told["conditions"])


def test_fhir_is_a_collection() -> None:
    told = json.loads(run("billing", FULL, "--format", "fhir").stdout_bytes)
    assert (told["resourceType"], told["type"]) == ("Bundle", "collection")


def test_nothing_of_the_record_is_said() -> None:
    kept = list(texts_to_keep(json.loads(FULL.read_bytes())))
    assert kept
    for form in ("text", "json"):
        told = run("billing", FULL, "--format", form).output
        assert [text for text in kept if text in told] == []


def test_a_correction_bills_nothing_and_says_so() -> None:
    told = run("billing", ROOT / "samples" / "visits" / "s6.exhaustive.json")
    assert told.exit_code == 0
    assert "Proposé : rien" in told.stdout
    assert "ne se facture pas une seconde fois" in told.stdout
    assert "Payeur" not in told.stdout


def test_a_visit_comes_from_the_standard_input() -> None:
    assert run("billing", "-", given=FULL.read_bytes()).stdout == run("billing", FULL).stdout


def test_a_refused_visit_gives_its_findings_and_one() -> None:
    for path in REFUSED:
        told = run("billing", path)
        expected = json.loads(path.with_name(f"{path.stem}.findings.json").read_bytes())
        errors = any(one["severity"] == "error" for one in expected)
        assert told.exit_code == (1 if errors else 0), path.name
        assert all(one["rule"] in told.stderr for one in expected) or not errors


def test_a_missing_file_is_two() -> None:
    told = run("billing", "nulle-part.json")
    assert (told.exit_code, told.stdout) == (2, "")
    assert "introuvable" in told.stderr


def test_other_amounts_come_with_other_tables(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "mappings", tmp_path / "tables")
    amounts = tmp_path / "tables" / "billing" / "amounts.csv"
    amounts.write_text(amounts.read_text("utf-8").replace("60.00", "61.50", 1), "utf-8")
    told = json.loads(run("billing", FULL, "--mappings", tmp_path / "tables", "--format", "json").stdout_bytes)
    assert told["total"] == "71.50"

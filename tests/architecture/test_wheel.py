"""The wheel stands on its own: with the source tree out of reach it still finds its mappings."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from adapter.mapping import load

ROOT = Path(__file__).resolve().parents[2]

# Run with -I in an empty folder: only the target and the installed third parties are on the path. An editable
# install puts the source tree there too, so it is taken off again.
LOAD_MAPPINGS = """\
import sys
target, source = sys.argv[1:]
sys.path[:] = [target, *(entry for entry in sys.path if entry != source)]
import adapter.mapping
assert adapter.__file__.startswith(target), adapter.__file__
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
print(adapter.mapping.load().digest)
assert any(name.startswith(target + "/adapter/_mappings/") for name in opened), "no mapping of the wheel was read"
assert not [name for name in opened if name.startswith(source + "/mappings")], "mappings of the source tree were read"
"""


def _run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheel built from a copy of the sources through the source archive, as a release is."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "source"
    copy.mkdir()
    for name in ("adapter", "mappings", "samples", "scripts"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in ROOT.iterdir():
        if path.is_file():
            shutil.copy(path, copy)
    _run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", copy, cwd=folder)
    (built,) = (folder / "dist").glob("*.whl")
    return built


def test_the_wheel_carries_mappings_and_types_and_no_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    packaged = {name for name in names if name.startswith("adapter/_mappings/")}
    written = {
        f"adapter/_mappings/{path.relative_to(ROOT / 'mappings').as_posix()}"
        for path in (ROOT / "mappings").rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    assert written
    assert packaged == written
    assert "adapter/py.typed" in names
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"adapter"}


def test_the_installed_wheel_loads_its_own_mappings(wheel: Path, tmp_path: Path) -> None:
    target, empty = tmp_path / "target", tmp_path / "empty"
    empty.mkdir()
    install = (sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", target, wheel)
    _run(*install, cwd=empty)
    assert _run(sys.executable, "-I", "-c", LOAD_MAPPINGS, target, ROOT, cwd=empty)


FROM_THE_ARCHIVE = """\
import sys
wheel, source, folder = sys.argv[1:]
sys.path[:] = [wheel, *(entry for entry in sys.path if entry != source)]
from pathlib import Path
import adapter.mapping
assert adapter.__file__.startswith(wheel), adapter.__file__
own = adapter.mapping.load(Path(folder))
assert own.label("sides", "left") == "À gauche toute"
assert own.label("sides", "right") == adapter.mapping.load().label("sides", "right")
assert own.digest != adapter.mapping.load().digest
assert adapter.mapping.check(adapter.mapping.merged(Path(folder))) == []
print(adapter.mapping.load().digest)
"""


def test_tables_are_read_and_replaced_inside_the_archive_itself(wheel: Path, tmp_path: Path) -> None:
    text = (ROOT / "mappings" / "codes" / "sides.csv").read_text("utf-8")
    (tmp_path / "own" / "codes").mkdir(parents=True)
    changed = text.replace("\nleft,Gauche,", "\nleft,À gauche toute,", 1)
    assert changed != text
    (tmp_path / "own" / "codes" / "sides.csv").write_text(changed, "utf-8")
    digest = _run(sys.executable, "-I", "-c", FROM_THE_ARCHIVE, wheel, ROOT, tmp_path / "own", cwd=tmp_path)
    assert digest == load().digest

"""Small Java programs of this folder: built once by Maven, then run from their class files."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).resolve().parent
BUILD_LIMIT_S: Final = 900
RUN_LIMIT_S: Final = 900


def missing() -> list[str]:
    """Programs that are needed here and are not on this machine."""
    return [name for name in ("java", "mvn", "node", "npm") if shutil.which(name) is None]


@dataclass(frozen=True, slots=True)
class Program:
    """One Maven project of this folder and its main class.

    Attributes:
        folder: below this one. main: class to run.
        version_property: property of the POM that tells the version of the judge.
    """

    folder: str
    main: str
    version_property: str

    @property
    def version(self) -> str:
        """Version of the judge inside, as the POM pins it."""
        found = re.search(rf"<{self.version_property}>([^<]+)<", (HERE / self.folder / "pom.xml").read_text("utf-8"))
        if found is None:
            raise ValueError(f"{self.folder}/pom.xml does not tell {self.version_property}")
        return found[1]

    def build(self) -> None:
        """Compile, and lay the libraries beside; nothing is started when the sources are those of the last time.

        Raises:
            subprocess.CalledProcessError: Maven's own words are on its output.
        """
        pom, stamp = HERE / self.folder / "pom.xml", HERE / self.folder / "target" / "built-from"
        sources = sorted([pom, *(HERE / self.folder / "src").rglob("*.java")])
        wanted = sha256(b"".join(one.read_bytes() for one in sources)).hexdigest()
        if stamp.is_file() and stamp.read_text("ascii") == wanted:
            return
        command = ["mvn", "-q", "-B", "-Dstyle.color=never", "-f", str(pom), "package", "dependency:copy-dependencies"]
        subprocess.run([*command, "-DincludeScope=runtime"], check=True, timeout=BUILD_LIMIT_S)
        stamp.write_text(wanted, "ascii")

    def command(self, *options: str) -> list[str]:
        """Command line that starts the program, with options for the virtual machine."""
        target = HERE / self.folder / "target"
        path = f"{target / 'classes'}:{target / 'dependency'}/*"
        return ["java", "-Xmx3g", *options, "-cp", path, self.main]

    @contextmanager
    def serving(self, *, log: str = "error") -> Iterator[int]:
        """Port of a server that lives as long as the block; it stops when its input ends.

        Args:
            log: level from which the server tells what it does.
        """
        command = self.command(f"-Dorg.slf4j.simpleLogger.defaultLogLevel={log}")
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            try:
                yield next(int(line.split()[1]) for line in process.stdout if line.startswith("port "))
            finally:
                process.stdin.close()
                process.wait(60)

    def run(self, arguments: Sequence[str]) -> list[str]:
        """Lines that the program printed.

        Raises:
            RuntimeError: it failed; its last words.
        """
        done = subprocess.run(
            [*self.command(), *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=RUN_LIMIT_S,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(done.stderr[-2000:])
        return done.stdout.splitlines()

"""A throw-away PostgreSQL on a Unix socket, from the programs of Debian's package; never run as root."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

ACCOUNT = "postgres"


def missing() -> str:
    """Why no server can be started here; empty when one can."""
    if _programs() is None:
        return "PostgreSQL absent (/usr/lib/postgresql/*/bin) : installer le paquet postgresql"
    if os.geteuid() == 0:
        try:
            pwd.getpwnam(ACCOUNT)
        except KeyError:
            return f"PostgreSQL ne tourne pas sous root, et le compte {ACCOUNT} n'existe pas"
        if shutil.which("runuser") is None:
            return "PostgreSQL ne tourne pas sous root, et runuser manque"
    return ""


@contextmanager
def server() -> Iterator[str]:
    """URL of a server with one empty database, gone at the end."""
    programs = _programs()
    assert programs is not None
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    as_account: list[str] = []
    if os.geteuid() == 0:
        account = pwd.getpwnam(ACCOUNT)
        os.chown(folder, account.pw_uid, account.pw_gid)
        as_account = ["runuser", "-u", ACCOUNT, "--"]

    def run(program: str, *arguments: str) -> None:
        command = [*as_account, str(programs / program), *arguments]
        # The server keeps what it inherits open: its output goes to a file, never to a pipe that would be waited for.
        done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
        assert done.returncode == 0, (folder / "log").read_text("utf-8", "replace")[-2000:]

    with (folder / "log").open("w", encoding="utf-8") as log:
        try:
            run("initdb", "-D", str(folder / "data"), "-A", "trust", "-U", ACCOUNT, "-E", "UTF8", "--no-locale", "-N")
            options = f"-k {folder} -c listen_addresses='' -c fsync=off -c max_connections=60"
            run("pg_ctl", "-D", str(folder / "data"), "-w", "-t", "30", "-o", options, "start")
            try:
                yield f"postgresql://{ACCOUNT}@/postgres?host={quote(str(folder), safe='')}"
            finally:
                run("pg_ctl", "-D", str(folder / "data"), "-m", "immediate", "stop")
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path | None:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
    return next((path for path in reversed(folders) if (path / "initdb").exists()), None)

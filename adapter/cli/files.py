"""Files read within bounds, and written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

STDIN = "-"


def read_bounded(name: str, max_bytes: int) -> bytes:
    """Bytes of the file `name`, or of standard input for ``-``; never more than ``max_bytes + 1`` of them.

    The reader that follows refuses what is longer than `max_bytes`, with its own rule.

    Raises:
        OSError: unreadable, or a folder.
    """
    if name == STDIN:
        if sys.stdin is None:  # closed by the caller
            raise OSError(errno.EBADF, "", "entrée standard")
        return sys.stdin.buffer.read(max_bytes + 1)
    if not name:
        raise FileNotFoundError(errno.ENOENT, "", "« »")  # pathlib would take it for the current folder
    if Path(name).is_dir():
        raise IsADirectoryError(errno.EISDIR, "", name)  # Windows would call it an access refused
    with Path(name).open("rb") as stream:
        return stream.read(max_bytes + 1)


def write_together(folder: Path, contents: Mapping[str, bytes]) -> None:
    """Write every content under its name in `folder`, or leave the folder as it was.

    Each goes to a temporary file of the same folder, is forced to the disk and takes its name at the end. When one
    cannot take its name, those before it get their former content back.

    Raises:
        OSError: nothing was changed; it names the folder or the file, not the temporary one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    mark = f".{secrets.token_hex(6)}.part"
    parts = {folder / name: folder / f".{name}{mark}" for name in contents}
    former: dict[Path, bytes | None] = {}
    try:
        for part, data in zip(parts.values(), contents.values(), strict=True):
            _write_durably(part, data)
        for target, part in parts.items():
            former[target] = target.read_bytes() if target.is_file() else None
            try:
                part.replace(target)
            except BaseException:
                del former[target]
                raise
    except BaseException as fault:
        for part in parts.values():
            part.unlink(missing_ok=True)
        for target, before in former.items():
            _restore(target, before, mark)
        if isinstance(fault, OSError):
            fault.filename = fault.filename2 or str(folder)
        raise
    _sync_folder(folder)


def _restore(target: Path, data: bytes | None, mark: str) -> None:
    if data is None:
        target.unlink(missing_ok=True)
        return
    part = target.with_name(f".{target.name}{mark}")
    _write_durably(part, data)
    part.replace(target)


def _write_durably(path: Path, data: bytes) -> None:
    with path.open("xb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def _sync_folder(folder: Path) -> None:
    """The names themselves forced to the disk, where the system can (Windows has no such call)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""``python -m adapter``: the command line, where scripts are not on the PATH."""

from __future__ import annotations

from adapter.cli import main

if __name__ == "__main__":
    main(prog_name="dmp-adapter")

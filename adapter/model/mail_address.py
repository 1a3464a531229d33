"""Shape of the addresses of secure health mail: ASCII, without quotes or comments.

Source: RFC 5321, 4.1.2 (dot-string) and 4.5.3.1 (64 and 255 characters).
"""

from __future__ import annotations

import re
from typing import Final

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LOCAL: Final = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_DOMAIN: Final = re.compile(rf"(?:{_LABEL}\.)+[A-Za-z]{{2,63}}")
_LOCAL_MAX: Final = 64
_DOMAIN_MAX: Final = 253


def is_address(text: str) -> bool:
    """True for ``name@domain`` that any server of the trust space takes."""
    local, _, domain = text.rpartition("@")
    return len(local) <= _LOCAL_MAX and bool(_LOCAL.fullmatch(local)) and is_domain(domain)


def is_domain(text: str) -> bool:
    """True for a domain of two labels at least."""
    return len(text) <= _DOMAIN_MAX and bool(_DOMAIN.fullmatch(text))

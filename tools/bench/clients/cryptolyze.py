"""Start cryptolyzer beside an OpenSSL whose version's last number has two digits, as 3.0.19.

Its dependency oscrypto 1.3.0 looks for one digit and gives up; nothing else is changed.
"""

from __future__ import annotations

import re

_NARROW, _WIDE = r"\b(\d\.\d\.\d[a-z]*)\b", r"\b(\d\.\d\.\d+[a-z]*)\b"
_search = re.search


def _widened(pattern: str, text: str, flags: int = 0) -> re.Match[str] | None:
    return _search(_WIDE if pattern == _NARROW else pattern, text, flags)


re.search = _widened

from cryptolyzer.__main__ import main  # noqa: E402 - after the change

main()

"""How Azure's agent and GitLab read the log of a job.

Azure: written from the behaviour of the agent (Command.TryParse): `##vso[area.event key=value;]`
anywhere in a line, compared without case and without what collations skip; `##[word]` as formatting.
GitLab: a section's marker ends in CR and `ESC [0K`, and may stand anywhere in a line.
"""

from __future__ import annotations

import re
import unicodedata

from report.runner_oracle import Command

_IGNORED = re.compile("[\u00ad\u034f\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff]")
_UNESCAPES = (("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%3B", ";"), ("%AZP25", "%"))
_SECTION = re.compile(r"section_(start|end):(\d+):([a-zA-Z0-9_.-]+)(\[[^\r]*\])?\r\x1b\[0K([^\n]*)")


def azure(log: str) -> list[Command]:
    """Return the agent's commands, `group` and `endgroup` among them."""
    found = []
    for line in re.split(r"\r\n|\n|\r", log):
        seen = "".join(c for c in _IGNORED.sub("", line) if unicodedata.category(c) != "Cf")
        start = seen.lower().find("##vso[")
        end = seen.find("]", start)
        if start >= 0 and end >= 0:
            name, _, rest = seen[start + 6 : end].strip().partition(" ")
            pairs = (pair.partition("=") for pair in rest.split(";") if "=" in pair)
            properties = {key.strip(): _unescape(value) for key, _, value in pairs}
            found.append(Command(name.lower(), properties, _unescape(seen[end + 1 :])))
        elif form := re.search(r"##\[([A-Za-z-]*)\]?(.*)", seen):
            found.append(Command(form[1].lower(), {}, form[2]))
    return found


def _unescape(text: str) -> str:
    for escaped, plain in _UNESCAPES:
        text = re.sub(re.escape(escaped), lambda _, p=plain: p, text, flags=re.IGNORECASE)
    return text


def gitlab(log: str) -> list[tuple[str, str, str]]:
    """Return (start or end, name, header) of each section marker."""
    return [(kind, name, header) for kind, _, name, _, header in _SECTION.findall(log)]

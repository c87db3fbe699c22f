"""Published guidelines as data: one file for each profile, pinned by the version in its name."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources

from mailtls.policy.model import Graded, Profile
from mailtls.terms import Level, TlsVersion

DEFAULT = "bcp195"


@cache
def load_profile(name: str) -> Profile:
    """Return a profile by name; raises KeyError where there is none."""
    folder = resources.files("mailtls.policy").joinpath("profiles")
    file = folder.joinpath(f"{name}.json")
    if name not in {each.name.removesuffix(".json") for each in folder.iterdir()}:
        raise KeyError(name)
    data = json.loads(file.read_text(encoding="utf-8"))
    by_label = {version.label: version for version in TlsVersion}
    return Profile(
        name=name,
        source=data["source"],
        versions=tuple(
            Graded(code=by_label[label], level=Level(level))
            for label, level in data["versions"].items()
        ),
        required_version=by_label[data["required_version"]],
        rsa_bits=data["rsa_bits"],
        curves=tuple(data["curves"]),
        signature_hashes=tuple(data["signature_hashes"]),
    )

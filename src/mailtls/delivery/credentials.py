"""Logins: their values from the environment, their host and port from the workflow, never from the policy.

A policy is open to whoever may propose a change; the environment and the command line are the
workflow's. So the policy names a credential, and the workflow says where it may be sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, MutableMapping

from mailtls.delivery.secrecy import Secret
from mailtls.errors import UsageError
from mailtls.flow import Withheld, WithheldKind
from mailtls.policy.hosts import normalize
from mailtls.probe.questions import Service
from mailtls.pure import pure

PREFIX = "MAILTLS_"
KEYS = (
    "USERNAME",
    "PASSWORD",
    "TOKEN",
    "TOKEN_URL",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "REFRESH_TOKEN",
    "SCOPE",
)
"""What a credential may consist of: `MAILTLS_<NAME>_<KEY>` in the environment."""

_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_PLACE = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\[\]:]+):([0-9]{1,5})")
_LARGEST_PORT = 65535


@pure
class Grant:
    """How a token is got (RFC 6749): by refresh token where there is one, else by client credentials."""

    token_url: str
    client_id: str
    client_secret: Secret | None
    refresh_token: Secret | None
    scope: str


@pure
class Credential:
    """One login; at least one of `password`, `token` and `grant` is there."""

    name: str
    username: str
    password: Secret | None = None
    token: Secret | None = None
    grant: Grant | None = None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Return all that must never be shown."""
        granted = () if self.grant is None else (self.grant.client_secret, self.grant.refresh_token)
        found = (self.password, self.token, *granted)
        return tuple(secret for secret in found if secret is not None)


@pure
class Binding:
    """One `--credential NAME=HOST:PORT`: where the workflow lets a credential be sent."""

    name: str
    service: Service


def parse_binding(text: str) -> Binding:
    """Return a binding as written; raises ValueError with what is wrong."""
    name, _, place = text.partition("=")
    matched = _PLACE.fullmatch(place)
    if not _NAME.fullmatch(name) or matched is None or not 0 < int(matched[2]) <= _LARGEST_PORT:
        raise ValueError(f"expected NAME=HOST:PORT, as SMTP=smtp.example.com:587, not {text!r}")
    return Binding(name=name, service=Service(host=normalize(matched[1]), port=int(matched[2])))


class Vault:
    """The credentials of a run, each with the services it may be sent to."""

    def __init__(
        self, bindings: Iterable[Binding], credentials: Mapping[str, Credential | Withheld]
    ) -> None:
        self._bindings = frozenset((binding.name, binding.service) for binding in bindings)
        self._credentials = dict(credentials)

    def is_bound(self, name: str, host: str, port: int) -> bool:
        """Return whether the workflow lets `name` be sent to this service."""
        return (name, Service(host=host, port=port)) in self._bindings

    def for_service(self, name: str, host: str, port: int) -> Credential | Withheld:
        """Return a credential for exactly this service, or why there is none for it."""
        if not self.is_bound(name, host, port):
            return unusable(f"the workflow does not bind the credential {name} to {host}:{port}")
        return self._credentials.get(name) or unusable(f"the credential {name} was not read")

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Return all that must never be shown."""
        held = (each for each in self._credentials.values() if isinstance(each, Credential))
        return tuple(secret for credential in held for secret in credential.secrets)


def open_vault(bindings: Iterable[Binding], environment: MutableMapping[str, str]) -> Vault:
    """Return the vault of a run; what it holds is taken out of `environment`.

    A value is read once: no child and no later dump of the environment shows it. Raises UsageError
    for one that is no text: no login carries it.
    """
    bound = tuple(bindings)
    names = dict.fromkeys(binding.name for binding in bound)
    values = {
        (name, key): environment.pop(f"{PREFIX}{name}_{key}", "").strip("\r\n")
        for name in names
        for key in KEYS
    }
    for (name, key), value in values.items():
        if not _is_text(value):
            raise UsageError(f"{PREFIX}{name}_{key} is not UTF-8")
    absent = _withheld if _keeps_secrets_back(environment) else _unset
    return Vault(
        bound,
        {
            name: _read(name, {key: values[name, key] for key in KEYS}) or absent(name)
            for name in names
        },
    )


def _keeps_secrets_back(environment: Mapping[str, str]) -> bool:
    """Return whether this run is one that a CI gives no secrets: a proposal of a stranger or a bot."""
    return (
        environment.get("GITHUB_EVENT_NAME") == "pull_request"
        or environment.get("GITHUB_ACTOR") == "dependabot[bot]"
        or environment.get("CI_PIPELINE_SOURCE") == "merge_request_event"
    )


def unusable(detail: str) -> Withheld:
    """Return that no login is made with what there is: not as if there were none, which is no fault."""
    return Withheld(kind=WithheldKind.UNUSABLE, detail=detail)


def _read(name: str, values: Mapping[str, str]) -> Credential | None:
    grant = _grant(values)
    # A token may stand alone: the key of an HTTP interface has no user.
    if not values["TOKEN"] and not (values["USERNAME"] and (values["PASSWORD"] or grant)):
        return None
    return Credential(
        name=name,
        username=values["USERNAME"],
        password=_secret(values["PASSWORD"]),
        token=_secret(values["TOKEN"]),
        grant=grant,
    )


def _grant(values: Mapping[str, str]) -> Grant | None:
    usable = values["REFRESH_TOKEN"] or values["CLIENT_SECRET"]
    if not values["TOKEN_URL"] or not values["CLIENT_ID"] or not usable:
        return None
    return Grant(
        token_url=values["TOKEN_URL"],
        client_id=values["CLIENT_ID"],
        client_secret=_secret(values["CLIENT_SECRET"]),
        refresh_token=_secret(values["REFRESH_TOKEN"]),
        scope=values["SCOPE"],
    )


def _is_text(value: str) -> bool:
    """Return whether a value was UTF-8: what was not is in the environment as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _secret(value: str) -> Secret | None:
    return Secret(value) if value else None


def _withheld(name: str) -> Withheld:
    return Withheld(
        kind=WithheldKind.NO_CREDENTIAL,
        detail=f"{_variables(name)}: secrets are not given to pull requests from forks",
    )


def _unset(name: str) -> Withheld:
    return unusable(f"{_variables(name)}: a secret that was renamed or removed is empty")


def _variables(name: str) -> str:
    return f"{PREFIX}{name}_USERNAME and {PREFIX}{name}_PASSWORD (or _TOKEN) are not both set"

"""An access token by a grant of OAuth 2: refresh token or client credentials (RFC 6749 sections 6, 4.4).

The token endpoint comes from the environment, which is the workflow's, and is asked over verified
HTTPS alone. The client names itself in the body (section 2.3.1), as Microsoft and Google document it.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlencode

from mailtls.delivery.credentials import Grant, unusable
from mailtls.delivery.secrecy import Secret
from mailtls.evidence import Missing, Reply
from mailtls.flow import RefusalKind, Refused, Stage, Withheld
from mailtls.probe.http import HttpAnswer
from mailtls.probe.web import Web, WebAnswer, WebRequest, split
from mailtls.terms import Cause, Phase

BODY_LIMIT = 64 * 1024
"""Bytes; a token has some 2 KiB at most at Microsoft and Google."""

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 section 2.1
_GRANTED = 200
_REFUSED = frozenset({400, 401, 403})
"""RFC 6749 section 5.2, and 403, which some endpoints send for a client that is switched off."""


async def fetch_token(grant: Grant, web: Web) -> Secret | Withheld | Refused | Missing:
    """Ask once for a token; a no of the endpoint is `Refused`, no usable answer `Missing`."""
    parts = split(grant.token_url)
    if parts is None or parts.scheme != "https":
        return unusable("the token endpoint in the environment is not an https URL")
    found = await web.ask(
        WebRequest(
            url=grant.token_url,
            method="POST",
            headers=(
                ("Accept", "application/json"),
                ("Content-Type", "application/x-www-form-urlencoded"),
            ),
            body=urlencode(_form(grant)).encode("ascii"),
            body_limit=BODY_LIMIT,
        )
    )
    if isinstance(found, WebAnswer):
        return _token(found.answer, parts.hostname or "")
    return found


def _form(grant: Grant) -> dict[str, str]:
    form = {"client_id": grant.client_id}
    if grant.refresh_token is not None:
        form |= {"grant_type": "refresh_token", "refresh_token": grant.refresh_token.reveal()}
    else:
        form["grant_type"] = "client_credentials"
    if grant.client_secret is not None:
        form["client_secret"] = grant.client_secret.reveal()
    if grant.scope:
        form["scope"] = grant.scope
    return form


def _token(answer: HttpAnswer, host: str) -> Secret | Refused | Missing:
    said = _object(answer.body)
    if answer.status in _REFUSED:
        words = [said.get(key) for key in ("error", "error_description")]
        reason = ": ".join(word for word in words if isinstance(word, str)) or "no reason given"
        return Refused(
            stage=Stage.AUTH,
            reply=Reply(code=str(answer.status), lines=(f"the token endpoint {host}: {reason}",)),
            kind=RefusalKind.AUTHENTICATION,
        )
    if answer.status != _GRANTED:
        detail = f"the token endpoint {host} answered {answer.status}"
        return Missing(phase=Phase.AFTER_TLS, cause=Cause.THROTTLED, detail=detail)
    token, kind = said.get("access_token"), said.get("token_type")
    usable = isinstance(token, str) and _TOKEN.fullmatch(token)
    if not usable or not isinstance(kind, str) or kind.lower() != "bearer":
        detail = f"the token endpoint {host} answered without a bearer token"
        return Missing(phase=Phase.AFTER_TLS, cause=Cause.MALFORMED, detail=detail)
    return Secret(str(token))


def _object(body: bytes) -> dict[str, Any]:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}

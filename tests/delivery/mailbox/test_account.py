"""The login that the policy names for a mailbox, at the endpoint that it names."""

from __future__ import annotations

import asyncio

import pytest

from delivery.mailbox import means
from factories import endpoint
from mailtls.delivery.mailbox.account import Account, failure
from mailtls.evidence import Missing
from mailtls.flow import Withheld, WithheldKind
from mailtls.policy.delivery import Via
from mailtls.terms import Cause, Phase

PLACE = endpoint(name="mailbox", port=993)


def account(**more):
    return Account(receive=means.receive(Via.IMAP, **more), tools=means.tools(endpoint=PLACE))


def test_the_login_is_the_one_for_this_endpoint():
    assert account().endpoint is PLACE
    assert asyncio.run(account().credential()) is means.LOGIN


def test_without_a_name_there_is_no_login():
    found = asyncio.run(account(credential="").credential())
    assert isinstance(found, Withheld)
    assert found.kind is WithheldKind.UNUSABLE


@pytest.mark.parametrize("cause", [Cause.MALFORMED, Cause.REFUSED])
def test_a_failure_is_one_behind_the_login(cause):
    assert failure(cause, "why") == Missing(phase=Phase.AFTER_TLS, cause=cause, detail="why")

"""The options of `check` about deliveries: what the workflow allows, and the policy cannot."""

from __future__ import annotations

import argparse


def add_send_options(parser: argparse.ArgumentParser) -> None:
    """Add the group of options to the parser of `check`."""
    group = parser.add_argument_group("deliveries")
    group.add_argument(
        "--send", action="store_true", help="send the policy's test messages and look for them"
    )
    group.add_argument(
        "--credential",
        action="append",
        default=[],
        type=_binding,
        metavar="NAME=HOST:PORT",
        help="where a login of the policy may be sent; its values are MAILTLS_NAME_USERNAME and"
        " _PASSWORD or _TOKEN in the environment; repeatable",
    )
    group.add_argument(
        "--send-domain",
        action="append",
        default=[],
        type=_domain,
        metavar="DOMAIN",
        help="a domain that messages may be from and to (default: those of the policy); repeatable",
    )
    group.add_argument(
        "--allow-privileged-trigger",
        action="store_true",
        help="send also on events that strangers set off, as pull_request_target",
    )


def _binding(text: str) -> object:
    from mailtls.delivery.credentials import parse_binding

    try:
        return parse_binding(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _domain(text: str) -> str:
    from mailtls.policy.hosts import normalize

    try:
        return normalize(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a domain: {error}") from None

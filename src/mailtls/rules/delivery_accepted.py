"""Whether the server took the test message, and what its refusal is about where it did not."""

from __future__ import annotations

from collections.abc import Iterable

from mailtls.evidence import Missing, Reply
from mailtls.flow import RefusalKind, Refused, Stage, Submitted, Withheld, WithheldKind
from mailtls.rules.across import Placed, RunView
from mailtls.rules.base import Finding, Rule, failed, inconclusive, passed
from mailtls.rules.deliveries import Flow, flows, needs_nothing, withheld
from mailtls.terms import Cause, Outcome, Phase

_KEYS = {
    Stage.AUTH: ("send", "credential"),
    Stage.MAIL: ("send", "from"),
    Stage.RCPT: ("send", "to"),
    Stage.DATA: ("send",),
    Stage.MESSAGE: ("send",),
}
_STEPS = {
    Stage.AUTH: "the login",
    Stage.MAIL: "the sender",
    Stage.RCPT: "the recipient",
    Stage.DATA: "the message before it was sent",
    Stage.MESSAGE: "the message",
}
_LOGIN = (
    "check MAILTLS_<NAME>_USERNAME and _PASSWORD in the workflow's secrets, or the token, which"
    " expires, and that the account may submit mail. Microsoft 365: SMTP AUTH is off by default"
    " (`Set-CASMailbox -SmtpClientAuthenticationDisabled $false`) and wants OAuth; Gmail wants OAuth"
    " or an app password (replies to a login: RFC 4954 section 6)"
)
_REMEDIES = {
    Stage.MAIL: "let the login send as this address (Postfix: `smtpd_sender_login_maps`), or correct"
    " `from`",
    Stage.RCPT: "correct `to`; where the server refuses to relay, name a `credential`, or an endpoint"
    " that takes mail for this domain",
    Stage.DATA: "look at the server's log for this moment",
    Stage.MESSAGE: "exempt the test message from the filter that refuses it, by its header"
    " Mailtls-Nonce or by its sender; the server's log names the filter",
}
_LATER = {
    RefusalKind.GREYLISTED: "it is greylisted: a stranger's first message is put off (RFC 6647)",
    RefusalKind.TEMPORARY: "for now",
    RefusalKind.BLOCKLISTED: "because of this machine's address",
}
_CAUSES = {
    RefusalKind.GREYLISTED: Cause.THROTTLED,
    RefusalKind.TEMPORARY: Cause.THROTTLED,
    RefusalKind.BLOCKLISTED: Cause.REFUSED,
}
_ADVICE = {
    RefusalKind.GREYLISTED: "exempt the pipeline's address or the sender from greylisting, submit with"
    " a `credential` (greylisting is for strangers), or run again after the time that the server names",
    RefusalKind.TEMPORARY: "run again; where it stays, the server's log says what it waits for (4yz:"
    " RFC 5321 section 4.2.1)",
    RefusalKind.BLOCKLISTED: "submit with a `credential` on port 587 or 465, or send from a machine"
    " whose address has a matching reverse name and is on no list; addresses of hosted runners usually"
    " are on one (RFC 7372)",
}


def across(run: RunView) -> Iterable[Placed]:
    """Judge the submission of each delivery."""
    for flow in flows(run):
        yield _judge(flow)


def _judge(flow: Flow) -> Placed:
    name, send = flow.delivery.name, flow.delivery.send
    expected = f"{name}: {flow.sender.name} accepts a message for {send.recipient}"
    key: tuple[str, ...] = ()
    match flow.evidence.submission:
        case Submitted() as seen:
            login = f" after {seen.mechanism}" if seen.mechanism else ""
            finding = passed(
                f"{name}: the message was accepted over {seen.version}{login}",
                expected=expected,
                observed=_words(seen.reply),
            )
        case Refused(stage=stage) as refused:
            finding, key = _refused(name, refused, expected), _KEYS[stage]
        case Withheld(kind=WithheldKind.NOT_OFFERED, detail=detail):
            finding = failed(
                f"{name}: the message cannot be submitted as the policy asks",
                expected=expected,
                observed=detail,
                remedy="offer it at the server inside TLS, or take out of the policy what needs it"
                " (login: RFC 4954; addresses beyond ASCII: RFC 6531; require_tls: RFC 8689)",
            )
        case Withheld() as said:
            finding = withheld(said, name, expected=expected)
        case Missing() as missing:
            finding = inconclusive(missing, expected=expected)
    return flow.placed(finding, at=flow.sender, key=key, transcript=flow.evidence.sent_transcript)


def _refused(name: str, refused: Refused, expected: str) -> Finding:
    step, kind = _STEPS[refused.stage], refused.kind
    observed = _words(refused.reply)
    if kind not in _LATER:
        about_login = kind is RefusalKind.AUTHENTICATION
        return failed(
            f"{name}: the server refuses {'the login' if about_login else step}",
            expected=expected,
            observed=observed,
            remedy=_LOGIN if about_login else _REMEDIES.get(refused.stage, _LOGIN),
        )
    detail = f"the server refuses {step} {_LATER[kind]}: {observed}"
    missing = Missing(phase=Phase.AFTER_TLS, cause=_CAUSES[kind], detail=detail)
    return Finding(
        outcome=Outcome.INCONCLUSIVE,
        message=f"{name}: could not be determined: {detail}",
        expected=expected,
        observed=observed,
        remedy=_ADVICE[kind],
        missing=missing,
    )


def _words(reply: Reply) -> str:
    return " ".join((reply.code, *reply.lines))


RULE = Rule(
    id="delivery-accepted",
    title="Test message not accepted",
    summary="The server accepts the test message that the policy describes.",
    needs=needs_nothing,
    across=across,
)

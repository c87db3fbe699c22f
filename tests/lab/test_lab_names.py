"""Names and addresses of the lab."""

from __future__ import annotations

import dns.flags
import dns.message
import dns.query
import dns.rcode
import pytest

from lab.loopback import Subnet
from lab.names import Failure


def test_two_sessions_get_different_subnets():
    with Subnet() as one, Subnet() as two:
        assert one.prefix != two.prefix


def test_the_name_server_answers_from_its_table(nameserver):
    server = nameserver(
        {
            "mail.example.test": ["127.1.2.3", "::1", "MX 10 mail.example.test."],
            "alias.example.test": ["CNAME mail.example.test."],
            "broken.example.test": Failure.SERVFAIL,
            "mute.example.test": Failure.SILENT,
            "many.example.test": [f"127.9.{n // 200}.{n % 200 + 1}" for n in range(400)],
        }
    )

    def ask(name, kind="A", over=dns.query.udp):
        query = dns.message.make_query(name, kind)
        return over(query, server.address, port=server.port, timeout=5)

    for over in (dns.query.udp, dns.query.tcp):
        assert "127.1.2.3" in ask("mail.example.test", over=over).answer[0].to_text()
        assert ask("missing.example.test", over=over).rcode() == dns.rcode.NXDOMAIN
        assert ask("broken.example.test", over=over).rcode() == dns.rcode.SERVFAIL
    assert "::1" in ask("mail.example.test", "AAAA").answer[0].to_text()
    assert [r.rdtype.name for r in ask("alias.example.test").answer] == ["CNAME", "A"]
    empty = ask("mail.example.test", "TXT")
    assert (empty.rcode(), empty.answer) == (dns.rcode.NOERROR, [])
    assert ask("many.example.test").flags & dns.flags.TC
    assert len(ask("many.example.test", over=dns.query.tcp).answer[0]) == 400
    assert ("mail.example.test", "AAAA", "udp") in server.queries


def test_the_name_server_can_be_silent(nameserver):
    server = nameserver({"mute.example.test": Failure.SILENT})
    query = dns.message.make_query("mute.example.test", "A")
    with pytest.raises(dns.exception.Timeout):
        dns.query.udp(query, server.address, port=server.port, timeout=0.2)
    assert server.queries == [("mute.example.test", "A", "udp")]
    assert server.option == f"127.0.0.1:{server.port}"


def test_connect_to_leads_every_endpoint_to_its_address(healthy):
    at = healthy.at(25)
    words = healthy.connect_to
    assert words[:2] == ["--connect-to", f"mail.example.test:25:{at.address}:25"]
    assert len(words) == 18

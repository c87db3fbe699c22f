from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtls.delivery.queue_ids import queue_id
from mailtls.evidence import Reply


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("2.0.0 Ok: queued as 20A4421EA5B", "20A4421EA5B"),
        ("2.0.0 Ok: queued as 4XyZ1Q2Wz3k", "4XyZ1Q2Wz3k"),
        ("OK id=1rABCD-0003Fg-Hx", "1rABCD-0003Fg-Hx"),
        ("OK id=1wABCD-00000001234-0aBc", "1wABCD-00000001234-0aBc"),
        ("2.0.0 4a5b6c7d Message accepted for delivery", "4a5b6c7d"),
        ("2.0.0 3AKBcD4e012345 Message accepted for delivery", "3AKBcD4e012345"),
        (
            "2.6.0 <a@b.example> [InternalId=12345678, Hostname=X.prod.outlook.com] 9043 bytes in 0.1 Queued mail for delivery",
            "12345678",
        ),
        (
            "2.0.0 OK  1700000000 d9443c01a7336-1cc2f7a1b2csm123.45 - gsmtp",
            "d9443c01a7336-1cc2f7a1b2csm123.45",
        ),
        (
            "Message Queued (5C1F4B1C-AAAA-4BBB-8CCC-0123456789AB.1)",
            "5C1F4B1C-AAAA-4BBB-8CCC-0123456789AB.1",
        ),
        ("2.0.0 Message queued with id 1a2b3c4d", "1a2b3c4d"),
        ("ok 1700000000 qp 12345", "12345"),
        ("Ok. 0000000000012345.65ABCDEF.00001234", "0000000000012345.65ABCDEF.00001234"),
        (
            "Ok 0100018c2f3a4b5c-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0-000000",
            "0100018c2f3a4b5c-0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0-000000",
        ),
        ("OK", ""),
        ("2.0.0 Ok", ""),
        ("2.0.0 OK: message queued", ""),
    ],
)
def test_a_reply_names_the_message_in_its_servers_way(text, name):
    assert queue_id(Reply(code="250", lines=(text,))) == name


@given(st.lists(st.text(), min_size=1))
def test_a_name_is_short_and_plain(lines):
    name = queue_id(Reply(code="250", lines=tuple(lines)))
    assert len(name) <= 80
    assert name.isascii()
    assert not set(name) & set(" \r\n<>()")

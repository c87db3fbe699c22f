from __future__ import annotations

from factories import at, certificate, endpoint, leaf, missing, run_view, session, tls
from mailtls.evidence import Missing
from mailtls.rules.across import describe_leaf, group, leaf_of, table


def test_groups_are_the_largest_first_and_then_as_seen():
    groups = group([("a", "x"), ("b", "y"), ("c", "y"), ("d", "z")])
    assert [(each.value, each.members) for each in groups] == [
        ("y", ("b", "c")),
        ("x", ("a",)),
        ("z", ("d",)),
    ]


def test_a_table_shows_the_exceptions_first():
    groups = group([(str(n), "same") for n in range(20)] + [("odd", "other")])
    text = table(groups)
    assert text.startswith("odd: other | 0, 1, ")
    assert text.endswith("15 and 4 more: same")


def test_two_leaves_of_one_name_are_told_apart():
    one, other = leaf(), leaf(serial="2", sha256="f" * 64)
    assert describe_leaf(one) != describe_leaf(other)
    assert len(describe_leaf(certificate("CN=" + "x" * 5000))) < 200
    assert "(no subject)" in describe_leaf(certificate(""))


def test_a_run_knows_the_targets_of_an_endpoint():
    one, other = endpoint(), endpoint(name="other")
    run = run_view(at("192.0.2.1", one), at("192.0.2.2", other), at("192.0.2.3", one))
    assert [view.target.address for view in run.of(one)] == ["192.0.2.1", "192.0.2.3"]


def test_the_leaf_of_a_target_or_why_there_is_none():
    assert leaf_of(at("192.0.2.1", endpoint(), session(tls(leaf())))) == leaf()
    assert isinstance(leaf_of(at("192.0.2.1", endpoint(), missing())), Missing)

"""The JSON report is the public contract."""

from __future__ import annotations

import json
from importlib import resources

from jsonschema import Draft202012Validator

from mailtls.report import json_report
from report.reports import mixed, report, unknown, verdict
from report.ways import claimed, hostile, sent, way


def schema() -> dict[str, object]:
    text = resources.files("mailtls.report").joinpath("report.schema.json").read_text()
    loaded: dict[str, object] = json.loads(text)
    return loaded


def test_it_is_what_the_shipped_schema_says():
    Draft202012Validator.check_schema(schema())
    sending = sent(way(), claimed(), hostile())
    for each in (mixed(), report([verdict(address=None)]), report([unknown()]), sending):
        errors = list(
            Draft202012Validator(schema()).iter_errors(json.loads(json_report.render(each)))
        )
        assert errors == []


def test_the_parts_of_the_contract():
    parsed = json.loads(json_report.render(mixed()))

    assert list(parsed) == [
        "format", "tool", "started", "seconds", "verdict", "exit_code", "counts", "connections",
        "endpoints", "results",
    ]  # fmt: skip
    assert parsed["format"] == "mailtls.report/1"
    assert parsed["started"] == "2026-06-01T12:00:00Z"
    assert (parsed["verdict"], parsed["exit_code"]) == ("fail", 1)
    assert parsed["counts"] == {
        "pass": 2, "fail": 2, "inconclusive": 2, "waived": 0, "not_applicable": 1,
    }  # fmt: skip
    assert parsed["connections"] == 9


def test_a_result_says_all_it_knows():
    failed = json.loads(json_report.render(mixed()))["results"][-2]

    assert failed == {
        "rule": "tls-version",
        "endpoint": "smtp.example.com:587",
        "address": "192.0.2.1",
        "outcome": "fail",
        "level": "error",
        "message": "the server accepts TLSv1.0",
        "expected": "TLSv1.2 or later",
        "observed": "TLSv1.0 negotiated",
        "remedy": "set `smtpd_tls_protocols = >=TLSv1.2` (RFC 8996 section 5)",
        "phase": None,
        "cause": None,
        "transcript": ["C: EHLO probe.example", "S: 250 mail", "*: TLSv1.0"],
        "location": {
            "file": "mailtls.yml",
            "line": 3,
            "column": 47,
            "end_line": 3,
            "end_column": 55,
        },
    }


def test_results_are_sorted_by_endpoint_rule_and_address():
    results = json.loads(json_report.render(mixed()))["results"]
    keys = [(r["endpoint"], r["rule"], r["address"] or "") for r in results]

    assert keys == sorted(keys)


def test_a_target_carries_what_was_negotiated_and_the_certificate_in_brief():
    target = json.loads(json_report.render(mixed()))["endpoints"][-1]["targets"][0]

    assert (target["tls_version"], target["cipher"]) == ("TLSv1.3", "TLS_AES_256_GCM_SHA384")
    assert target["group"] == "X25519MLKEM768"
    assert target["certificate"]["days_left"] == 80
    assert target["certificate"]["key"] == "ECDSA P-256"
    assert target["certificate"]["names"] == ["smtp.example.com", "192.0.2.1"]


def test_a_run_that_sent_has_the_ways_and_no_other_has():
    assert "deliveries" not in json.loads(json_report.render(mixed()))
    (delivery,) = json.loads(json_report.render(sent(way())))["deliveries"]
    assert delivery["name"] == "round trip"
    assert delivery["proved"] is True
    assert delivery["hops"][1] == {
        "sender": "mail.example.org",
        "receiver": "mx.example.net",
        "kind": "tls",
        "tls_version": "TLSv1.3",
        "cipher": "TLS_AES_256_GCM_SHA384",
        "proof": "recorded",
    }
    assert delivery["words"][0].startswith("Proved: mailtls to mail.example.org")

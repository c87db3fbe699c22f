"""The JSON report, format `mailtls.report/1`: a model of its own, apart from the internal one."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from mailtls.report.build import iso
from mailtls.report.model import Endpoint, Flow, Report, Result, Target
from mailtls.terms import Outcome

FORMAT = "mailtls.report/1"


def render(report: Report) -> str:
    """Return the report as one JSON object, keys in a stable order, with a line end."""
    return json.dumps(as_object(report), indent=2, ensure_ascii=True) + "\n"


def as_object(report: Report) -> dict[str, Any]:
    """Return the report as plain values, as report.schema.json describes them."""
    return {
        "format": FORMAT,
        "tool": {"name": "mailtls", "version": report.version},
        "started": iso(report.started),
        "seconds": round(report.seconds, 3),
        "verdict": report.standing.value,
        "exit_code": report.exit_code.value,
        "counts": {outcome.value: report.count(outcome) for outcome in Outcome},
        "connections": report.connections,
        "endpoints": [_endpoint(endpoint) for endpoint in report.endpoints],
        "results": [_result(result) for result in report.results],
    } | _deliveries(report)


def _endpoint(endpoint: Endpoint) -> dict[str, Any]:
    return {
        "name": endpoint.name,
        "host": endpoint.host,
        "port": endpoint.port,
        "protocol": endpoint.protocol.value,
        "mode": endpoint.mode.value,
        "role": endpoint.role.value if endpoint.role else None,
        "targets": [_target(target) for target in endpoint.targets],
    }


def _target(target: Target) -> dict[str, Any]:
    certificate = target.certificate
    return {
        "address": target.address,
        "connections": target.connections,
        "tls_version": target.tls_version,
        "cipher": target.cipher,
        "group": target.group,
        "certificate": asdict(certificate) if certificate is not None else None,
    }


def _deliveries(report: Report) -> dict[str, Any]:
    """Return what only a run with --send has."""
    return {"deliveries": [_delivery(flow) for flow in report.flows]} if report.flows else {}


def _delivery(flow: Flow) -> dict[str, Any]:
    return {
        "name": flow.name,
        "proved": flow.proved,
        "hops": [
            {
                "sender": arrow.sender,
                "receiver": arrow.receiver,
                "kind": arrow.mark.value,
                "tls_version": arrow.version or None,
                "cipher": arrow.cipher or None,
                "proof": arrow.proof,
            }
            for arrow in flow.arrows
        ],
        "words": list(flow.words),
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        "rule": result.rule,
        "endpoint": result.endpoint,
        "address": result.address,
        "outcome": result.outcome.value,
        "level": result.level.value,
        "message": result.message,
        "expected": result.expected,
        "observed": result.observed,
        "remedy": result.remedy,
        "phase": result.phase.value if result.phase else None,
        "cause": result.cause.value if result.cause else None,
        "transcript": list(result.transcript),
        "location": asdict(result.location),
    }

"""The demo: no network, one healthy server, five drifts found and named."""

from __future__ import annotations

from mailtls.commands import run


def test_each_drift_is_found_and_nothing_else(capsys):
    assert run(["demo"], output=None, summary=None) == 1
    out = capsys.readouterr().out

    assert out.count("error[") == 5
    for rule in (
        "mode",
        "starttls-offered",
        "certificate-expiry",
        "tls-version",
        "certificate-name",
    ):
        assert f"error[{rule}]" in out
    assert "ok    smtp.example.com:587" in out
    # TLS 1.1 has no suite but those that RFC 9325 speaks against, and a wrong certificate is another one than its neighbour's.
    assert out.count("warning[") == 2
    assert "warning[tls-cipher]" in out
    assert "warning[certificate-agreement]" in out
    assert "FAIL: 5 failed, 2 warnings" in out


def test_it_leaves_the_working_directory_as_it_was(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run(["demo"], output=None, summary=None)

    assert list(tmp_path.iterdir()) == []
    assert "mailtls.yml:6:47" in capsys.readouterr().out

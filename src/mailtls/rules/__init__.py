"""The rules, in the order they are asked and explained: one module, one line and one page each."""

from __future__ import annotations

from mailtls.rules.base import Rule

RULES: tuple[Rule, ...] = ()

"""`python -m mailtls`."""

from __future__ import annotations

import sys

from mailtls.cli import main

sys.exit(main())

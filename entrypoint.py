"""The container's entry point: as the runner's root once, then as nobody with the command line."""

import os
import sys

from mailtls import action

if len(sys.argv) == 1:
    action.prepare(__file__, os.environ)
else:
    from mailtls.cli import main

    sys.exit(action.resume(main, sys.argv[1:], os.environ))

"""The container's entry point: as the runner's root once, then as nobody with the command line."""

import gc
import os
import sys

from mailtls import action

if len(sys.argv) == 1:
    action.prepare(__file__, os.environ)
else:
    from mailtls.cli import main

    code = action.resume(main, sys.argv[1:], os.environ)
    gc.freeze()
    sys.exit(code)

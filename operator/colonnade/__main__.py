"""`python -m colonnade`: the command line, where its command is not on the PATH."""

from __future__ import annotations

import sys

from colonnade.cli import main

sys.exit(main())

"""`python -m effnet_core`: the same rooms from a terminal."""

import sys

from .cli import main

sys.exit(main())

"""For processes that have this folder in $PYTHONPATH: some published files are the tests' own, told by their SHA-256 in $EFFNET_TEST_FILES.

The value is JSON: name of the weights → 64 hexadecimal digits. Where the files come from is said by $EFFNET_MIRROR, as for everybody.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

if text := os.environ.get("EFFNET_TEST_FILES"):
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    from effnet_core.weights import registry

    for name, sha256 in json.loads(text).items():
        registry.ROWS[name] = replace(registry.ROWS[name], sha256=sha256)

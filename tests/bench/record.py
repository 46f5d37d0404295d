"""`python -m tests.bench.record FILE`: measures B0 to B7 and the other families, each in a process of its own, and writes the series.

To be run on an idle machine. The file names the processor or GPU, not the host: it is made to be shipped in assets/measurements/.
"""

import argparse
import json
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from effnet_core.lab import recorded

from ..serving import ROOT

NAMES = ("b0", "b1", "b2", "b3", "b4", "b5", "b6", "b7", "mobilenetv1", "mobilenetv2", "mnasnet-a1", "resnet50", "resnet152")


def measure(name: str, asked: argparse.Namespace) -> dict:
    command = [sys.executable, "-m", "effnet_core", "latency", name, "--device", asked.device, "--batch", str(asked.batch),
               "--threads", str(asked.threads), "--seconds", str(asked.seconds), "--no-layers", "--json"]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.record", description=__doc__.partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--networks", nargs="+", default=NAMES)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--batch", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=10.0)
    asked = parser.parse_args()
    records = {}
    for name in asked.networks:
        records[name] = measure(name, asked)
        doubt = "" if records[name]["steady"] else f"   {records[name]['note']}"
        print(f"{name:<12}{records[name]['median_ms']:>12.2f} ms{doubt}", flush=True)
    series = recorded.from_records(records, datetime.now(timezone.utc).date().isoformat())
    asked.file.parent.mkdir(parents=True, exist_ok=True)
    asked.file.write_text(recorded.dumps(series), encoding="utf-8")


if __name__ == "__main__":
    main()

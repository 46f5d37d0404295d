"""`python -m tests.bench.stacks`: the four stacks of the lesson on skip connections, trained with twenty seeds, written to assets/measurements/stacks.json.

Takes some minutes. What norm alone reaches depends on the machine, in the last digits of whose sums its gradients explode.
"""

import json
from datetime import date

from effnet_core import machine
from effnet_core.lessons.learnt import FILE, Learnt
from effnet_core.lessons.stack import DEEPEST, KINDS, PLACES, learnt

SEEDS, RATE, STEPS = 20, 0.03, 300


def main() -> None:
    right = {kind.name: [learnt(DEEPEST, kind, "relu", 1.0, seed, RATE, STEPS) for seed in range(SEEDS)] for kind in KINDS}
    made = Learnt(f"{date.today()}", machine.describe(), DEEPEST, RATE, STEPS, 2 * PLACES, right)
    FILE.write_text(json.dumps(made._asdict(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

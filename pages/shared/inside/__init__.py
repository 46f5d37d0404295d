"""The parts of the page "Inside", one room each; `show(at)` draws it. Only the one that is asked for is computed."""

"""Benchmarks: run by hand, print figures, never fail. Ratios side by side in one run; milliseconds depend on the machine."""

"""The parts of the page Latency, one room each."""

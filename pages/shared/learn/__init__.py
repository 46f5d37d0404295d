"""The parts of the page "Learn": a room each."""

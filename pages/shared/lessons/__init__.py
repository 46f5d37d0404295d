"""The lessons of the page "Blocks": a room each."""

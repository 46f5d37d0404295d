"""The sections of the Trade-offs page, one room each; `show(network, total)` draws it. Only the one that is asked is computed."""

"""The one error that is meant for people."""


class UserError(ValueError):
    """What was given, and what would be right, as a sentence that may be shown as it stands."""

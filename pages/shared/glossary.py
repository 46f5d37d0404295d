"""Every term of the app in one place, `assets/texts/glossary.md`: a section for each, whose first paragraph explains it in a sentence or two,
followed by where it comes from and where to see it."""

from functools import cache

from . import texts


def slug(term: str) -> str:
    """"Squeeze-and-excitation" → "squeeze-and-excitation", "Batch norm" → "batch-norm": how a link names it."""
    return "-".join(term.lower().split())


@cache
def terms() -> dict[str, str]:
    """Term → its whole text, in alphabetical order."""
    return dict(sorted(texts.sections("glossary").items(), key=lambda item: item[0].casefold()))


@cache
def short() -> dict[str, list[str]]:
    """Slug → the term and its first paragraph."""
    return {slug(term): [term, " ".join(text.split("\n\n")[0].split())] for term, text in terms().items()}

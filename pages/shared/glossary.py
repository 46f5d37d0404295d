"""Every term of the app in one place, `assets/texts/glossary.md`: a section for each, whose first paragraph, plain words, explains it in a sentence or two,
followed by `Source:` where it comes from, `See it:` where it can be seen in the app, and `See also:` its neighbours."""

import re
from functools import cache

from . import texts

ALIASES = {"separable-convolution": "Depthwise separable convolution"}  # slugs that lead to another term's entry
_PARTS = re.compile(r"\b(Source|See it|See also):")


def slug(term: str) -> str:
    """"Squeeze-and-excitation" → "squeeze-and-excitation", "Batch norm" → "batch-norm": how a link names it."""
    return texts.short(term)


@cache
def terms() -> dict[str, str]:
    """Term → its whole text, in alphabetical order."""
    return dict(sorted(texts.sections("glossary").items(), key=lambda item: item[0].casefold()))


@cache
def short() -> dict[str, list[str]]:
    """Slug → the term and its first paragraph."""
    entries = {slug(term): [term, explained(text)] for term, text in terms().items()}
    return entries | {other: entries[slug(term)] for other, term in ALIASES.items()}


def explained(text: str) -> str:
    """The first paragraph of a term's text."""
    return " ".join(text.split("\n\n")[0].split())


def shown(term: str) -> str:
    """The entry of `term` as Markdown under a small heading; what follows the explanation is a line each."""
    explanation, _, rest = terms()[term].partition("\n\n")
    lines = re.sub(r"\.? *\b(See it|See also):", r".\n\n\1:", rest.strip())
    return f"##### {term}\n{explanation}\n\n" + _PARTS.sub(r"*\1:*", lines).replace("\n\n", "  \n")


def found(wanted: str) -> list[str]:
    """The terms that begin with, contain or are explained with `wanted`, in this order; all of them where it is empty."""
    seek = " ".join(wanted.casefold().split())
    ranks = {term: _rank(term.casefold(), explained(text).casefold(), seek) for term, text in terms().items()}
    return sorted((term for term, rank in ranks.items() if rank < 3), key=ranks.__getitem__)


def _rank(term: str, explanation: str, seek: str) -> int:
    if not seek or term.startswith(seek):
        return 0
    return 1 if seek in term else 2 if seek in explanation else 3

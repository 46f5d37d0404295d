"""Sentences about a folder of photos: what was left out of it, and what can be used and may still disappoint."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .filenames import shown

if TYPE_CHECKING:
    from .catalogue import Photo
    from .class_folders import Found

SHOWN = 20  # sentences of a long list
NAMED = 3  # names in a sentence
TINY = 32  # pixels: a photo with a shorter side is blurred when it is enlarged to what a network sees
UNEVEN = 10  # times as many photos in one class as in another
FEW = 50  # held-out photos, of which each is 2 % of the accuracy


def several(names: Sequence[str], one: str, many: str, verb: str = "has", verbs: str = "have") -> str:
    """The subject of a sentence: "The class 'cat' has", or "The classes 'cat', 'dog', 'owl' and 5 more have"."""
    first = ", ".join(repr(shown(name)) for name in names[:NAMED])
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return f"The {one} {first} {verb}" if len(names) == 1 else f"The {many} {first}{more} {verbs}"


def count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def left_out(bare: Sequence[str], unused: Sequence[str], loose: int) -> list[str]:
    """Of folders without photos, folders beside the halves of a split, and `loose` photos beside the classes."""
    sentences = {
        f"{several(bare, 'folder', 'folders')} no photos and will not be a class.": bare,
        f"{several(unused, 'folder', 'folders', 'is', 'are')} not used: one folder is learnt from, and one judged on.": unused,
        f"{count(loose, 'photo')} outside the folders of the classes will not be used.": loose,
    }
    return [sentence for sentence, applies in sentences.items() if applies]


def warnings(labels: Sequence[str], folders: Sequence[str], kept: Mapping["Found", "Photo"], sides: Mapping["Found", bool],
             copies: Mapping["Found", "Found"]) -> list[str]:
    """What to know about photos that can all be used: copies, tiny ones, uneven classes, few or none to be judged on."""
    name = dict(zip(folders, labels))
    return [*_copies(copies), *_tiny(kept), *_uneven(Counter(name[file.folder] for file in kept)), *_judged(name, sides)]


def _copies(copies: Mapping["Found", "Found"]) -> list[str]:
    kinds: dict[str, list[tuple[Found, Found]]] = defaultdict(list)
    for copy, first in copies.items():
        what = ("in two classes, of which one must be wrong" if copy.folder != first.folder else
                "on both sides of the split; the one to be judged on stays" if copy.held_out != first.held_out else "in one class")
        kinds[what].append((copy, first))
    return [f"{count(len(pairs), 'photo')} left out as exact copies {what}: {shown(pairs[0][0].name)} is {shown(pairs[0][1].name)}"
            f"{', and so on' if len(pairs) > 1 else ''}." for what, pairs in kinds.items()]


def _tiny(kept: Mapping["Found", "Photo"]) -> list[str]:
    tiny = [photo for photo in kept.values() if photo.short < TINY]
    return [f"{count(len(tiny), 'photo')} with fewer than {TINY} pixels a side, such as {shown(tiny[0].name)} ({tiny[0].short}); "
            "enlarged, they look blurred."] if tiny else []


def _uneven(counts: Counter) -> list[str]:
    (most, many), (least, few) = counts.most_common()[0], counts.most_common()[-1]
    return [f"{most!r} has {many:,} photos and {least!r} {few:,}; a network that mostly sees one class tends to guess it."
            ] if many >= UNEVEN * few else []


def _judged(name: Mapping[str, str], sides: Mapping["Found", bool]) -> list[str]:
    counts = Counter({folder: 0 for folder in name})
    counts.update(file.folder for file, held_out in sides.items() if held_out)
    none, held_out = [name[folder] for folder, number in counts.items() if not number], sum(counts.values())
    sentences = {
        f"{several(none, 'class', 'classes')} no held-out photos: nothing will show how well a network learns.": none,
        f"Accuracy is measured on {count(held_out, 'held-out photo')}, each of them {1 / held_out:.1%}; take it as rough.": held_out < FEW,
    }
    return [sentence for sentence, applies in sentences.items() if applies]

"""What a teacher may hide or fix on each page, read from the pages' own source, so that nothing is listed that is not there: widgets with their labels, the parts of a
page, and what stands on every page."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .texts import short

_PAGES = Path(__file__).resolve().parents[1]
FOLDERS = {"inside": "inside", "lab": "scaling", "search": "search", "trade": "tradeoffs", "clock": "latency", "learn": "learn", "lessons": "blocks"}  # of `pages/shared` → page
SCALED = ("scaling", "tradeoffs", "latency")  # with all scaling controls beside them
WIDGETS = frozenset({"slider", "select_slider", "number_input", "toggle", "checkbox", "segmented_control", "pills", "radio", "selectbox", "multiselect", "text_input"})
SLIDERS = {"phi": "φ, how much larger", "alpha": "α, depth", "beta": "β, width", "gamma": "γ, resolution"}
SECTIONS = {  # on every page where they occur
    "guess-answers": "Answers to guesses",
    "word-cards": "Words that explain themselves",
    "try-this": "Try this",
    "in-the-paper": "In the paper",
    "lesson-sheet": "Lesson sheet",
}


class Control(NamedTuple):
    """A widget by its key; its value is in the address, and can be fixed, where it is `bound`. Or several of one label, which are hidden and fixed
    together. `room` is the file that draws it."""

    key: str
    label: str
    bound: bool = True
    room: str = ""
    of: tuple[str, ...] = ()  # the keys of several


def _of_lessons() -> list[Control]:
    """The sliders that lessons draw in a loop, and the switches of the built block, which has its own in every step."""
    from .lessons import built, modules, norms, separable

    rooms = {
        "built": {f"built_{name}": label for name, label in built.SLIDERS.items()},
        "modules": {f"module_{name}": row[0] for name, row in modules.SLIDERS.items()},
        "norms": {key: row[0] for key, row in norms.SLIDERS.items()},
        "separable": separable.LABELS,
        "convolution": {"conv_kernel": "Dᵣ, side of a kernel"},
    }
    switches = [Control(f"built_{name}", label, room="built", of=tuple(built.switch(name, step) for step in range(len(built.STEPS))))
                for name, label in {**built.SWITCHES, "activation": "Activation"}.items()]
    return switches + [Control(key, label, room=room) for room, labels in rooms.items() for key, label in labels.items()]


_BY_HAND = {  # whose key or label is put together when the page runs, or that set others
    **dict.fromkeys(SCALED, (*(Control(*item) for item in SLIDERS.items()), Control("preset", "Try", False))),
    "start": (Control("phi", SLIDERS["phi"]),),
    "pretrain": (Control("data_kind", "Learn from", False), Control("seconds", "How long", False)),
}


@cache
def pages() -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in _PAGES.glob("*.py")))


@cache
def controls(page: str) -> dict[str, Control]:
    """The widgets of the page `page` by key."""
    own = [*_BY_HAND.get(page, ()), *(_of_lessons() if page == "blocks" else ())]
    for path in _files(page):
        own += _widgets(path)
    return {control.key: control for control in own if control.key not in _choosers()}


@cache
def named(page: str) -> dict[str, str]:
    """Key → what people see the widget named; where a page has two of one name, with the part in which each stands."""
    found, homes = controls(page), _homes(page)
    labels = [control.label for control in found.values()]

    def name(control: Control) -> str:
        home = homes.get(control.room) if labels.count(control.label) > 1 else None
        return f"{control.label}, in {home}" if home else control.label

    return {key: name(control) for key, control in found.items()}


def _homes(page: str) -> dict[str, str]:
    """File → the part of the page that it belongs to: the part's own, and those that only this one imports."""
    found = _chooser(_PAGES / f"{page}.py")
    own = dict(found[2]) if found else {}
    used: dict[str, set[str]] = {}
    for path in _files(page):
        if title := own.get(path.stem):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ImportFrom) and node.level == 1:
                    for room in [node.module] if node.module else [name.name for name in node.names]:
                        used.setdefault(room, set()).add(title)
    return {room: title for room, (title, *others) in used.items() if not others} | own


@cache
def parts(page: str) -> dict[str, str]:
    """The parts of the page, of which one is open at a time: how the address names it → its title."""
    found = _chooser(_PAGES / f"{page}.py")
    return {token(found[0], title): title for title in found[1]} if found else {}


def addressed(page: str) -> frozenset[str]:
    """The names in the page's own address."""
    found = _chooser(_PAGES / f"{page}.py")
    return widgets(key for key, control in controls(page).items() if control.bound).union(found[:1] if found else ())


def token(key: str, title: str) -> str:
    """How the address names the choice `title` of the widget `key`: "part.take-home"."""
    plain = "".join(letter for letter in title if letter.isalnum() or letter in " -")
    return f"{key}.{short(plain)}"


@cache
def hideable() -> frozenset[str]:
    return frozenset(SECTIONS).union(*map(controls, pages()), *map(parts, pages()))


@cache
def fixable() -> frozenset[str]:
    return frozenset(key for page in pages() for key, control in controls(page).items() if control.bound)


@cache
def _several() -> dict[str, tuple[str, ...]]:
    return {key: control.of for page in pages() for key, control in controls(page).items() if control.of}


def widgets(names: Iterable[str]) -> frozenset[str]:
    """The keys for which names of controls stand; other names stand for themselves."""
    return frozenset(key for name in names for key in _several().get(name, (name,)))


@cache
def _choosers() -> frozenset[str]:
    return frozenset(found[0] for page in pages() if (found := _chooser(_PAGES / f"{page}.py")))


def _files(page: str) -> Iterator[Path]:
    if page in SCALED:
        yield _PAGES / "shared" / "controls.py"
    yield _PAGES / f"{page}.py"
    for folder, owner in FOLDERS.items():
        if owner == page:
            yield from sorted((_PAGES / "shared" / folder).glob("*.py"))


def _calls(path: Path) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WIDGETS and node.args:
            yield node


def _key(call: ast.Call) -> str | None:
    """The literal key of a widget that is bound to the address."""
    named = {word.arg: word.value for word in call.keywords}
    if isinstance(spread := named.get(None), ast.Call):  # **state.bound("key")
        return _text(spread.args[0])
    return _text(named.get("key")) if "bind" in named or spread is not None else None


def _text(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _widgets(path: Path) -> list[Control]:
    found = [(_key(call), _text(call.args[0])) for call in _calls(path)]
    return [Control(key, label, room=path.stem) for key, label in found if key and label]


def _chooser(path: Path) -> tuple[str, list[str], dict[str, str]] | None:
    """The key of a page's choice among its parts, their titles, and by file those of the parts that have one: `teaching.offered("key", PARTS)`, with a dictionary that
    the same file writes out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "teaching.offered"):
        key, listed = call.args
        for node in tree.body:
            if isinstance(node, ast.AnnAssign | ast.Assign) and isinstance(node.value, ast.Dict) and ast.unparse(listed) == _target(node):
                titles = [title for title in map(_text, node.value.keys) if title]
                return _text(key), titles, {_file(show): title for title, show in zip(titles, node.value.values)}
    return None


def _file(show: ast.expr) -> str:
    """Of the function that shows a part, which may stand last in a tuple."""
    return ast.unparse(show.elts[-1] if isinstance(show, ast.Tuple) else show).partition(".")[0]


def _target(node: ast.AnnAssign | ast.Assign) -> str:
    return ast.unparse(node.target if isinstance(node, ast.AnnAssign) else node.targets[0])

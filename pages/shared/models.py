"""The models that can be opened: the choice, its card in short, and loading with a bound."""

from html import escape

import streamlit as st

from effnet_core.checkpoints import Entry, Pretrained, available, load
from effnet_core.cost import cost
from effnet_core.families import from_spec
from effnet_core.palette import bytes_text, percent, si

from . import state, texts
from .html import plain

MOST = 6  # models in memory


@st.cache_resource(max_entries=MOST, show_spinner="Loading the model…")
def _loaded(path: str, version: tuple[int, int]) -> Pretrained:
    return load(path)


@st.cache_data(max_entries=1, ttl=2, show_spinner=False)
def entries() -> list[Entry]:
    """What there is to choose from, at most two seconds old."""
    return available()


def version(entry: Entry) -> tuple[int, int]:
    """Time and size of the file, which tell one training from the next; zeros once it is gone."""
    try:
        found = entry.path.stat()
    except OSError:
        return 0, 0
    return found.st_mtime_ns, found.st_size


def model_of(entry: Entry) -> Pretrained:
    """Raises `UserError` where the file cannot be used, or is gone."""
    return _loaded(str(entry.path), version(entry))


def is_trained(card: dict) -> bool:
    return card.get("trained") is True


def knows_scenes(card: dict) -> bool:
    """Whether the model was trained on the procedural scenes and on nothing else."""
    data = card.get("data")
    return is_trained(card) and isinstance(data, dict) and data.get("name") == "scenes"


def _title(entry: Entry) -> str:
    return entry.name if is_trained(entry.card) else f"{entry.name} (untrained)"


def _choose(key: str) -> None:
    state.put(model=st.session_state[key])


def choose() -> Entry | None:
    """The chooser with the card; the entry that is shown, or None where there is no usable model at all."""
    if state.get("model") not in {entry.name for entry in entries()}:
        entries.clear()  # it may have been trained a moment ago
    usable = {entry.name: entry for entry in entries() if not entry.problem}
    if not usable:
        return None
    wanted = state.get("model")
    shown = wanted if wanted in usable else next(iter(usable))
    st.session_state["model_choice"] = shown
    st.selectbox("Model", list(usable), format_func=lambda name: _title(usable[name]), key="model_choice", on_change=_choose,
                 args=("model_choice",), help="The model that comes with the app, and those trained on the Pretrain page.")
    if shown != wanted:
        broken = next((entry.problem for entry in entries() if entry.name == wanted and entry.problem), None)
        st.warning(plain(broken) if broken else texts.text("inside", "model_gone", wanted=plain(wanted), shown=plain(shown)), icon=":material/info:")
    _card(usable[shown])
    return usable[shown]


def _card(entry: Entry) -> None:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts(entry) if value)
    badge = "" if is_trained(entry.card) else '<p class="ef-badge">untrained: random weights</p>'
    st.html(f'{badge}<dl class="ef-card">{rows}</dl>')


def _length(card: dict) -> str:
    steps, seconds = card.get("steps"), card.get("seconds")
    if not isinstance(steps, int) or not is_trained(card):
        return ""
    spent = f" in {si(seconds, 's') if seconds < 100 else f'{seconds / 60:.1f} minutes'}" if isinstance(seconds, int | float) else ""
    return f"{steps:,} steps{spent}" + (", not to its end" if card.get("finished") is False else "")


def facts(entry: Entry) -> list[tuple[str, str]]:
    """The card in short: name of a fact and what it says; empty where the card does not tell."""
    card, network = entry.card, from_spec(entry.card["architecture"])
    total, data, judged = cost(network), card.get("data"), card.get("evaluation")
    data, judged = data if isinstance(data, dict) else {}, judged if isinstance(judged, dict) else {}
    accuracy = judged.get("accuracy")
    return [
        ("Network", network.name),
        ("Input", f"{network.input.height} × {network.input.width} px"),
        ("Learnt from", {"scenes": "procedural scenes"}.get(data.get("name"), str(data.get("name", "")))),
        ("Classes", f"{network.classes:,}"),
        ("Accuracy", f"{percent(accuracy)} of {judged.get('images', 0):,} new images" if isinstance(accuracy, int | float) else ""),
        ("Size", f"{si(total.params)} parameters, {si(total.macs)} MACs, {bytes_text(version(entry)[1])}"),
        ("Trained for", _length(card)),
        ("From", "comes with the app" if entry.bundled else "trained here" if is_trained(card) else "made here"),
        ("Date", str(card.get("date", ""))[:10]),
    ]

"""A person's own file of weights: what it is, what it cannot tell, and its conversion into a model of this app."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import torch
from torch import Tensor

from .. import checkpoints, labels, machine
from ..architecture import Architecture
from ..checkpoints import Pretrained
from ..cost import FLOAT_BYTES, cost
from ..downloads import digest_of
from ..errors import UserError
from ..families import from_spec
from ..network import Network, build
from ..preprocess import Preprocess
from . import claims, registry, tensorfiles
from .layouts import COUNTER, OURS, to_ours
from .proposals import Proposal, for_row, for_weights, like_row
from .recognition import recognise
from .registry import Row, resized


@dataclass(frozen=True)
class Foreign:
    """What a file holds. `proposals` has "eps", "padding", "preprocess" and "labels", none for a checkpoint of this app.

    `kind` is "checkpoint" (of this app), "published" (then `row` says which file it is) or "weights".
    """

    path: Path
    sha256: str
    kind: str
    layout: str
    architecture: Architecture  # at its usual side; weights cannot tell theirs
    variant: str | None  # its published name
    precision: str
    wrapper: str | None  # entry of the file that held the weights
    row: Row | None
    proposals: dict[str, Proposal]

    @property
    def classes(self) -> int:
        return self.architecture.classes

    @property
    def open_questions(self) -> tuple[str, ...]:
        return tuple(field for field, proposal in self.proposals.items() if not proposal.sure)

    def to_dict(self) -> dict:
        """JSON values; of the path only the file's name."""
        values = {field: proposal._asdict() for field, proposal in self.proposals.items() if field not in ("preprocess", "labels")}
        if "preprocess" in self.proposals:
            preprocess = self.proposals["preprocess"]
            values["preprocess"] = {**preprocess._asdict(), "value": preprocess.value.to_dict()}
            values["labels"] = {**self.proposals["labels"]._asdict(), "value": list(self.proposals["labels"].value[:5])}
        return {"file": self.path.name, "sha256": self.sha256, "kind": self.kind, "layout": self.layout, "network": self.architecture.name,
                "variant": self.variant, "classes": self.classes, "parameters": cost(self.architecture).params,
                "precision": self.precision, "wrapper": self.wrapper, "published": self.row and self.row.name, "proposals": values,
                "open_questions": list(self.open_questions)}


def examine(path: str | Path) -> Foreign:
    """What the file is. Raises `UserError` where it is nothing that can be used, and says what it is."""
    return opened(path)[0]


def opened(path: str | Path, row: Row | None = None) -> tuple[Foreign, dict[str, Tensor]]:
    """What the file is, and its tensors as its layout names them; none of a checkpoint of this app. Raises as `examine` does.

    `row` is what it was downloaded as; of another file only a whole checksum proves which one it is.
    """
    path = Path(path)
    if checkpoints.has_card(path):
        return _checkpoint(path), {}
    file = tensorfiles.read(path)
    try:
        found = recognise(file.shapes)
    except UserError as refused:
        raise UserError(f"{path.name} cannot be used: {refused}") from refused
    sha256 = digest_of(path)
    row = row or registry.of_file(sha256)
    proposals = for_row(row) if row else for_weights(path.name, found.layout, found.architecture, found.variant)
    if row is None and (like := registry.like_file(sha256, found.layout, found.variant)):
        proposals = like_row(proposals, like)
    return Foreign(path, sha256, "published" if row else "weights", found.layout, found.architecture, found.variant, file.precision,
                   file.wrapper, row, proposals), found.pick(file.tensors)


def _checkpoint(path: Path) -> Foreign:
    card = checkpoints.read_card(path)
    architecture = from_spec(card["architecture"])
    if not claims.is_plain(architecture.name):
        raise UserError(f"{path.name} cannot be used: its network's name is not a line of up to {labels.LONGEST} characters.")
    return Foreign(path, digest_of(path), "checkpoint", OURS, architecture, None, claims.precision_of(card), None, None, {})


def network_of(tensors: Mapping[str, Tensor], layout: str, architecture: Architecture, padding: str, eps: float) -> Network:
    """The network with these weights (named as in `layout`), in eval mode, fp32, independent of the file.

    Raises `UserError` for names or shapes that do not fit, values that are no finite numbers, and too little memory.
    """
    needed, free = 2 * FLOAT_BYTES * cost(architecture).params, machine.memory_available()  # the weights, and once more while stored
    if needed > free:
        raise UserError(f"converting {architecture.name} needs about {needed / 1e9:,.1f} GB of memory, and {free / 1e9:,.1f} GB are free.")
    state = to_ours(tensors, architecture, layout)
    network = build(architecture, padding=padding, eps=eps, initialised=False)
    network.load_state_dict({key: _value(key, state.get(key), like) for key, like in network.state_dict().items()}, assign=True)
    return network.eval()


def _value(key: str, tensor: Tensor | None, like: Tensor) -> Tensor:
    if tensor is None and key.endswith(COUNTER):
        return torch.zeros((), dtype=like.dtype)
    if not (own := tensor.detach().to(like.dtype, copy=True, memory_format=torch.contiguous_format)).isfinite().all():
        raise UserError(f"{key} has values that are not finite numbers.")
    if key.endswith("running_var") and own.min() < 0:
        raise UserError(f"{key} has variances below zero.")
    return own


def convert(found: Foreign, tensors: Mapping[str, Tensor], *, eps: float | None = None, padding: str | None = None,
            preprocess: Preprocess | None = None, names: Sequence[str] | None = None) -> tuple[Network, Preprocess, tuple[str, ...]]:
    """Of what `opened` gave: the network, its preprocessing and its labels; what is None is as proposed, where that is sure.

    Raises `UserError` naming what must be said, and as `network_of` does.
    """
    given = {"eps": eps, "padding": padding, "preprocess": preprocess, "labels": names}
    if missing := [field for field in found.open_questions if given[field] is None]:
        raise UserError(_unanswered(found, missing))
    chosen = {field: found.proposals[field].value if value is None else value for field, value in given.items()}
    named = labels.check(chosen["labels"], found.classes)
    architecture = resized(found.architecture, chosen["preprocess"].crop)
    try:
        network = network_of(tensors, found.layout, architecture, chosen["padding"], chosen["eps"])
    except UserError as refused:
        raise UserError(f"{found.path.name} cannot be used: {refused}") from refused
    return network, chosen["preprocess"], named


def _unanswered(found: Foreign, fields: Sequence[str]) -> str:
    words = {"eps": "batch norm's ε", "padding": "padding", "preprocess": "preprocessing"}
    return (f"{found.path.name} holds weights of {found.architecture.name}, but weights do not tell their "
            f"{' and '.join(words[field] for field in fields)}; say what they were trained with.")


def facts_of(found: Foreign) -> dict:
    """For the card: where the weights come from. Published ones have the accuracy that was published, not one measured here."""
    source = {"kind": "own file", "file": found.path.name, "sha256": found.sha256, "layout": found.layout}
    facts = {"date": datetime.now(UTC).isoformat(timespec="seconds"), "torch": torch.__version__}
    if (row := found.row) is None:
        return {"source": source, **facts}
    source |= {"kind": "published", "file": row.file, "name": row.name, "project": row.project, "url": row.url, "recipe": row.recipe,
               "licence": row.licence}
    return {"source": source, "data": {"name": "imagenet"}, "published": {"top1": row.top1, "by": row.top1_by}, **facts}


def adopt(path: str | Path, name: str, *, eps: float | None = None, padding: str | None = None, preprocess: Preprocess | None = None,
          names: Sequence[str] | None = None, facts: Mapping | None = None, trained: bool = True, replace: bool = False) -> Path:
    """Stores the weights as the user's model `name` and returns its file.

    A checkpoint of this app keeps its answers, and of its card what `claims.of` takes over. Other weights are said to be
    `trained` because the person says so; their accuracy stays unknown. `facts` go into the card. Raises `UserError` for a name that is
    taken (unless `replace`) or unusable, and as `examine` and `convert` do.
    """
    target = checkpoints.path_of(name)
    found, tensors = opened(path)
    if target.exists() and not replace:
        raise UserError(f"There is a model called {name!r} already; choose another name.")
    if found.kind == "checkpoint":
        network, card = _taken_over(found, name)
        checkpoints.save(target, network, {**card, **(facts or {})}, found.precision)
        return target
    network, preprocess, named = convert(found, tensors, eps=eps, padding=padding, preprocess=preprocess, names=names)
    card = checkpoints.make_card(name, network, named, preprocess, trained=trained, **{**facts_of(found), **(facts or {})})
    checkpoints.save(target, network, card)
    return target


def _taken_over(found: Foreign, name: str) -> tuple[Network, dict]:
    """The network of a checkpoint of this app, and its new card: what was checked, and what the old one says of its past."""
    own, facts = checkpoints.load(found.path), facts_of(found)
    facts["source"] |= claims.base_of(own.card)
    named = labels.check(own.labels, found.classes)
    return own.network, checkpoints.make_card(name, own.network, named, own.preprocess, trained=own.card["trained"] is True,
                                              **claims.of(own.card), **facts)


def open_directly(path: str | Path) -> Pretrained:
    """The model in a file, kept nowhere. Raises `UserError` where the file leaves a question open, and as `adopt` does."""
    found, tensors = opened(path)
    if found.kind == "checkpoint":
        return checkpoints.load(found.path)
    if found.open_questions:
        raise UserError(f"{_unanswered(found, found.open_questions)} `python -m effnet_core fetch --file {found.path.name} "
                        "--name my-model` takes the answers and keeps the model.")
    network, preprocess, named = convert(found, tensors)
    card = checkpoints.make_card(found.path.stem, network, named, preprocess, trained=True, **facts_of(found))
    return Pretrained(found.path.stem, network, preprocess, named, card)

"""What a training is: everything that another process needs to carry it out, or to go on with it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from .. import cards
from ..errors import UserError
from ..families import from_spec
from ..preprocess import Preprocess
from ..scaling import SIDE_RANGE, check_count
from . import runs
from .recipe import Recipe

STORED = ("float32", "float16")  # precisions of the stored weights


@dataclass(frozen=True)
class Plan:
    """JSON values and a recipe. What is None follows from the source or the data, and stands here once that is found."""

    name: str
    network: dict | None  # `families.to_spec`; None: the source's
    recipe: Recipe
    data: str = "scenes"  # as `pictures.dataset` knows it
    side: int | None = 48  # of the images, pixels; None: the source's
    test: int | None = None  # side at which it is judged
    out: str | None = None  # a file; by default the user's model of that name
    source: str | None = None  # the model whose weights it starts from
    frozen: bool = False  # only a new classifier learns
    epochs: float | None = None
    seconds: float | None = None
    held_out: int = 2000  # images of the final verdict, where there is no end of them
    momentum: float = 0.1  # of batch norm
    shared_statistics: bool = True
    precision: str = "float16"  # of the stored weights
    device: str = "cpu"
    padding: str = "same"
    eps: float = 1e-3  # of batch norm
    like: dict | None = None  # `Preprocess.to_dict` of the source, whose normalisation the images get
    judged: int | None = None  # images of the final verdict, where fewer than all are wanted
    smaller_batch: bool = False  # where there are fewer images than the recipe's batch has

    @property
    def path(self) -> Path:
        """Where the model is stored. Raises `UserError` for an unusable name."""
        return cards.path_of(self.name) if self.out is None else Path(self.out)

    @property
    def run(self) -> runs.Run:
        return run_of(self.name, self.out)

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping) -> "Plan":
        """The inverse of `to_dict`. Raises `UserError` where a value is missing, unknown or impossible."""
        try:
            known = {field.name for field in fields(cls)}
            plan = cls(**{key: value for key, value in values.items() if key in known} | {"recipe": Recipe(**values["recipe"])})
            from_spec(plan.network)
            check_count("The side of the images", plan.side, SIDE_RANGE, " pixels")
            if plan.like is not None:
                Preprocess.from_dict(plan.like)
            if not isinstance(plan.data, str) or not isinstance(plan.device, str) or plan.precision not in STORED:
                raise TypeError("its data, device or precision are impossible")
        except (KeyError, TypeError, ValueError, AttributeError) as broken:
            raise UserError(f"The plan of this training is damaged ({broken}); start it anew.") from broken
        return plan


def run_of(name: str, out: str | None) -> runs.Run:
    """Where the training keeps what it needs: in the cache, or beside the file that it writes. Raises `UserError` for an unusable name."""
    if out is not None:
        return runs.Run(Path(out).with_suffix(".training"))
    cards.path_of(name)
    return runs.run(name)


def unfinished(name: str, out: str | None = None) -> Plan:
    """The plan of the training of that name, or for that file. Raises `UserError` where there is none, or it is damaged."""
    run = run_of(name, out)
    if not run.is_unfinished:
        raise run.missing()
    return replace(Plan.from_dict(run.kept["plan"]), name=name, out=out)  # never what a damaged file says

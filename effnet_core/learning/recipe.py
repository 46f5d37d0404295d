"""What decides how a training runs, apart from the network and the data."""

from dataclasses import dataclass
from itertools import accumulate

from ..errors import UserError
from ..scaling import SIDE_RANGE, check, check_count

STEPS_RANGE = (1, 10_000_000)
EPOCHS_RANGE = (0.01, 10_000)
SECONDS_RANGE = (1, 1_000_000)
BATCH_RANGE = (2, 65_536)  # batch norm needs two images
IMAGES_RANGE = (1, 10_000_000)
SEED_RANGE = (0, 2**63 - 1)
PRECISIONS = ("float32", "bfloat16")  # of the arithmetic; weights are always float32
AUGMENTATIONS = ("none", "light", "strong")


@dataclass(frozen=True, slots=True)
class Phase:
    """A stretch of a training: `share` of its steps on images of `side` pixels, changed as `augment` says.

    Small images first cost little and regularise; larger ones, with stronger changes, come later (progressive learning,
    EfficientNetV2, arXiv 2104.00298 §4.2).
    """

    share: float
    side: int
    augment: str = "none"
    mixup: float = 0.0  # share of the batches
    cutmix: float = 0.0

    def __post_init__(self) -> None:
        check("The share of a phase", self.share, (1e-6, 1.0))
        check_count("The side of the images", self.side, SIDE_RANGE, " pixels")
        check("The share of batches with mixup", self.mixup, (0.0, 1.0))
        check("The share of batches with CutMix", self.cutmix, (0.0, 1.0))
        check("The share of batches with mixup or CutMix", self.mixup + self.cutmix, (0.0, 1.0))
        if self.augment not in AUGMENTATIONS:
            raise UserError(f"There is no augmentation {self.augment!r}; there are {', '.join(AUGMENTATIONS)}.")


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that decides how a training runs, apart from the network and the data.

    The learning rate rises once and falls once; where `descents` say so, it is set back to the course of a slower fall before it has
    reached the bottom of the faster one (warm restarts, arXiv 1608.03983). Its length is `steps`; where `seconds` are given, the clock decides instead, and `steps` are what is expected to fit in.
    """

    steps: int = 1000
    batch: int = 32  # images
    learning_rate: float = 8e-3  # at the peak of the cycle
    warmup: float = 0.3  # share of the steps before the peak
    weight_decay: float = 0.05  # not on batch norm and biases
    label_smoothing: float = 0.1
    ema: float = 0.99  # decay per step of the averaged weights
    clip: float = 5.0  # largest gradient norm
    seed: int = 0
    evaluations: int = 12  # during the run, evenly spaced, the last one at its end
    held_out_images: int = 500  # in each of them
    phases: tuple[Phase, ...] = ()  # none: the data's own side all the time
    descents: tuple[tuple[float, float], ...] = ()  # of the learning rate before its last one: (until, end) in shares of the steps
    precision: str = "float32"
    seconds: float | None = None

    def __post_init__(self) -> None:
        check_count("The number of steps", self.steps, STEPS_RANGE)
        check_count("The batch size", self.batch, BATCH_RANGE, " images")
        check("The learning rate", self.learning_rate, (1e-8, 10.0))
        check("The share of warm-up steps", self.warmup, (0.0, 0.9))
        check("The weight decay", self.weight_decay, (0.0, 10.0))
        check("The label smoothing", self.label_smoothing, (0.0, 0.9))
        check("The decay of the averaged weights", self.ema, (0.0, 0.999999))
        check("The largest gradient norm", self.clip, (1e-3, 1e9))
        check_count("The seed", self.seed, SEED_RANGE)
        check_count("The number of evaluations", self.evaluations, (1, 10_000))
        check_count("The number of held-out images", self.held_out_images, IMAGES_RANGE)
        if self.seconds is not None:
            check("The number of seconds", self.seconds, (1e-3, SECONDS_RANGE[1]))
        if self.precision not in PRECISIONS:
            raise UserError(f"The precision is {self.precision!r}; it must be one of {', '.join(PRECISIONS)}.")
        phases = tuple(phase if isinstance(phase, Phase) else Phase(**phase) for phase in self.phases)  # as a card has them
        if phases and abs(sum(phase.share for phase in phases) - 1) > 1e-6:
            raise UserError(f"The phases' shares add up to {sum(phase.share for phase in phases):g}; they must add up to 1.")
        object.__setattr__(self, "phases", phases)
        descents = tuple((float(until), float(end)) for until, end in self.descents)
        bounds = [0.0, *(until for until, _ in descents), 1.0]
        if any(a >= b for a, b in zip(bounds, bounds[1:])) or any(not until <= end <= 1 for until, end in descents):
            raise UserError(f"The descents of the learning rate are {descents}; each must be broken off, in shares of the steps, after the "
                            "one before it and before its own end.")
        object.__setattr__(self, "descents", descents)

    @property
    def ends(self) -> tuple[int, ...]:
        """The number of steps after which each phase is over."""
        return tuple(round(end * self.steps) for end in accumulate(phase.share for phase in self.phases))

    def phase(self, step: float) -> Phase | None:
        """The phase that step number `step`, from 0, belongs to."""
        return next((phase for phase, end in zip(self.phases, self.ends) if step < end), self.phases[-1] if self.phases else None)

    def work(self, step: int) -> float:
        """How much the first `step` steps take, in pixels per image of the batch; without phases, in steps."""
        if not self.phases:
            return float(step)
        starts = (0, *self.ends[:-1])
        return float(sum(max(0, min(step, end) - start) * phase.side**2 for phase, start, end in zip(self.phases, starts, self.ends)))

    @property
    def sides(self) -> dict[int, float]:
        """Sides of the images and the share of the steps that each is used in; empty without phases."""
        sides = dict.fromkeys(phase.side for phase in self.phases)
        return {side: sum(phase.share for phase in self.phases if phase.side == side) for side in sides}

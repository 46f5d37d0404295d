"""Recipes that have proved themselves, by name: how each kind of data is best learnt from scratch here."""

from dataclasses import dataclass, replace

from ..errors import UserError
from .recipe import Phase, Recipe


@dataclass(frozen=True)
class Preset:
    """What a training does where nothing else is asked for."""

    recipe: Recipe
    data: str = "scenes"
    network: str = "small"  # or a published name
    side: int = 48  # pixels; of the last phase where there are phases
    test: int | None = None  # side at which it is judged; None: as the data think fit
    epochs: float | None = None  # where the data have an end
    held_out: int = 2000  # images for the final verdict, where the data have no end
    momentum: float = 0.1  # of batch norm: a short run cannot wait for the reference's 0.01
    shared_statistics: bool = True  # of batch norm, between processes


PROGRESSIVE = (Phase(0.2625, 64, "light"), Phase(0.225, 96, "strong", cutmix=0.2), Phase(0.5125, 128, "light"))
GENTLER = 0.3  # times the usual learning rate for a body that has learnt already
PRESETS = {
    "scenes": Preset(Recipe()),
    "photos": Preset(Recipe(batch=64, learning_rate=2e-3, warmup=0.15, ema=0.998, evaluations=10, phases=(Phase(1.0, 96, "light"),)),
                     data="imagenette", network="b0", side=96, epochs=10),
    "b0-imagenette": Preset(Recipe(batch=64, learning_rate=2.5e-3, warmup=0.09, ema=0.998, phases=PROGRESSIVE, descents=((0.67108, 0.74993),)),
                            data="imagenette", network="b0", side=128, test=160, epochs=72, shared_statistics=False),
}


def preset(name: str) -> Preset:
    """Raises `UserError` for an unknown name."""
    if name not in PRESETS:
        raise UserError(f"There is no recipe called {name!r}; there are {', '.join(PRESETS)}.")
    return PRESETS[name]


def lasting(recipe: Recipe, epochs: float, images: int) -> Recipe:
    """`recipe` for so many rounds through `images` photos, judged after each."""
    steps = max(1, round(epochs * images / recipe.batch))
    return replace(recipe, steps=steps, evaluations=max(1, round(epochs)))


def resized(recipe: Recipe, side: int) -> Recipe:
    """`recipe` with its phases' sides in proportion, so that the last one is `side`; multiples of 8 pixels."""
    if not recipe.phases:
        return recipe
    scale = side / recipe.phases[-1].side
    sides = [*(max(32, 8 * round(scale * phase.side / 8)) for phase in recipe.phases[:-1]), side]
    return replace(recipe, phases=tuple(replace(phase, side=min(own, side)) for phase, own in zip(recipe.phases, sides)))

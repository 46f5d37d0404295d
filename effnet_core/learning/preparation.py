"""From a plan to what is needed to train: the data checked, the network built, the length found."""

from dataclasses import dataclass, replace

from .. import models, network
from ..architecture import Architecture
from ..checkpoints import Pretrained
from ..data import pictures, sources
from ..data.datasets import Data
from ..errors import UserError
from ..families import from_spec, to_spec
from ..network import Network
from ..preprocess import Preprocess
from . import learner, pacing
from .distributed import ALONE, World
from .pacing import Asked, Tell
from .plans import Plan
from .recipe import BATCH_RANGE, Recipe
from .recipes import lasting, resized


@dataclass(frozen=True)
class Prepared:
    """A plan in which nothing is open any more, its data and its network."""

    plan: Plan
    data: Data
    network: Network


def prepare(plan: Plan, tell: Tell = lambda event: None, asked: Asked = lambda: False, world: World = ALONE, *,
            resume: bool = False) -> Prepared:
    """Finds or makes what `plan` needs; with `resume` the weights are left to the saved state. Raises `UserError` where that is
    impossible, or once something is `asked`."""
    source = None if plan.source is None or resume else _source(plan, tell, asked)
    if source is not None:
        plan = _like(plan, source)
    data = _data(plan, tell, asked)
    architecture = from_spec({**plan.network, "side": data.preprocess.crop, "classes": len(data.labels)})
    recipe = _fitting(plan, data, world)
    recipe = recipe if plan.epochs is None or data.images is None else lasting(recipe, plan.epochs, data.images)
    pacing.check_memory(_largest(architecture, plan), recipe.batch // world.size, world.device(plan.device), world.neighbours)
    found = Prepared(replace(plan, network=to_spec(architecture), recipe=recipe, epochs=None), data, _network(plan, architecture, source))
    return found if plan.seconds is None else replace(found, plan=pacing.within(found, tell, asked, world))


def _source(plan: Plan, tell: Tell, asked: Asked) -> Pretrained:
    tell({"phase": "loading the model to start from"})

    def report(done: int, total: int, phase: str) -> None:
        tell({"phase": f"{phase} the weights" if phase == "downloading" else phase, "done": done, "total": total, "unit": "bytes"})

    return models.load(plan.source, on_progress=report, should_stop=lambda: bool(asked()))


def _like(plan: Plan, source: Pretrained) -> Plan:
    """What follows from the weights that it starts from."""
    own, crop = source.network, source.preprocess.crop
    if plan.network is not None:
        raise UserError(f"{source.name} brings its own network, {own.architecture.name}; leave out what describes another one.")
    side = crop if plan.side is None else plan.side
    return replace(plan, network=to_spec(own.architecture), side=side, test=plan.test or (crop if plan.side is None else None),
                   recipe=resized(plan.recipe, side), padding=own.padding, eps=own.stem.norm.eps, like=source.preprocess.to_dict())


def _data(plan: Plan, tell: Tell, asked: Asked) -> Data:
    def report(phase: str, done: int, total: int | None) -> None:
        tell({"phase": f"{phase} the photos", "done": done, "total": total, "unit": sources.UNITS[phase]})

    if plan.data != sources.DRAWN:
        tell({"phase": "checking the photos"})
    like = {} if plan.like is None else {"like": Preprocess.from_dict(plan.like)}
    return pictures.dataset(plan.data, plan.side, plan.recipe.seed, test=plan.test, **like, on_progress=report,
                            should_stop=lambda: bool(asked()))


def _fitting(plan: Plan, data: Data, world: World) -> Recipe:
    """The recipe, with no larger batches than there are images."""
    recipe, most = plan.recipe, data.images
    if most is None or recipe.batch <= most:
        return recipe
    fitting = max(BATCH_RANGE[0], most // world.size * world.size)
    if not plan.smaller_batch:
        raise UserError(f"A batch of {recipe.batch:,} images is more than the {most:,} photos of {data.name} to learn from; "
                        f"{fitting:,} is the most.")
    return replace(recipe, batch=fitting)


def _largest(architecture: Architecture, plan: Plan) -> Architecture:
    """At the side of its largest training images."""
    return from_spec({**to_spec(architecture), "side": max(plan.recipe.sides, default=plan.side)})


def _network(plan: Plan, architecture: Architecture, source: Pretrained | None) -> Network:
    seed = plan.recipe.seed
    built = network.build(architecture, padding=plan.padding, eps=plan.eps, momentum=plan.momentum, seed=seed)
    if source is None:
        learner.start_gently(built, seed)
    else:
        body = {key: tensor for key, tensor in source.network.state_dict().items() if not key.startswith("classifier.")}
        built.load_state_dict(body, strict=False)
        learner.start_anew(built.classifier, seed)
    if plan.frozen:
        learner.freeze(built)
    return built

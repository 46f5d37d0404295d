"""What the options of `train` are, and the plan that they describe."""

import argparse
from dataclasses import replace
from pathlib import Path

from ..errors import UserError
from ..families import BASES, SCENES, compound, published, small, to_spec
from ..learning.recipe import AUGMENTATIONS, EPOCHS_RANGE, IMAGES_RANGE, SECONDS_RANGE
from ..scaling import SIDE_RANGE, check, check_count

NETWORK = ("network", "phi", "width", "depth", "dropout")  # options that describe one


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--preset", metavar="NAME",
                        help="a recipe: scenes, photos or b0-imagenette (default: what suits the data); options change it")
    what = parser.add_argument_group("what is learnt")
    what.add_argument("--data", help="scenes (the default), imagenette, data kept by the app, or a folder of class folders or its archive")
    what.add_argument("--side", type=int, metavar="PIXELS", help="of the images, pixels; where sizes grow, of the last phase")
    what.add_argument("--test-side", type=int, metavar="PIXELS", help="of the photos it is judged on, pixels")
    what.add_argument("--held-out", type=int, metavar="IMAGES",
                      help="images for the final accuracy (default 2000 scenes, or all photos that are held out)")
    network = parser.add_argument_group("by what network")
    network.add_argument("--from", dest="source", metavar="MODEL",
                         help="start from the weights of this model or file, with a new classifier")
    network.add_argument("--frozen", action="store_true", help="with --from: only the new classifier learns")
    network.add_argument("--network", help="small (the default for scenes), b0 (for photos) or another published name")
    network.add_argument("--phi", type=float, help="the network by the paper's formula instead, with --alpha, --beta, --gamma and --base")
    network.add_argument("--base", default="b0", choices=BASES, help="what the formula scales (default b0)")
    for name, value in (("alpha", 1.2), ("beta", 1.1), ("gamma", 1.15)):
        network.add_argument(f"--{name}", type=float, default=value, help=f"(default {value:g})")
    network.add_argument("--width", type=float, help=f"of the small network: factor on every channel count (default {SCENES.width:g})")
    network.add_argument("--depth", type=float, help=f"of the small network: factor on every stage's blocks (default {SCENES.depth:g})")
    network.add_argument("--dropout", type=float, help=f"of the small network, before the classifier (default {SCENES.dropout:g})")
    how = parser.add_argument_group("how")
    length = how.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, help="how long, in steps")
    length.add_argument("--epochs", type=float, help="how long, in rounds through the photos")
    length.add_argument("--seconds", type=float, help="how long, in seconds; the clock decides how many steps that are")
    how.add_argument("--batch", type=int, metavar="IMAGES", help="images per step")
    how.add_argument("--learning-rate", type=float, metavar="RATE", help="at the peak of its cycle")
    how.add_argument("--augment", choices=AUGMENTATIONS, help="random changes of the photos (default: as the recipe has them)")
    how.add_argument("--seed", type=int, default=0, help="of weights, data and dropout (default 0)")
    how.add_argument("--device", default="cpu", help="cpu (the default), cuda or mps")
    how.add_argument("--arithmetic", choices=("float32", "bfloat16"), help="of the forward and backward pass (default float32)")
    how.add_argument("--threads", type=int, help="of the processor (default: all usable cores)")
    how.add_argument("--trial", action="store_true", help="train nothing: measure the time per epoch and the memory it would take")
    result = parser.add_argument_group("what becomes of it")
    place = result.add_mutually_exclusive_group()
    place.add_argument("--name", default="my-scenes",
                       help="of the model, which the app then offers (default my-scenes); replaces an older one")
    place.add_argument("--out", type=Path, metavar="FILE", help="a .safetensors file to write instead")
    result.add_argument("--precision", choices=("float32", "float16"), default="float16", help="of the stored weights (default float16)")
    again = result.add_mutually_exclusive_group()
    again.add_argument("--anew", action="store_true", help="start over although a training of that name or file is unfinished, which then is lost")
    again.add_argument("--resume", action="store_true",
                        help="go on with the interrupted training of that name or file, as it was planned: other options do not count")
    shape = result.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="one JSON object at the end")
    shape.add_argument("--events", action="store_true",
                       help="JSON lines while it runs; its input may say pause (go on later) or stop (finish now), and its end means pause")


def place_of(args: argparse.Namespace) -> tuple[str, str | None]:
    """Name and file of the model. Raises `UserError` for a file that cannot be one."""
    if args.out is None:
        return args.name, None
    if args.out.suffix != ".safetensors" or args.out.is_dir():
        raise UserError(f"{args.out.name!r} cannot be written as a checkpoint; give a file name that ends in .safetensors.")
    return args.out.stem, str(args.out)


def plan_of(args: argparse.Namespace):
    """The `plans.Plan` that `args` describe. Raises `UserError` where it is impossible."""
    from .. import devices
    from ..learning import plans, recipes  # with torch: seconds, hence only here

    _check(args)
    preset = recipes.preset(args.preset or ("scenes" if args.data in (None, "scenes") else "photos"))
    data, tuned, timed = args.data or preset.data, args.source is not None, args.steps is not None or args.seconds is not None
    if args.epochs is not None and data == "scenes":
        raise UserError("Scenes have no end, so there are no rounds through them; give --steps or --seconds.")
    name, out = place_of(args)
    return plans.Plan(
        name=name, out=out, source=args.source, frozen=args.frozen, data=data, recipe=_recipe(args, preset),
        network=None if tuned else to_spec(_network(args, preset.network)), side=_given(args.side, None if tuned else preset.side),
        test=_given(args.test_side, None if tuned else preset.test), epochs=None if timed else _given(args.epochs, preset.epochs),
        seconds=args.seconds, held_out=preset.held_out, judged=args.held_out, momentum=preset.momentum, precision=args.precision,
        shared_statistics=preset.shared_statistics, device=devices.find_device(args.device).key, smaller_batch=args.batch is None)


def _given(value, usual):
    return usual if value is None else value


def _check(args: argparse.Namespace) -> None:
    """Raises `UserError` for what is impossible on its own or together."""
    for find, what, value, allowed, unit in (
        (check_count, "The side of the images", args.side, SIDE_RANGE, " pixels"),
        (check_count, "The side that it is judged at", args.test_side, SIDE_RANGE, " pixels"),
        (check_count, "The number of held-out images", args.held_out, IMAGES_RANGE, ""),
        (check, "The number of epochs", args.epochs, EPOCHS_RANGE, ""),
        (check, "The number of seconds", args.seconds, SECONDS_RANGE, ""),
    ):  # fmt: skip
        if value is not None:
            find(what, value, allowed, unit)
    described = [f"--{option}" for option in NETWORK if getattr(args, option) is not None]
    if args.source is not None and described:
        raise UserError(f"The model given with --from brings its own network; leave out {' and '.join(described)}.")
    if args.frozen and args.source is None:
        raise UserError("Only the classifier of a trained model can learn alone; name that model with --from.")


def _recipe(args: argparse.Namespace, preset):
    """That of the preset, with what was given."""
    from ..learning import recipes

    recipe = preset.recipe if args.side is None else recipes.resized(preset.recipe, args.side)
    if args.source is not None and not args.frozen:
        recipe = replace(recipe, learning_rate=recipes.GENTLER * recipe.learning_rate)
    if args.augment is not None:
        if not recipe.phases:
            raise UserError("Scenes are drawn afresh for every batch, so there is nothing to augment; leave out --augment.")
        recipe = replace(recipe, phases=tuple(replace(phase, augment=args.augment) for phase in recipe.phases))
    given = {"steps": args.steps, "batch": args.batch, "learning_rate": args.learning_rate, "precision": args.arithmetic, "seed": args.seed}
    return replace(recipe, **{key: value for key, value in given.items() if value is not None})


def _network(args: argparse.Namespace, usual: str):
    """The network; its side and classes follow from the data. Raises `UserError` where two are described at once."""
    name = usual if args.network is None else args.network
    shape = {option: value for option in ("width", "depth", "dropout") if (value := getattr(args, option)) is not None}
    if args.phi is not None and args.network is not None:
        raise UserError("Give --network or --phi: a published network, or one by the formula.")
    if shape and (name != "small" or args.phi is not None):
        raise UserError(f"Only the small network can be shaped by {' and '.join(f'--{option}' for option in shape)}; "
                        "give --network small, or --phi with --alpha and --beta.")
    if args.phi is not None:
        return compound(args.phi, args.alpha, args.beta, args.gamma, args.base)
    return small(replace(SCENES, **shape)) if name == "small" else published(name)

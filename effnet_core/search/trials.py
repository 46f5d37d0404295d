"""One trial of a search: a candidate on the thin base, trained from one seed and judged. The same arguments give the same outcome."""

import time

from .. import network
from ..cost import cost
from ..data import pictures, sources
from ..data.datasets import Data, Scenes
from ..errors import UserError
from ..learning import learner, training
from ..learning.pacing import Asked, Tell, check_memory
from ..learning.recipe import Recipe
from .searching import Interrupted
from .settings import Coefficients, Outcome, Setting

MOMENTUM = 0.1  # of batch norm: a short run cannot wait for the reference's 0.01


class Trainer:
    """Trains candidates as `setting` says; what they have in common of the data is found once.

    Raises `UserError` where there is no such data, it cannot be used, or something is `asked` meanwhile.
    """

    def __init__(self, setting: Setting, tell: Tell = lambda event: None, asked: Asked = lambda: False) -> None:
        self.setting, self._photos = setting, None
        if setting.data == sources.DRAWN:
            return

        def report(phase: str, done: int, total: int | None) -> None:
            tell({"phase": f"{phase} the photos", "done": done, "total": total, "unit": sources.UNITS[phase]})

        tell({"phase": "checking the photos"})
        self._photos = sources.collection(setting.data, on_progress=report, should_stop=lambda: bool(asked()))
        if setting.batch > len(self._photos.train):
            raise UserError(f"A batch of {setting.batch:,} images is more than the {len(self._photos.train):,} photos of {self._photos.name}.")

    @property
    def fingerprint(self) -> str:
        """By which the data are recognised in another process."""
        return sources.DRAWN if self._photos is None else self._photos.fingerprint

    def data(self, side: int, seed: int) -> Data:
        """Images of `side` pixels, in training and in judging alike."""
        return Scenes(side, seed) if self._photos is None else pictures.Photos(self._photos, side, seed, pictures.square(side))

    def __call__(self, candidate: Coefficients, seed: int, tell: Tell = lambda event: None, asked: Asked = lambda: False) -> Outcome:
        """Raises `Interrupted` once something is asked, and `UserError` where the candidate cannot be trained."""
        setting, begun = self.setting, time.monotonic()
        data = self.data(setting.network(candidate).scaling.side, seed)
        architecture = setting.network(candidate, len(data.labels))
        check_memory(architecture, setting.batch)
        built = network.build(architecture, momentum=MOMENTUM, seed=seed)
        learner.start_gently(built, seed)
        recipe = Recipe(steps=setting.steps, batch=setting.batch, seed=seed, evaluations=1, held_out_images=setting.held_out)
        result = training.train(built, data, recipe, on_event=tell, should_stop=lambda: "pause" if asked() else False)
        if result.paused:
            raise Interrupted
        total = cost(architecture)
        return Outcome(candidate, seed, result.evaluation.accuracy, total.macs, total.params, architecture.scaling.side,
                       round(time.monotonic() - begun, 3), result.evaluation.images)

"""Where searches are stored: begun, joined, listed by name and removed. By default each is a file of this machine's cache folder."""

import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress

import optuna
from optuna.exceptions import DuplicatedStudyError, ExperimentalWarning, StorageInternalError
from optuna.samplers import BaseSampler, GridSampler, TPESampler
from optuna.storages import RDBStorage
from sqlalchemy.exc import ArgumentError, IntegrityError, OperationalError, SQLAlchemyError

from ..errors import UserError
from .settings import Setting, path_of
from .studies import BEAT_S, GRACE_S, GridInOrder, Standing, Study

PATIENCE_S = 60.0  # for a locked database
TRIES = 5  # to open one that another process is just making

optuna.logging.set_verbosity(optuna.logging.ERROR)


def begin_or_join(name: str, wanted: Mapping, url: str | None = None) -> Study:
    """The search called `name`, begun with the fields `wanted` of a `Setting`, or joined.

    `url` is a storage as SQLAlchemy knows it, by default a file of this machine's cache folder. Raises `UserError` where it cannot
    be opened, or was begun with another setting.
    """
    try:
        return begin(name, Setting(**wanted), url)
    except DuplicatedStudyError:
        joined = join(name, url)
    if differences := joined.setting.differences(wanted):
        raise UserError(f"The search {name!r} was begun with {', '.join(differences)}; leave that out to join it, or choose another name.")
    return joined


def begin(name: str, setting: Setting, url: str | None = None) -> Study:
    """A new search. Raises `UserError` where it cannot be stored, and Optuna's `DuplicatedStudyError` where there is one of that name."""
    path = path_of(name)
    if url is None:
        with suppress(OSError):  # which opening it will say
            path.parent.mkdir(parents=True, exist_ok=True)
    storage = _storage(url or f"sqlite:///{path}")
    study = optuna.create_study(storage=storage, study_name=name, direction="maximize", sampler=_sampler(setting, new=True))
    study.set_user_attr("begun", time.time())
    study.set_user_attr("setting", setting.to_dict())
    return Study(study, setting)


def join(name: str, url: str | None = None) -> Study:
    """An existing search. Raises `UserError` where there is none of that name, it is damaged, or it is none of this app."""
    return _opened(name, _found(name, url))


def _found(name: str, url: str | None) -> RDBStorage:
    path = path_of(name)
    if url is None and not path.is_file():
        raise _missing(name)
    return _storage(url or f"sqlite:///{path}")


def _opened(name: str, storage: RDBStorage) -> Study:
    with _readable(name):
        try:
            study = optuna.load_study(study_name=name, storage=storage, sampler=GridSampler({"candidate": [0]}))
        except KeyError:
            raise _missing(name) from None
        setting = Setting.from_dict(_patiently_read(study))
        study.sampler = _sampler(setting, new=False)
        return Study(study, setting)


@contextmanager
def _readable(name: str) -> Iterator[None]:
    """Whatever a damaged file makes Optuna and what reads its rows raise becomes a sentence."""
    try:
        yield
    except UserError:
        raise
    except (StorageInternalError, SQLAlchemyError, KeyError, TypeError, ValueError, AttributeError) as broken:
        raise UserError(f"The search {name!r} is damaged ({type(broken).__name__}); remove it and begin a new one.") from broken


def _missing(name: str) -> UserError:
    return UserError(f"There is no search called {name!r}; begin one by that name.")


def _patiently_read(study: optuna.Study) -> dict:
    """The setting, which whoever is just beginning the search writes a moment after it exists."""
    for _ in range(TRIES * 4):
        if "setting" in study.user_attrs:
            return study.user_attrs["setting"]
        time.sleep(0.25)
    raise UserError(f"The study {study.study_name!r} in that storage is no search of this app; choose another name.")


def _sampler(setting: Setting, new: bool) -> BaseSampler:
    if setting.sampler == "grid":
        return GridInOrder({"candidate": [*range(len(setting.trained))], "seed": [*range(setting.seeds)]}, seed=0)  # the same in every process
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return TPESampler(seed=0 if new else None, n_startup_trials=max(4, setting.trials // 3), constant_liar=True)


def _storage(url: str) -> RDBStorage:
    """Raises `UserError` where it cannot be opened."""
    options = {"connect_args": {"timeout": PATIENCE_S}} if url.startswith("sqlite") else {}
    for attempt in range(TRIES):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ExperimentalWarning)
                return RDBStorage(url, engine_kwargs=options, heartbeat_interval=BEAT_S, grace_period=GRACE_S)
        except ArgumentError:
            raise UserError(f"{url!r} is no storage; it is given as an address, such as sqlite:///searches.sqlite3.") from None
        except ImportError as missing:
            raise UserError(f"The storage {url.partition(':')[0]!r} needs a database driver that is not installed ({missing}).") from None
        except (SQLAlchemyError, StorageInternalError, RuntimeError) as failed:
            crossed = isinstance(failed, OperationalError | IntegrityError)  # of two processes that make one at the same moment, one may fail
            if not crossed or attempt == TRIES - 1:
                raise UserError(f"The storage could not be opened ({str(failed).splitlines()[0]}); give one that exists or can be made.") from failed
            time.sleep(0.3 * (attempt + 1))
    raise AssertionError("unreachable")


def standing(name: str, url: str | None = None) -> Standing:
    """Raises `UserError` as `join` does."""
    storage = _found(name, url)
    try:
        study = _opened(name, storage)
        with _readable(name):
            return study.standing()
    finally:
        storage.engine.dispose()  # otherwise its file stays open


def remove(name: str) -> None:
    """Deletes a search of this machine. Raises `UserError` where there is none, or it is at work."""
    path = path_of(name)
    if not path.is_file():
        raise _missing(name)
    running = ()
    with suppress(UserError):  # what is damaged goes too
        running = standing(name).running
    if running:
        raise UserError(f"The search {name!r} is at work; it can be removed once it has ended or is paused.")
    try:
        for file in (path, path.with_name(f"{path.name}-journal")):
            file.unlink(missing_ok=True)
    except OSError as failed:
        raise UserError(f"The search {name!r} could not be removed ({failed.strerror or failed}); close what has its file open.") from failed

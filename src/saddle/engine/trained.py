"""A run as its training left it, with all that the weights which `sample` draws with do not hold."""

from omegaconf import DictConfig

from saddle.callbacks.restoring import restore
from saddle.data.base import Data
from saddle.engine.building import build_classes, build_data, build_model, samples_of
from saddle.engine.stored import stored_config
from saddle.models.base import GenerativeModel
from saddle.runs.checkpoints import Checkpoints
from saddle.runs.folder import RunFolder


def trained(run: RunFolder) -> tuple[DictConfig, Data, GenerativeModel]:
    """Its configuration, its data, and its model at the newest state: all networks, their averages, the codes.

    Raises:
        LookupError: it has stored no state.
        ValueError: its configuration or its state was changed by hand, or is of another version.
    """
    cfg = stored_config(run, files=True)
    data = build_data(cfg)
    model = build_model(cfg, build_classes(cfg, data), samples_of(data))
    state, _ = Checkpoints(run.checkpoints).load()
    if state is None:
        raise LookupError(f"{run.path} has no state yet: it is stored every checkpoint_every updates")
    restore(model, state)
    model.data = data
    return cfg, data, model.eval()

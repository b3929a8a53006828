"""A run as its training left it: all networks, their averages and the codes, of which `sample` needs only a part."""

from saddle.engine.experiment import Experiment
from saddle.engine.stored import stored_config
from saddle.runs.checkpoints import Checkpoints
from saddle.runs.folder import RunFolder


def trained(run: RunFolder) -> Experiment:
    """The run's experiment, whose model is in the newest stored state and in evaluation mode.

    Raises:
        LookupError: the run has stored no state.
        ValueError: its configuration or its state was changed by hand, or is of another version.
    """
    experiment = Experiment(stored_config(run, files=True), run)
    state, _ = Checkpoints(run.checkpoints).load()
    if state is None:
        raise LookupError(f"{run.path} has no state yet: it is stored every checkpoint_every updates")
    experiment.restore(state)
    experiment.model.eval()
    return experiment

"""Views of a finished run's latent code: one picture and its numbers."""

from collections.abc import Mapping

from saddle.engine.experiment import Experiment
from saddle.engine.stored import stored_config
from saddle.runs.folder import RunFolder, write_json
from saddle.runs.weights import LAST
from saddle.samples.codes.subject import Subject
from saddle.samples.codes.views.interpolation import interpolation
from saddle.samples.codes.views.plane import plane
from saddle.samples.codes.views.traversal import dimensions, directions, factors
from saddle.samples.codes.views.truncation import truncation
from saddle.samples.codes.views.view import Draw
from saddle.samples.outputs import Output
from saddle.samples.sampling import Samples, best_device, coded, described, load_model, save_picture

VIEWS: Mapping[str, Draw] = {
    "plane": plane,
    "interpolation": interpolation,
    "dimensions": dimensions,
    "directions": directions,
    "factors": factors,
    "truncation": truncation,
}


def render_view(
    run: RunFolder,
    view: str,
    *,
    state: str = LAST,
    rows: int,
    seed: int | None,
    label: int | None,
    threshold: float | None,
    out: Output,
) -> str:
    """Draw one view of the run's code as the picture `out`, store its numbers, and return them as a table.

    Args:
        run: folder of the run.
        view: one of `VIEWS`.
        state: whose weights: `last`, `best`, or a number of updates.
        rows: number of rows; for `truncation` number of columns.
        seed: seed of the codes; None for that of the run.
        label: class of all samples; None to keep the class of each path's first sample along the path.
        threshold: threshold of truncated codes; None for codes of the prior.
        out: paths of the output.

    Raises:
        LookupError, ValueError: as `load_model`; the model has no code; the view needs factors that are not known.
        OSError: the output cannot be written.
    """
    cfg = stored_config(run, files=False)
    model = coded(load_model(run, cfg, state), f"draw={view}").to(best_device())
    experiment = Experiment(cfg, run)
    samples = Samples(model, seed=cfg.seed if seed is None else seed, label=label, threshold=threshold)
    about = {**described(run, model, experiment.data, samples, state), "draw": view}
    extractor = next((extractor.to(best_device()) for extractor in experiment.extractors), None)
    subject = Subject(
        model=model, data=experiment.data, extractor=extractor, seed=samples.seed, label=label, threshold=threshold
    )
    drawn = VIEWS[view](subject, rows)
    write_json(out.numbers, {**about, **drawn.numbers})
    save_picture(drawn.picture, out.picture, about)
    return drawn.words

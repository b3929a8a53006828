"""A finished run's code, looked into: one picture and its numbers."""

import json
from collections.abc import Mapping

from saddle.engine.building import build_data, own_extractors
from saddle.engine.stored import stored_config
from saddle.runs.folder import RunFolder, replace_file
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


def look(
    run: RunFolder, view: str, *, rows: int, seed: int | None, label: int | None, threshold: float | None, out: Output
) -> str:
    """Draw one view of the run's code as a picture `out`, its numbers beside it; what the numbers say, for a person.

    Args:
        run: the run.
        view: one of `VIEWS`.
        rows: how many; of `truncation` columns.
        seed: of the codes; None is the run's own.
        label: the class of all samples; None: each path keeps the class of the sample that it begins with.
        threshold: of truncated codes; None: the prior's own.
        out: where.

    Raises:
        LookupError, ValueError: as `load_model`; the model has no code; the view wants factors that nobody knows.
        OSError: it cannot be written.
    """
    cfg = stored_config(run, files=False)
    model, data = coded(load_model(run, cfg), f"draw={view}").to(best_device()), build_data(cfg)
    samples = Samples(model, seed=cfg.seed if seed is None else seed, label=label, threshold=threshold)
    about = {**described(run, model, data, samples), "draw": view}
    extractor = next((own.to(best_device()) for own in own_extractors(cfg)), None)
    subject = Subject(model=model, data=data, extractor=extractor, seed=samples.seed, label=label, threshold=threshold)
    found = VIEWS[view](subject, rows)
    numbers = json.dumps({**about, **found.numbers}, indent=2, ensure_ascii=False) + "\n"
    replace_file(out.numbers, lambda file: file.write(numbers.encode()))
    save_picture(found.picture, out.picture, about)
    return found.words

"""Is a resumed run the run that was never interrupted? Kills at random moments, each resumed and compared bit for bit.

    python experiments/faults/kills.py [kills=120] [seed=0] [only=WORDS] [fresh=true]     one core: about 10 minutes

For each case one run is left alone; others of the same settings are killed with SIGKILL once or twice, at moments
spread over the whole run, and started again by the same command. Of the processes of a run on several devices one is
killed, any of them, and the others must end by themselves. Expected: parameters, buffers, optimisers, averages,
metrics, grids, summary and evaluation are the same bits every time.

Each attempt is stored in results/kills.json as it ends, and the same command resumes there; fresh=true begins again,
and so does a change of Saddle's sources or of the cases. Writes a table of README.md, and ends with 1 if a run differs.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

from saddle_studies import interruption, readme
from saddle_studies.killing import Killing, run_to_end

import numpy as np
import torch
from PIL import Image

import saddle
from saddle.cli import evaluate
from saddle.cli.arguments import arguments, whole_number
from saddle.cli.training import carry_out
from saddle.config.commandline import compose_job
from saddle.config.keys import CONF
from saddle.config.packages import Package
from saddle.engine import session  # noqa: F401  # imported here once, for all the processes that are forked
from saddle.evaluation import finished  # noqa: F401
from saddle.noise import generator
from saddle.runs.folder import RunFolder, read_json, write_json
from saddle.runs.naming import register_resolvers

HERE = Path(__file__).resolve().parent
ALLOWED = {
    "kills": "how many, by default 120, shared out evenly over the cases",
    "seed": "of the moments, by default 0",
    "only": "cases whose name has these words",
    "fresh": "true forgets the stored kills",
}
COMMON = ["logger=none", "batch_size=16", "sample_images=4", "evaluate_images=60", "updates=40"]
EVERY = ["log_every=7", "sample_every=10", "evaluate_every=9", "checkpoint_every=4"]
IMAGES = ["data=digits", "resolution=8"]
MLP = ["network=mlp", "trainer.precision=32-true"]
SMALL_RESNET = ["network.generator.width=32", "network.generator.widest=32", "network.discriminator.width=32"]
OWN_DATA = {"discriminator_enumeration": ["data=bars_and_stripes"]}
"""Model -> data that it needs."""
BATCH_NORM = ["network.discriminator.norm=batch", "trainer.precision=bf16-mixed"]


@dataclass(frozen=True, kw_only=True)
class Case:
    """A kind of run.

    Attributes:
        settings: overrides in addition to `COMMON` and `EVERY`.
        evaluated: whether the process that is killed evaluates the finished run instead of training it.
        after: share of the run's duration before which it is not killed.
    """

    settings: Sequence[str]
    evaluated: bool = False
    after: float = 0.0


CASES = {
    "GAN, mlp, k = 1": Case(settings=[*IMAGES, *MLP]),
    "GAN, dcgan, spectral norm, k = 2, bf16": Case(settings=[*IMAGES, "d_steps=2", "trainer.precision=bf16-mixed"]),
    "GAN, dcgan, batch norm, bf16": Case(settings=[*IMAGES, *BATCH_NORM]),
    "GAN, resnet with labels, snapshots of all states": Case(
        settings=[*IMAGES, "network=resnet", *SMALL_RESNET, "labels=true", "keep=all"]
    ),
    "GAN, r3gan, RpGAN, R1 and R2, AdamW, cosine with warm-up": Case(
        settings=[
            *IMAGES,
            *("network=r3gan", "loss=rpgan", "penalty=r1_r2"),
            *(f"optimizer@optimizer.{player}=adamw" for player in ("generator", "discriminator")),
            *(f"schedule@schedule.{player}=cosine" for player in ("generator", "discriminator")),
            "schedule.generator.warm_up=9",
        ]
    ),
    "GAN, own images mapped from a file, k = 3, no average": Case(
        settings=["data=folder", "data.root=pictures", "resolution=16", "d_steps=3", "average_half_life=null"]
    ),
    "GAN, points, gradient penalty, two G steps": Case(
        settings=["data=ring", "loss=wasserstein", "penalty=gradient_penalty", "g_steps=2", *MLP]
    ),
    "GAN, LeCam, ADA": Case(
        settings=[*IMAGES, *MLP, "penalty=lecam", "augment=ada", "augment.probability=0.5", "augment.kimg=1"]
    ),
    "GAN, dcgan, DRAGAN, ADA, linear schedules": Case(
        settings=[
            *(*IMAGES, "penalty=dragan", "augment=ada", "augment.kimg=1"),
            *(f"schedule@schedule.{player}=linear" for player in ("generator", "discriminator")),
        ]
    ),
    "GAN, weight clipping, RMSprop, DiffAugment": Case(
        settings=[
            *(*IMAGES, *MLP, "loss=wasserstein", "penalty=weight_clipping", "augment=diffaugment"),
            *(f"optimizer@optimizer.{player}=rmsprop" for player in ("generator", "discriminator")),
        ]
    ),
    **{
        f"model={name}": Case(settings=[*OWN_DATA.get(name, IMAGES), *MLP, f"model={name}"])
        for name in sorted(path.stem for path in (CONF / "model").glob("*.yaml"))
        if name != "gan"
    },
    "GAN, mlp, k = 2, W = 2": Case(settings=[*IMAGES, *MLP, "d_steps=2", "trainer.devices=2"]),
    "GAN, batch norm, ADA, LeCam, bf16, W = 2": Case(
        settings=[*IMAGES, *BATCH_NORM, "augment=ada", "augment.kimg=1", "penalty=lecam", "trainer.devices=2"]
    ),
    "GAN, batch norm, bf16, W = 4": Case(settings=[*IMAGES, *BATCH_NORM, "trainer.devices=4"]),
    "the last evaluation, weights and summary of a run": Case(settings=[*IMAGES, *MLP, "evaluate_every=1"], after=0.9),
    "an evaluation of a finished run": Case(settings=[*IMAGES, *MLP], evaluated=True),
}


def main() -> int:
    """Carry out the kills; the exit code."""
    given = arguments(ALLOWED, sys.argv, __doc__ or "")
    try:
        return _kills(given)
    except (ValueError, OSError, RuntimeError) as error:
        sys.exit(f"error: {error}")


def _kills(given: dict[str, str]) -> int:
    kills = whole_number("kills", given.get("kills", "120"))
    seed = whole_number("seed", given.get("seed", "0"), least=0)
    names = [name for name in CASES if given.get("only", "") in name]
    if not names:
        raise ValueError(f"only={given['only']}: no case has these words in its name; they are {'; '.join(CASES)}")
    register_resolvers()
    sources = Package("saddle", Path(saddle.__file__)).describe()["sources"]
    cases = {name: asdict(case) for name, case in CASES.items()}
    of = {"seed": seed, "torch": torch.__version__, "sources": sources, "settings": [*COMMON, *EVERY], "cases": cases}
    stored = HERE / "results" / "kills.json"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as place:
        os.environ["SADDLE_CACHE"] = str(Path(place, "cache"))
        os.chdir(place)
        _pictures(Path("pictures"))
        if given.keys() & {"kills", "only"}:
            stored = Path(place, "kills.json")  # an attempt at something smaller replaces no evidence
        elif given.get("fresh") == "true":
            stored.unlink(missing_ok=True)
        interruption.keep(lambda: f"each finished attempt is in {stored}; the same command resumes")
        attempts = carried_out(of, stored, names, -(-kills // len(names)), partial(_killing, Path(place)))
    wrong = [one for one in attempts if not one["same"]]
    for one in wrong:
        print(f"{one['case']}, attempt {one['number']}: {one['words']}")
    if stored.parent == HERE / "results":
        readme.replace(HERE / "README.md", "kills", table(attempts))
    print(f"{sum(one['kills'] for one in attempts)} kills, {sum(one['kills'] for one in wrong)} resumed to other bits")
    return int(bool(wrong))


def carried_out(
    of: dict[str, Any], stored: Path, names: Sequence[str], kills: int, killing: Callable[[str], Killing]
) -> list[dict[str, Any]]:
    """All attempts at `kills` kills of each case: the stored ones, if they are of the same code, and those missing."""
    before = read_json(stored) or {}
    attempts: list[dict[str, Any]] = before["attempts"] if before.get("of") == of else []
    for name in names:
        done = [one["kills"] for one in attempts if one["case"] == name]
        runs = killing(name) if sum(done) < kills else None
        while runs and sum(done) < kills:
            draw = generator("faults", of["seed"], name, len(done))
            count = min(kills - sum(done), int(draw.integers(1, 3)))
            attempts.append(asdict(runs.attempt(len(done), count, draw)))
            write_json(stored, {"of": of, "attempts": attempts})
            done.append(attempts[-1]["kills"])
            print(json.dumps(attempts[-1]), flush=True)
    return attempts


def _killing(place: Path, name: str) -> Killing:
    """The runs of a case, in `place`."""
    case = CASES[name]
    cfg, _, _ = compose_job([*COMMON, *EVERY, *case.settings])
    trained = RunFolder(place / "trained")

    def train(folder: RunFolder) -> int:
        return carry_out(deepcopy(cfg), folder)

    def measure(folder: RunFolder) -> int:
        evaluate.main(["evaluate", f"run={folder.path}", "extractor=none", "images=120"])
        return 0

    def copy(folder: RunFolder) -> None:
        shutil.copytree(trained.path, folder.path)

    if not case.evaluated:
        return Killing(case=name, command=train, prepare=lambda folder: None, place=place, after=case.after)
    run_to_end(train, trained)
    return Killing(case=name, command=measure, prepare=copy, place=place, after=case.after)


def _pictures(folder: Path) -> None:
    folder.mkdir()
    pixels = generator("faults", "pictures").integers(0, 256, (80, 20, 24, 3), dtype=np.uint8)
    for number, image in enumerate(pixels):
        Image.fromarray(image).save(folder / f"{number}.png")


def table(attempts: Sequence[dict[str, Any]]) -> str:
    """The attempts of each case as a table of Markdown."""
    title = ["case", "kills", "resumed to the same bits", "resumed from updates", "all ended within", "time for a kill"]
    rows = []
    for name in dict.fromkeys(one["case"] for one in attempts):
        own = [one for one in attempts if one["case"] == name]
        rows.append([name, *_row(own)])
    return readme.table(title, [*rows, ["all", *_row(attempts)]])


def _row(attempts: Sequence[dict[str, Any]]) -> list[str]:
    kills = sum(one["kills"] for one in attempts)
    updates = sorted({number for one in attempts for number in one["resumed_from"] if number is not None})
    return [
        str(kills),
        str(sum(one["kills"] for one in attempts if one["same"])),
        " to ".join(map(str, dict.fromkeys([updates[0], updates[-1]]))) if updates else "the beginning",
        f"{max(one['slowest_end'] for one in attempts):.1f} s",
        f"{sum(one['seconds'] for one in attempts) / max(kills, 1):.1f} s",
    ]


if __name__ == "__main__":
    sys.exit(main())

"""How well G solves the argmax of its D, of a finished game: both networks as training left them."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from saddle_studies.solver import solved

import torch

from saddle.data.base import Data
from saddle.models.discriminating import scoring
from saddle.models.gan import GAN
from saddle.samples.codes.views.sheet import Row
from saddle.search.ascent import Ascent

COUNT, RATE, REPEATS = 64, 0.01, 5


def solver(
    data: Data, model: GAN, seed: int, steps: Sequence[int], columns: int
) -> tuple[list[dict[str, Any]], list[Row]]:
    """For each number of steps of ascent from G(z): D's logits (medians over COUNT codes), and what both ways cost.

    D is in evaluation mode. The rows are `columns` reals, what G draws, and what is found from there.
    """
    codes, real = model.prior(range(COUNT), 0), data.sample(seed, range(COUNT), model.device)
    generator, examples = model.generator.eval(), []
    rows = [Row("real", real[:columns]), Row("G(z)", generator(codes[:columns]).detach())]
    with scoring(model.discriminator) as critic:
        for count in steps:
            ascent = Ascent(rate=RATE, bounded=True)
            best = solved(generator, critic, codes, ascent=ascent, steps=count, repeats=REPEATS)
            with torch.no_grad():
                of_real = float(critic(real).median())
            examples.append(
                {
                    "steps": count,
                    "real": of_real,
                    "generated": median(best.generated.tolist()),
                    "found": median(best.searched.tolist()),
                    "moved": median(best.moved.tolist()),
                    "ratio": best.ratio,
                }
            )
            rows.append(Row(f"{count:,} step{'s' * (count > 1)}", best.points[:columns].detach()))
    return examples, rows

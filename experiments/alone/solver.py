"""How well G solves the argmax of its D: `python experiments/alone/solver.py RUN [STEPS]`, of a finished game.

Both networks as training left them; D in evaluation mode. Prints D's logits and what both ways cost.
"""

import sys
from pathlib import Path

import torch

from saddle.building import build_data, build_model
from saddle.callbacks.restoring import restore
from saddle.checkpoints import Checkpoints
from saddle.models.gan import GAN
from saddle.models.judging import scoring
from saddle.runs.folder import RunFolder
from saddle.search.ascent import Ascent
from saddle.search.solver import solved
from saddle.stored import stored_config

COUNT, RATE, REPEATS = 64, 0.01, 9


def main() -> None:
    """Print the comparison for the run that is named."""
    run, steps = RunFolder(Path(sys.argv[1])), [int(text) for text in sys.argv[2:]] or [10, 100]
    cfg = stored_config(run, files=True)
    model = build_model(cfg)
    state, _ = Checkpoints(run.checkpoints).load()
    assert isinstance(model, GAN)
    assert state is not None
    restore(model, state)
    torch.set_num_threads(1)
    codes, real = model.prior(range(COUNT), 0), build_data(cfg).sample(cfg.seed, range(COUNT), model.device)
    print("| steps | D(x) | D(G(z)) | D found | x moved (rms) | seconds of G | of the search | ratio |")
    print("| ---: " * 8 + "|")
    generator = model.generator.eval()
    with scoring(model.discriminator) as critic:
        for count in steps:
            ascent = Ascent(rate=RATE, bounded=True)
            found = solved(generator, critic, codes, ascent=ascent, steps=count, repeats=REPEATS)
            numbers = [critic(real).median(), found.generated.median(), found.searched.median(), found.moved.median()]
            cells = [f"{float(number):.3g}" for number in numbers]
            times = [f"{found.seconds_generator:.2g}", f"{found.seconds_search:.2g}", f"{found.ratio:,.0f}"]
            print(f"| {count} | {' | '.join(cells + times)} |")


if __name__ == "__main__":
    main()

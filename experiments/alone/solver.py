"""How well G solves the argmax of its D: `python experiments/alone/solver.py RUN OUT.png [STEPS]`, of a finished game.

Both networks as training left them; D in evaluation mode. Prints D's logits (medians) and what both ways cost; draws a
row of reals, one of what G draws, and one of what is found from there in each number of steps.
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

COUNT, RATE, REPEATS, COLUMNS = 64, 0.01, 9, 12


def main() -> None:
    """Print the comparison for the run that is named."""
    run, steps = RunFolder(Path(sys.argv[1])), [int(text) for text in sys.argv[3:]] or [10, 100]
    cfg = stored_config(run, files=True)
    model = build_model(cfg)
    state, _ = Checkpoints(run.checkpoints).load()
    assert isinstance(model, GAN)
    assert state is not None
    restore(model, state)
    torch.set_num_threads(1)
    data, codes = build_data(cfg), model.prior(range(COUNT), 0)
    real = data.sample(cfg.seed, range(COUNT), model.device)
    print("| steps | D(x) | D(G(z)) | D found | x moved (rms) | seconds of G | of the search | ratio |")
    print("| ---: " * 8 + "|")
    generator = model.generator.eval()
    rows = [real[:COLUMNS], generator(codes[:COLUMNS]).detach()]
    with scoring(model.discriminator) as critic:
        for count in steps:
            ascent = Ascent(rate=RATE, bounded=True)
            found = solved(generator, critic, codes, ascent=ascent, steps=count, repeats=REPEATS)
            numbers = [critic(real).median(), found.generated.median(), found.searched.median(), found.moved.median()]
            cells = [f"{float(number):.3g}" for number in numbers]
            times = [f"{found.seconds_generator:.2g}", f"{found.seconds_search:.2g}", f"{found.ratio:,.0f}"]
            print(f"| {count} | {' | '.join(cells + times)} |")
            rows.append(found.points[:COLUMNS].detach())
    data.render(torch.cat(rows), COLUMNS).save(sys.argv[2])


if __name__ == "__main__":
    main()

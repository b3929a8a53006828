"""Notes on settings that work but are perhaps not what was meant, one line each.

A hint takes the resolved configuration as a plain mapping, as a rule does (`rules.py`), and refuses nothing.
"""

from collections.abc import Callable, Iterator
from typing import Any

from omegaconf import DictConfig, OmegaConf

from saddle.config.messages import show
from saddle.config.options import chosen
from saddle.config.source import attribute
from saddle.config.targets import resolve

Values = dict[str, Any]
Hint = Callable[[Values], Iterator[str]]
FAR = 10.0
"""A factor: StyleGAN2-ADA's own configurations lie within 5 of its heuristic."""


def hints(cfg: DictConfig) -> list[str]:
    """All hints for a configuration that passed the check."""
    values: Any = OmegaConf.to_container(cfg, resolve=True)
    return [said for hint in HINTS for said in hint(values)]


def gamma_elsewhere(values: Values) -> Iterator[str]:
    """A gamma of one resolution and batch is wrong by orders of magnitude at another.

    A D that sees in an enlarged picture what it saw in the small one has half the slope at twice the side, so gamma
    must grow with the square of the side. The heuristic, gamma = 0.0002 resolution^2 / batch_size in the same
    convention, is that of StyleGAN2-ADA's code (Karras et al. 2020; train.py).
    """
    penalty, shape = values.get("penalty"), values["data"].get("shape") or []
    if not penalty or len(shape) != 3 or not attribute(resolve(penalty["_target_"], "penalty"), "has_gamma"):
        return
    gamma, proposed = penalty["gamma"], 0.0002 * shape[1] * shape[2] / values["batch_size"]
    if gamma and not 1 / FAR <= gamma / proposed <= FAR:
        yield (
            f"penalty.gamma={show(gamma)}; the heuristic of StyleGAN2-ADA, 0.0002 resolution^2 / batch_size, proposes "
            f"{proposed:.2g} here"
        )


def decay_beyond(values: Values) -> Iterator[str]:
    """A run that was made shorter may end before its rates have fallen."""
    for player, node in values["schedule"].items():
        end = (node or {}).get("end")
        if end is not None and end > values["updates"]:
            yield (
                f"schedule.{player}.end={end:,} lies beyond the last update, {values['updates']:,}: the rate will not "
                "have fallen to its end"
            )


def clipping_undone(values: Values) -> Iterator[str]:
    """A spectral norm divides a weight by its size, so it hardly matters to which size the weight is clipped."""
    penalty = values.get("penalty")
    if (
        penalty
        and attribute(resolve(penalty["_target_"], "penalty"), "confines_weights")
        and _norm(values) == "spectral"
    ):
        yield (
            f"network.discriminator.norm=spectral undoes {chosen('penalty', values)}: it divides the weights by their "
            "size; network.discriminator.norm=none leaves it in force"
        )


def nothing_bounds(values: Values) -> Iterator[str]:
    """A difference of means grows with D, and D with nothing that holds it."""
    loss = values.get("loss")
    if not loss or values.get("penalty") or _norm(values) == "spectral":
        return
    if attribute(resolve(loss["_target_"], "loss"), "needs_lipschitz"):
        yield (
            f"{chosen('loss', values)} wants a Lipschitz D, and here nothing keeps it so: its value means nothing and "
            "grows; penalty=gradient_penalty or a spectral norm bounds it"
        )


def _norm(values: Values) -> Any:
    return (values["network"].get("discriminator") or {}).get("norm")


HINTS: tuple[Hint, ...] = (gamma_elsewhere, decay_beyond, clipping_undone, nothing_bounds)

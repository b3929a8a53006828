"""Likelihood of a model whose density is known, and its distance from data whose density is known."""

import torch

from saddle.callbacks.measure import Instrument, Reading
from saddle.data.densities.analytic import AnalyticData
from saddle.models.mixture import Mixture
from saddle.theory import between
from saddle.theory.density import Density


class LogLikelihood(Instrument):
    """The mean log-likelihood of a model with a density, and the KL from P_data to it.

    `log_likelihood` is the mean of log p over held-out samples, in nats for a sample, on the subspace in which the
    model has a density; `log_likelihood_error` its standard error; `log_likelihood_train` the same over samples that it
    learned from: the gap is what it knows by heart. For data on the line or in the plane whose density is known `kl` is
    KL(P_data || P_G), by quadrature: what maximum likelihood minimises (lecture II.1). A model in a smaller subspace
    has no density there, and the KL is infinite: it is not given.

    Args:
        every: updates between two readings.
        count: samples of each kind; fewer where fewer are held out.
    """

    model_type = Mixture

    def __init__(self, *, every: int, count: int) -> None:
        self.every, self.count = every, count

    def measure(self, model: Mixture) -> dict[str, Reading]:  # type: ignore[override]  # of `model_type`
        device = torch.device("cpu")
        seen = model.log_prob(model.data.sample(model.seed, range(min(self.count, model.images)), device))
        readings: dict[str, Reading] = {"log_likelihood_train": float(seen.mean())}
        count = min(self.count, model.data.held_out)
        if count > 1:
            unseen = model.log_prob(model.data.unseen(model.seed, range(count), device))
            readings["log_likelihood"] = float(unseen.mean())
            readings["log_likelihood_error"] = float(unseen.std()) / count**0.5
        truth = model.data.distribution if isinstance(model.data, AnalyticData) else None
        p = model.distribution()
        if isinstance(truth, Density) and truth.shape == p.shape and p.shape in ((1,), (2,)):
            readings["kl"] = between.kl(truth, p).value
        return readings

"""The likelihood of a model with a known density, and its divergence from data with a known density."""

import torch

from saddle.callbacks.measure import Instrument, Reading
from saddle.data.densities.analytic import AnalyticData
from saddle.models.mixture import Mixture
from saddle.theory import between
from saddle.theory.density import Density


class LogLikelihood(Instrument):
    """The mean log-likelihood of a model with a density, and the KL from P_data to it.

    `log_likelihood` is the mean of log p over held-out samples, in nats per sample, on the subspace in which the model
    has a density. `log_likelihood_error` is its standard error. `log_likelihood_train` is the mean over training
    samples; the gap between the two measures overfitting. For data on the line or in the plane with a known density,
    `kl` is KL(P_data || P_G) by quadrature, which maximum likelihood minimises (lecture II.1). It is left out for a
    model in a smaller subspace, for which it is infinite.

    Args:
        every: updates between two readings.
        count: number of samples of each kind, or all held-out ones if these are fewer.
    """

    model_type = Mixture

    def __init__(self, *, every: int, count: int) -> None:
        self.every, self.count = every, count

    def measure(self, model: Mixture) -> dict[str, Reading]:  # type: ignore[override]  # of `model_type`
        device = torch.device("cpu")
        train = model.log_prob(model.data.sample(model.seed, range(min(self.count, model.images)), device))
        readings: dict[str, Reading] = {"log_likelihood_train": float(train.mean())}
        count = min(self.count, model.data.held_out)
        if count > 1:
            held_out = model.log_prob(model.data.unseen(model.seed, range(count), device))
            readings["log_likelihood"] = float(held_out.mean())
            readings["log_likelihood_error"] = float(held_out.std()) / count**0.5
        truth = model.data.distribution if isinstance(model.data, AnalyticData) else None
        p = model.distribution()
        if isinstance(truth, Density) and truth.shape == p.shape and p.shape in ((1,), (2,)):
            readings["kl"] = between.kl(truth, p).value
        return readings

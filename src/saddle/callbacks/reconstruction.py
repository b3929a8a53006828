"""The generator alone: its reconstruction error, and whether similar images have similar codes."""

import torch
from torch import Tensor
from torch.nn.functional import pdist

from saddle.callbacks.measure import Instrument, Reading
from saddle.models.regression import EncodingModel, RegressionModel, squared_error
from saddle.models.vae import VAE


class Reconstruction(Instrument):
    """How well a model that learns by regression reconstructs images from their latent codes.

    `reconstruction_train` is the root of the mean squared error, in units of x (from -1 to 1), over `count` training
    samples and their codes. `reconstruction` is the same over held-out samples, for a model with an encoder.
    `code_correlation` is the Pearson correlation of the distances between two codes and between their two training
    samples. It is 0 for fixed random codes, which is the lecture's argument against them (I.2.1). Pairs of an image
    with itself, which occur in a set smaller than `count`, are left out.

    For a VAE whose likelihood is a density of x there are also `elbo`, `elbo_error` (its standard error) and `iw_bound`
    over held-out samples, in nats per sample, with `draws` codes for each: lower bounds of E log p(x), see
    `VAE.bounds`.

    Args:
        every: updates between two readings.
        count: number of samples of each kind.
        draws: number of codes for each sample of a bound.
    """

    model_type = RegressionModel

    def __init__(self, *, every: int, count: int, draws: int) -> None:
        self.every, self.count, self.draws = every, count, draws

    def measure(self, model: RegressionModel) -> dict[str, Reading]:  # type: ignore[override]  # of `model_type`
        with torch.no_grad():
            return dict(self._train(model) | self._held_out(model))

    def _train(self, model: RegressionModel) -> dict[str, float]:
        x = model.data.sample(model.seed, range(self.count), model.device)
        labels = model.data.labels(model.seed, range(self.count), model.device) if model.classes else None
        codes = model.codes_of(model.seed, range(self.count))
        readings = {"reconstruction_train": _error(x, model.decode(codes, labels))}
        if model.updates:  # before the first update an encoder may map all images to one code
            distances = pdist(x.flatten(1).double())  # [pairs]
            distinct = distances > 0
            readings["code_correlation"] = correlation(pdist(codes.double())[distinct], distances[distinct])
        return readings

    def _held_out(self, model: RegressionModel) -> dict[str, float]:
        count = min(self.count, model.data.held_out)
        if not isinstance(model, EncodingModel) or not count:
            return {}
        x = model.data.unseen(model.seed, range(count), model.device)
        labels = model.data.unseen_labels(model.seed, range(count), model.device) if model.classes else None
        readings = {"reconstruction": _error(x, model.decode(model.encode(x), labels))}
        if isinstance(model, VAE) and model.likelihood.bounds:
            elbo, iw_bound = model.bounds(x, labels, self.draws, model.seed)
            error = float(elbo.std()) / count**0.5
            readings |= {"elbo": float(elbo.mean()), "elbo_error": error, "iw_bound": float(iw_bound.mean())}
        return readings


def correlation(x: Tensor, y: Tensor) -> float:
    """The Pearson correlation of x and y [count]."""
    return float(torch.corrcoef(torch.stack([x, y]))[0, 1])


def _error(x: Tensor, decoded: Tensor) -> float:
    return float(squared_error(x, decoded).mean().sqrt())

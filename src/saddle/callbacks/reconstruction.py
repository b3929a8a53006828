"""The generator alone: how well it reconstructs images, and whether near codes belong to near images."""

import torch
from torch import Tensor
from torch.nn.functional import pdist

from saddle.callbacks.measure import Instrument, Reading
from saddle.models.encoding import EncodingModel
from saddle.models.regression import RegressionModel, squared_error
from saddle.models.vae import VAE


class Reconstruction(Instrument):
    """How well a model that learns by regression reconstructs images from their latent codes.

    `reconstruction_train` is the root of the mean squared error, in units of x (from -1 to 1), over `count` training
    samples and their codes; `reconstruction` the same over as many held-out samples, where there is an encoder for
    them. `code_correlation` is the correlation (Pearson) of the distances between two codes and between their two
    training samples, over pairs that differ: the lecture's reason against fixed random codes (I.2.1) is that it is 0
    there. (A set smaller than `count` is visited again, and pairs of an image with itself would say otherwise.)

    Of a VAE whose likelihood is a density of x also `elbo`, `elbo_error` (its standard error) and `iw_bound` over
    held-out samples, in nats for a sample, with `draws` codes for each: lower bounds of E log p(x), see `VAE.bounds`.

    Args:
        every: updates between two readings.
        count: samples of each kind.
        draws: codes for each sample of a bound.
    """

    model_type = RegressionModel

    def __init__(self, *, every: int, count: int, draws: int) -> None:
        self.every, self.count, self.draws = every, count, draws

    def measure(self, model: RegressionModel) -> dict[str, Reading]:  # type: ignore[override]  # of `model_type`
        with torch.no_grad():
            return dict(self._seen(model) | self._unseen(model))

    def _seen(self, model: RegressionModel) -> dict[str, float]:
        x = model.data.sample(model.seed, range(self.count), model.device)
        labels = model.data.labels(model.seed, range(self.count), model.device) if model.classes else None
        codes = model.codes_of(model.seed, range(self.count))
        readings = {"reconstruction_train": _error(x, model.decode(codes, labels))}
        if model.updates:  # before the first update an encoder may say one code of all
            apart = pdist(x.flatten(1).double())  # [pairs]
            readings["code_correlation"] = correlation(pdist(codes.double())[apart > 0], apart[apart > 0])
        return readings

    def _unseen(self, model: RegressionModel) -> dict[str, float]:
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


def correlation(one: Tensor, other: Tensor) -> float:
    """Pearson's, of two lists of numbers [count]."""
    return float(torch.corrcoef(torch.stack([one, other]))[0, 1])


def _error(x: Tensor, drawn: Tensor) -> float:
    return float(squared_error(x, drawn).mean().sqrt())

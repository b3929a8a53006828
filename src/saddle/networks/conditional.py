"""Layers that receive the class of each sample: codes and normalisations of generators, D's projection."""

import torch
from pydantic import PositiveInt
from torch import Tensor, nn

from saddle.networks.base import Conditional, required


class ClassCode(Conditional):
    """Codes z [batch, code_size] to (z, embed(y)) [batch, 2 code_size] (Mirza and Osindero 2014).

    For generators without a normalisation that could receive the class. The embedding of a class is learned; it starts
    as a draw from N(0, I), on the same scale as the code.

    Args:
        code_size: dimensions of a code and of the embedding of a class.
        classes: number of classes.
    """

    def __init__(self, *, code_size: PositiveInt, classes: PositiveInt) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, code_size)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        return torch.cat([x, self.embedding(required(labels)).to(x.dtype)], dim=1)


class ConditionalBatchNorm(Conditional):
    """gain[y] (x - mean) / std + bias[y] for maps x [batch, channels, height, width] and labels y [batch].

    The statistics are those of the whole batch; only gain and bias depend on the class (Dumoulin, Shlens and Kudlur
    2017; de Vries et al. 2017, who add the part of the class to a shared gain and bias; for generators Miyato and
    Koyama 2018). Gains start at 1 and biases at 0, so the class has no effect at first.

    Args:
        channels: number of channels of the maps.
        classes: number of classes.
    """

    def __init__(self, *, channels: PositiveInt, classes: PositiveInt) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain = nn.Parameter(torch.ones(classes, channels))
        self.bias = nn.Parameter(torch.zeros(classes, channels))

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        y = required(labels)
        normalised = self.norm(x)
        gain, bias = (table[y].to(normalised.dtype)[:, :, None, None] for table in (self.gain, self.bias))
        return normalised * gain + bias  # [batch, channels, height, width]


class Projection(Conditional):
    """<embed(y), phi(x)> [batch, 1], which a discriminator adds to its logit (Miyato and Koyama 2018, eq. 3).

        D(x, y) = psi(phi(x)) + <embed(y), phi(x)>

    The logit of an optimal D is log p(x) / q(x) + log p(y | x) / q(y | x). If both conditional probabilities are
    log-linear in phi(x), the second is such a product; the first is psi. embed(y) starts as in the authors' code,
    uniform by Glorot and Bengio (2010). It has spectral normalisation if the rest of D has.

    Args:
        features: number of entries of phi(x).
        classes: number of classes.
        outputs: number of outputs of the discriminator; must be 1.

    Raises:
        ValueError: D has more than one output.
    """

    def __init__(self, *, features: PositiveInt, classes: PositiveInt, outputs: PositiveInt) -> None:
        super().__init__()
        if outputs != 1:
            raise ValueError(f"outputs={outputs}: a conditional discriminator has one output, its logit")
        self.embedding = nn.Embedding(classes, features)
        nn.init.xavier_uniform_(self.embedding.weight)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """phi(x) [batch, ...] and labels [batch] to [batch, 1]."""
        phi = x.flatten(1)  # [batch, features]
        return (self.embedding(required(labels)) * phi).sum(1, keepdim=True)  # in the precision of the weights

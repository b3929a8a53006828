"""How a discriminator learns the class of what it judges."""

from pydantic import PositiveInt
from torch import Tensor, nn

from saddle.networks.base import Conditional, required


class Projection(Conditional):
    """<embed(y), phi(x)> [batch, 1], which a discriminator adds to its logit (Miyato and Koyama 2018, eq. 3).

        D(x, y) = psi(phi(x)) + <embed(y), phi(x)>

    The logit of an optimal D is log p(x) / q(x) + log p(y | x) / q(y | x). If both conditional probabilities are
    log-linear in phi(x), the second is such a product; the first is psi. embed(y) starts as in the authors' code,
    uniform by Glorot and Bengio (2010), and is normalised spectrally where the rest of D is.

    Args:
        features: entries of phi(x).
        classes: how many there are.
        outputs: of the discriminator; it must be 1.

    Raises:
        ValueError: D has more outputs than its logit.
    """

    def __init__(self, *, features: PositiveInt, classes: PositiveInt, outputs: PositiveInt) -> None:
        super().__init__()
        if outputs != 1:
            raise ValueError(f"outputs={outputs}: a discriminator that is told the class has one output, its logit")
        self.embedding = nn.Embedding(classes, features)
        nn.init.xavier_uniform_(self.embedding.weight)

    def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
        """phi(x) [batch, ...] and labels [batch] to [batch, 1]."""
        phi = x.flatten(1)  # [batch, features]
        return (self.embedding(required(labels)) * phi).sum(1, keepdim=True)  # in the width of the weights

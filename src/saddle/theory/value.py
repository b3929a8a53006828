r"""The value function, and what it says about the Jensen-Shannon divergence (lecture II.2 and II.3).

$$V(D) = E_p \log \sigma(D) + E_q \log(1 - \sigma(D)), \quad D = logit$$
$$V(D) \le \max_D V = -2 \log 2 + 2 JSD(p || q), \quad D^* = \log(p / q)$$

(Goodfellow et al. 2014, theorem 1.) As a classifier's loss L_D = -V: for every D

$$L_D \ge 2 \log 2 - 2 JSD, \qquad JSD \ge \log 2 - L_D / 2,$$

with equality at D* alone. So a small loss proves a large JSD. A large loss proves nothing: it shows a small JSD only if
D is known to be near its optimum, since D = 0 has L_D = 2 log 2 for all p and q. (The lecture reads a larger loss as a
larger JSD, which is the wrong way round.)

Logits, p and q are [..., points]; p and q are probabilities of points, or a density's weights on the nodes of a
quadrature (`between.nodes`). Results are [...] in nats.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

GREATEST = 2 * math.log(2)
"""-V of a D that is 1/2 everywhere."""


def value(logits: Tensor, p: Tensor, q: Tensor) -> Tensor:
    """V(D) [...] of logits [..., points], finite or not; -inf if D excludes a possible point."""
    logits = logits.double()
    of_real = torch.where(p > 0, p * logsigmoid(logits), 0.0)
    of_fake = torch.where(q > 0, q * logsigmoid(-logits), 0.0)
    return (of_real + of_fake).sum(-1)


def cross_entropy(logits: Tensor, p: Tensor, q: Tensor) -> Tensor:
    """L_D = -V [...]: D's loss as a classifier of reals and fakes, twice its mean cross-entropy."""
    return -value(logits, p, q)


def proven_jsd(of_value: Tensor) -> Tensor:
    """(V + 2 log 2) / 2 = log 2 - L_D / 2: the lower bound of the JSD that D proves; a negative bound is void."""
    return (of_value + GREATEST) / 2


def greatest_value(jsd: Tensor) -> Tensor:
    """max_D V = -2 log 2 + 2 JSD."""
    return 2 * jsd - GREATEST

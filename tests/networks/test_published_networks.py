"""Every network in conf/network is the plain function that its source describes, and begins with its weights."""

from collections.abc import Callable, Iterator
from math import sqrt
from typing import Any, get_args

import pytest
import torch
from omegaconf import DictConfig, OmegaConf
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  # its usual name

from options import CONF, options
from saddle.config import instantiate
from saddle.networks.base import initialised
from saddle.networks.conditional import ClassCode, Projection
from saddle.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from saddle.networks.mlp import MLPDiscriminator, MLPGenerator
from saddle.networks.norms import Norm
from saddle.networks.r3gan import R3GANDiscriminator, R3GANGenerator
from saddle.networks.resnet import ResNetDiscriminator, ResNetGenerator
from saddle.noise import noise

Layers = Iterator[Any]
"""What holds a network's weights, in the network's order: shortcuts come before what they lead around."""
Reference = Callable[[DictConfig, Layers, Tensor], Tensor]
"""The output, from a network's settings, its layers and its input."""
WEIGHTED = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear, nn.BatchNorm2d, nn.GroupNorm)


def dense(layers: Layers, x: Tensor) -> Tensor:
    layer = next(layers)
    return F.linear(x, layer.weight, layer.bias)


def conv(layers: Layers, x: Tensor, **how: int) -> Tensor:
    layer = next(layers)
    return F.conv2d(x, layer.weight, layer.bias, **how)


def conv_up(layers: Layers, x: Tensor, **how: int) -> Tensor:
    layer = next(layers)
    return F.conv_transpose2d(x, layer.weight, layer.bias, **how)


def normalised(layers: Layers, x: Tensor, norm: str) -> Tensor:
    """By the mean and the variance of a map over the batch, or of a sample over all of its maps."""
    if norm in ("none", "spectral"):
        return x
    layer, over = next(layers), {"batch": (0, 2, 3), "layer": (1, 2, 3)}[norm]
    variance, mean = torch.var_mean(x, over, correction=0, keepdim=True)
    weight, bias = layer.weight[:, None, None], layer.bias[:, None, None]
    return weight * (x - mean) / (variance + 1e-5).sqrt() + bias


def larger(x: Tensor, method: str) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode=method)


def smaller(x: Tensor) -> Tensor:
    """Which is the mean of 2 x 2 places."""
    return F.interpolate(x, scale_factor=0.5, mode="bilinear")


# ---- DCGAN


def dcgan_generator(cfg: DictConfig, layers: Layers, codes: Tensor) -> Tensor:
    x = F.relu(normalised(layers, conv_up(layers, codes[:, :, None, None]), "batch"))  # [batch, widest, 4, 4]
    while x.shape[-1] < cfg.resolution // 2:
        x = F.relu(normalised(layers, conv_up(layers, x, stride=2, padding=1), "batch"))
    return conv_up(layers, x, stride=2, padding=1).tanh()


def dcgan_discriminator(cfg: DictConfig, layers: Layers, x: Tensor) -> Tensor:
    x = F.leaky_relu(conv(layers, x, stride=2, padding=1), 0.2)
    while x.shape[-1] > 4:
        x = F.leaky_relu(normalised(layers, conv(layers, x, stride=2, padding=1), cfg.norm), 0.2)
    return conv(layers, x)[:, :, 0, 0]


# ---- the residual networks of WGAN-GP and SNGAN


def resnet_generator(cfg: DictConfig, layers: Layers, codes: Tensor) -> Tensor:
    x = dense(layers, codes).view(len(codes), -1, 4, 4)
    while x.shape[-1] < cfg.resolution:
        shortcut = conv(layers, larger(x, cfg.upsampling))
        x = larger(F.relu(normalised(layers, x, cfg.norm)), cfg.upsampling)
        x = F.relu(normalised(layers, conv(layers, x, padding=1), cfg.norm))
        x = shortcut + conv(layers, x, padding=1)
    return conv(layers, F.relu(normalised(layers, x, cfg.norm)), padding=1).tanh()


def resnet_discriminator(cfg: DictConfig, layers: Layers, x: Tensor) -> Tensor:
    shortcut = conv(layers, smaller(x))
    x = F.relu(conv(layers, x, padding=1))
    x = shortcut + smaller(conv(layers, x, padding=1))
    while x.shape[-1] > cfg.bottom:
        shortcut = smaller(conv(layers, x))
        x = shortcut + smaller(rectified_first(cfg, layers, x))
    for _ in range(cfg.flat_blocks):
        x = x + rectified_first(cfg, layers, x)
    maps = F.relu(x)
    pooled = maps.sum((2, 3)) if cfg.pooling == "sum" else maps.mean((2, 3))
    return dense(layers, pooled)


def rectified_first(cfg: DictConfig, layers: Layers, x: Tensor) -> Tensor:
    x = conv(layers, F.relu(normalised(layers, x, cfg.norm)), padding=1)
    return conv(layers, F.relu(normalised(layers, x, cfg.norm)), padding=1)


# ---- R3GAN


def r3gan_generator(cfg: DictConfig, layers: Layers, codes: Tensor) -> Tensor:
    x = r3gan_stage(cfg, layers, next(layers) * dense(layers, codes)[:, :, None, None])
    while x.shape[-1] < cfg.resolution:
        x = r3gan_stage(cfg, layers, fitted(cfg, layers, resampled(x, 2 * down_by_2(2 * x.shape[-1]).T)))
    return conv(layers, x)


def r3gan_discriminator(cfg: DictConfig, layers: Layers, x: Tensor) -> Tensor:
    x = r3gan_stage(cfg, layers, conv(layers, x))
    while x.shape[-1] > 4:
        x = r3gan_stage(cfg, layers, fitted(cfg, layers, resampled(x, down_by_2(x.shape[-1]))))
    return dense(layers, conv(layers, x, groups=x.shape[1])[:, :, 0, 0])


def down_by_2(size: int) -> Tensor:
    """Pixel i is 1/8, 3/8, 3/8, 1/8 of the pixels 2i - 1 to 2i + 2, of those that there are: [size / 2, size]."""
    weights = {-1: 1 / 8, 0: 3 / 8, 1: 3 / 8, 2: 1 / 8}
    rows = [[weights.get(j - 2 * i, 0.0) for j in range(size)] for i in range(size // 2)]
    return torch.tensor(rows, dtype=torch.float64)


def resampled(x: Tensor, matrix: Tensor) -> Tensor:
    return torch.einsum("ih,jw,nchw->ncij", matrix, matrix, x)


def fitted(cfg: DictConfig, layers: Layers, x: Tensor) -> Tensor:
    width = min(cfg.width * cfg.resolution // x.shape[-1], cfg.widest)
    return x if x.shape[1] == width else conv(layers, x)


def r3gan_stage(cfg: DictConfig, layers: Layers, x: Tensor) -> Tensor:
    for _ in range(cfg.blocks):
        inside = F.leaky_relu(conv(layers, x), 0.2)
        inside = F.leaky_relu(conv(layers, inside, padding=1, groups=inside.shape[1] // cfg.group_size), 0.2)
        x = x + conv(layers, inside)
    return x


# ---- fully connected


def mlp_generator(cfg: DictConfig, layers: Layers, x: Tensor) -> Tensor:
    for _ in range(cfg.depth):
        x = F.relu(dense(layers, x))
    x = dense(layers, x).view(-1, *cfg.shape)
    return x.tanh() if cfg.bounded else x


def mlp_discriminator(cfg: DictConfig, layers: Layers, x: Tensor) -> Tensor:
    x = x.flatten(1)
    for _ in range(cfg.depth):
        x = F.leaky_relu(dense(layers, x), 0.2)
    return dense(layers, x)


REFERENCES: dict[type[nn.Module], Reference] = {
    DCGANGenerator: dcgan_generator,
    DCGANDiscriminator: dcgan_discriminator,
    ResNetGenerator: resnet_generator,
    ResNetDiscriminator: resnet_discriminator,
    R3GANGenerator: r3gan_generator,
    R3GANDiscriminator: r3gan_discriminator,
    MLPGenerator: mlp_generator,
    MLPDiscriminator: mlp_discriminator,
}
SMALL = {"width": 8, "widest": 16, "blocks": 2}
"""Of what a network takes of these."""


def settings(name: str, player: str, **changed: Any) -> DictConfig:
    """An option's, for images of 32 pixels and codes of 6 numbers."""
    node = OmegaConf.load(CONF / "network" / f"{name}.yaml")
    cfg = OmegaConf.create({"network": node, "data": {"shape": [3, 32, 32]}, "resolution": 32, "code_size": 6})
    cfg.network[player].update(changed)
    return cfg.network[player]


def fresh(cfg: DictConfig) -> Any:
    return initialised(lambda: instantiate(cfg), 0, "test")


def given(stream: str, *shape: int) -> Tensor:
    return noise(0, stream, 0, range(shape[0]), shape[1:]).double()


NAMES = options("network")
NORMS = {"generator": ["batch", "none"], "discriminator": get_args(Norm)}
CASES = [(name, player, "as shipped") for name in NAMES for player in ("generator", "discriminator")]
CASES += [(*case[:2], norm) for case in CASES if "norm" in settings(*case[:2]) for norm in NORMS[case[1]]]


@pytest.mark.parametrize(("name", "player", "norm"), CASES)
def test_a_network_is_the_function_of_its_source(name: str, player: str, norm: str) -> None:
    """In float64, with random weights everywhere, as some begin at zero; each is used once."""
    cfg = settings(name, player, **({} if norm == "as shipped" else {"norm": norm}))
    cfg.update({key: value for key, value in SMALL.items() if key in cfg})
    network = fresh(cfg).double()
    network.train(cfg.get("norm") != "spectral")  # whose power iterations would go on
    for parameter_name, parameter in network.named_parameters():
        parameter.data.add_(given(parameter_name, *parameter.shape), alpha=0.1)
    x = given("input", 4, *((6,) if player == "generator" else (3, 32, 32)))
    weighted = [module for module in network.modules() if isinstance(module, WEIGHTED)]
    layers = iter([*network.parameters(recurse=False), *weighted])
    torch.testing.assert_close(network(x), REFERENCES[type(network)](cfg, layers, x), rtol=1e-10, atol=1e-12)
    assert not list(layers)


# ---- initial weights


def assert_normal(weight: Tensor, mean: float, deviation: float) -> None:
    """To four standard errors."""
    n = weight.numel()
    assert weight.mean().item() == pytest.approx(mean, abs=4 * deviation / sqrt(n))
    assert weight.std().item() == pytest.approx(deviation, rel=4 / sqrt(2 * n))


def assert_glorot(weight: Tensor, fans: int, gain: float = 1) -> None:
    """Uniform in gain sqrt(6 / (inputs + outputs)), whose standard deviation is that by sqrt(3), to 4 standard errors.

    `fans` is inputs + outputs.
    """
    bound = gain * sqrt(6 / fans)
    assert weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / sqrt(3), rel=4 / sqrt(5 * weight.numel()))


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_dcgan_begins_at_two_hundredths(player: str) -> None:
    """N(0, 0.02^2) in every convolution, N(1, 0.02^2) in every scale, those of classes too; biases at 0."""
    for classes in (None, 5) if player == "generator" else (None,):
        for name, parameter in fresh(settings("dcgan_pytorch", player, classes=classes)).named_parameters():
            if name.endswith("bias"):
                assert not parameter.any()
            else:
                assert_normal(parameter, 0.0 if parameter.dim() == 4 else 1.0, 0.02)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("resnet")])
@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_residual_networks_begin_as_glorot_has_it(name: str, player: str) -> None:
    """The 3 x 3 convolutions of blocks with a gain of sqrt(2), the one to the image and the others with 1."""
    cfg = settings(name, player, **({"norm": "none"} if player == "discriminator" else {}))
    for module in fresh(cfg).modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            outputs, inputs, *kernel = module.weight.shape
            within = kernel == [3, 3] and outputs > 3
            assert_glorot(module.weight, (outputs + inputs) * module.weight[0, 0].numel(), sqrt(2) if within else 1)
            assert module.bias is None or not module.bias.any()


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_r3gan_begins_linear_with_an_even_variance(player: str) -> None:
    """He's deviation times L^(-1/4) in two layers of a block, which have a bias, 0 in the third; without He outside."""
    network = fresh(settings("r3gan", player, blocks=2, width=32))
    depth, zero = 2 * 4, 0  # 4, 8, 16 and 32 pixels
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            assert module.bias is None or not module.bias.any()
            if not module.weight.any():
                zero += 1
                continue
            within = isinstance(module, nn.Conv2d) and module.bias is not None
            gain = sqrt(2 / (1 + 0.2**2)) * depth ** (-1 / 4) if within else 1.0
            assert_normal(module.weight, 0.0, gain / sqrt(module.weight[0].numel()))
    assert zero == depth
    if player == "generator":
        assert_normal(network.basis, 0.0, 1.0)
    x = given("input", 2, *((6,) if player == "generator" else (3, 32, 32))).float()
    torch.testing.assert_close(network(2 * x), 2 * network(x), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["r3gan", "r3gan_cifar10"])
def test_classes_of_r3gan_begin_at_the_deviations_of_its_authors(name: str) -> None:
    """A linear map of 10 indicators at N(0, 1 / 10); in D also divided by the root of the number of features."""
    small = {"classes": 10, "width": 64, "widest": 64, "blocks": 1}
    generator, discriminator = (fresh(settings(name, player, **small)) for player in ("generator", "discriminator"))
    assert_normal(discriminator.projection.embedding.weight, 0.0, (64 * 10) ** -0.5)
    wide = R3GANGenerator(
        channels=3, resolution=8, code_size=64, classes=10, width=16, widest=16, blocks=1, expansion=1, group_size=16
    )
    assert_normal(wide.code.embedding.weight, 0.0, 10**-0.5)  # type: ignore[union-attr]
    assert generator.modulation.bias is None


def test_an_impulse_through_r3gan_s_resamplers_shows_their_taps() -> None:
    """1, 3, 3, 1 in eighths downwards and in quarters upwards; what falls beyond an edge is lost."""
    generator, discriminator = (
        fresh(settings("r3gan", player, width=16, widest=16, blocks=1)) for player in ("generator", "discriminator")
    )
    up = next(layer for layer in generator.layers if hasattr(layer, "taps"))
    down = next(layer for layer in discriminator.layers if hasattr(layer, "taps"))
    impulse = torch.zeros(1, 16, 4, 4)
    impulse[0, 5, 1, 2] = 1
    quarters = torch.tensor([1.0, 3, 3, 1]) / 4
    expected = torch.zeros(1, 16, 8, 8)
    expected[0, 5, 1:5, 3:7] = quarters.outer(quarters)
    torch.testing.assert_close(up(impulse), expected)
    rows = [down(torch.eye(8)[i].view(1, 1, 1, 8).expand(1, 1, 8, 8))[0, 0, 1].mul(8).tolist() for i in range(8)]
    assert rows == [
        [3, 0, 0, 0],
        [3, 1, 0, 0],
        [1, 3, 0, 0],
        [0, 3, 1, 0],
        [0, 1, 3, 0],
        [0, 0, 3, 1],
        [0, 0, 1, 3],
        [0, 0, 0, 3],
    ]
    ones = torch.ones(1, 1, 8, 8)
    assert up(ones)[0, 0, 7].tolist() == [0.75, *[1.0] * 14, 0.75]
    assert down(ones)[0, 0, 1].tolist() == [0.875, 1, 1, 0.875]


def test_the_weights_of_an_earlier_r3gan_are_refused_in_words() -> None:
    network = fresh(settings("r3gan", "discriminator", width=16, widest=16))
    earlier = {name: tensor for name, tensor in network.state_dict().items() if not name.endswith("taps")}
    with pytest.raises(RuntimeError, match="the R3GAN of an earlier Saddle"):
        network.load_state_dict(earlier)


def test_embeddings_of_classes_begin_as_glorot_has_it_or_as_codes() -> None:
    projection = initialised(lambda: Projection(features=64, classes=36, outputs=1), 0, "test")
    assert_glorot(projection.embedding.weight, 64 + 36)
    code = initialised(lambda: ClassCode(code_size=64, classes=10), 0, "test")
    assert_normal(code.embedding.weight, 0.0, 1.0)

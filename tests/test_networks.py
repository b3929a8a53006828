"""Every network in conf/network: shapes, gradients, and that a sample stays by itself."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from members import composed, members
from saddle.config import instantiate
from saddle.networks.base import couples_samples
from saddle.networks.dcgan import DCGANDiscriminator, DCGANGenerator
from saddle.networks.initial import initialised

RESOLUTIONS = [8, 16, 32, 64, 128, 256]
CASES = [("mlp", 8), ("mlp", 32), *[("dcgan", resolution) for resolution in RESOLUTIONS]]


def test_every_member_is_tested() -> None:
    assert {name for name, _ in CASES} == set(members("network"))


def pair(name: str, resolution: int, *overrides: str) -> tuple[nn.Module, nn.Module]:
    cfg = composed(f"network={name}", f"resolution={resolution}", "network.generator.width=8", *overrides)
    if resolution >= 128:
        cfg.network.generator.widest = cfg.network.discriminator.widest = 64
    return instantiate(cfg.network.generator), instantiate(cfg.network.discriminator)


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("name", "resolution"), CASES)
def test_shapes_range_and_gradients(name: str, resolution: int) -> None:
    """Codes to images in [-1, 1], images to one logit each; a gradient reaches every parameter of both."""
    generator, discriminator = pair(name, resolution)
    images = generator(noise(4, 64))
    assert images.shape == (4, 3, resolution, resolution)
    assert images.abs().max() <= 1
    logits = discriminator(images)
    assert logits.shape == (4, 1)
    logits.square().sum().backward()
    for network in (generator, discriminator):
        missing = [n for n, p in network.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
        biases_before_norm: list[str] = []
        assert missing == biases_before_norm


@pytest.mark.parametrize("norm", ["none", "layer", "spectral", "batch"])
def test_only_batch_normalisation_couples_the_samples_of_the_discriminator(norm: Any) -> None:
    make = lambda: DCGANDiscriminator(channels=3, resolution=16, width=8, widest=64, norm=norm, outputs=1)  # noqa: E731
    discriminator = initialised(make, 0, "test")
    for _ in range(300):
        discriminator(noise(2, 3, 16, 16))  # lets spectral normalisation's power iteration settle
    images = noise(8, 3, 16, 16)
    alone = torch.cat([discriminator(images[i : i + 1]) for i in range(8)])
    coupled = not torch.allclose(discriminator(images), alone, rtol=1e-3, atol=1e-5)
    assert coupled == (norm == "batch")
    assert couples_samples(discriminator) == coupled


def test_spectral_normalisation_of_every_weight() -> None:
    make = lambda: DCGANDiscriminator(channels=3, resolution=16, width=8, widest=64, norm="spectral", outputs=1)  # noqa: E731
    discriminator = initialised(make, 0, "test")
    for _ in range(100):
        discriminator(noise(2, 3, 16, 16))
    for module in discriminator.modules():
        if isinstance(module, nn.Conv2d):
            assert torch.linalg.matrix_norm(module.weight.flatten(1), 2).item() == pytest.approx(1, abs=1e-3)


def test_parameter_counts_of_the_original() -> None:
    """DCGAN-64 of pytorch/examples has 3,576,704 and 2,765,568 parameters, none a bias; ours has biases in
    three layers:G's last (3), D's first (64) and last (1)."""
    count = lambda network: sum(p.numel() for p in network.parameters())  # noqa: E731
    generator = DCGANGenerator(channels=3, resolution=64, code_size=100, width=64, widest=512)
    discriminator = DCGANDiscriminator(channels=3, resolution=64, width=64, widest=512, norm="batch", outputs=1)
    assert count(generator) == 3_576_704 + 3
    assert count(discriminator) == 2_765_568 + 64 + 1


def test_initial_weights_are_a_function_of_seed_and_part() -> None:
    make = lambda: nn.Linear(3, 3)  # noqa: E731
    first = initialised(make, 0, "generator")
    torch.manual_seed(5)
    assert torch.equal(first.weight, initialised(make, 0, "generator").weight)
    assert not torch.equal(first.weight, initialised(make, 1, "generator").weight)
    assert not torch.equal(first.weight, initialised(make, 0, "discriminator").weight)

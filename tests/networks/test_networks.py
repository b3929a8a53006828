"""Every network in conf/network: shapes, gradients, and that a sample stays by itself."""

from collections.abc import Callable
from typing import get_args

import pytest
import torch
from torch import Tensor, nn

from options import composed, options
from saddle.config import instantiate
from saddle.networks.base import couples_samples, initialised
from saddle.networks.dcgan import DCGANDiscriminator
from saddle.networks.norms import Norm
from saddle.networks.resnet import ResNetDiscriminator, ResNetGenerator

RESOLUTIONS = [8, 16, 32, 64, 128, 256]
NAMES = options("network")
CASES = [(name, size) for name in NAMES for size in ([8, 32] if name == "mlp" else RESOLUTIONS)]
SMALL = {"width": 8, "widest": 16, "blocks": 1}
"""Of what a network takes of these."""
BOUNDED = {name for name in NAMES if not name.startswith("r3gan")}


def small(name: str, resolution: int) -> tuple[nn.Module, nn.Module]:
    """Both networks of an option, narrow, with random weights everywhere: some of them start at zero."""
    network = composed(f"network={name}", f"resolution={resolution}").network
    for player in (network.generator, network.discriminator):
        player.update({key: value for key, value in SMALL.items() if key in player})
    generator = initialised(lambda: instantiate(network.generator), 0, "generator")
    discriminator = initialised(lambda: instantiate(network.discriminator), 0, "discriminator")
    draw = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in (*generator.parameters(), *discriminator.parameters()):
            parameter.add_(torch.randn(parameter.shape, generator=draw), alpha=0.02)
    return generator, discriminator


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("name", "resolution"), CASES)
def test_shapes_range_and_gradients(name: str, resolution: int) -> None:
    """Codes to images, images to one logit each; a finite gradient reaches every parameter of both."""
    generator, discriminator = small(name, resolution)
    images = generator(noise(4, 64))
    assert images.shape == (4, 3, resolution, resolution)
    assert torch.isfinite(images).all()
    if name in BOUNDED:
        assert images.abs().max() <= 1
    logits = discriminator(images)
    assert logits.shape == (4, 1)
    logits.square().sum().backward()
    for network in (generator, discriminator):
        for parameter_name, parameter in network.named_parameters():
            assert parameter.grad is not None, parameter_name
            assert torch.isfinite(parameter.grad).all(), parameter_name
            assert parameter.grad.abs().sum() > 0, parameter_name


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_discriminator_couples_samples_only_where_it_says_so(name: str) -> None:
    """The default says nothing of the kind."""
    coupled = composed(f"network={name}").network.discriminator.get("norm") == "batch"
    _, discriminator = small(name, 16)
    assert couples_samples(discriminator) == coupled
    assert _separate(discriminator) != coupled
    assert not (coupled and name == "dcgan")


DISCRIMINATORS: dict[str, Callable[[Norm], nn.Module]] = {
    "dcgan": lambda norm: DCGANDiscriminator(
        channels=3, resolution=16, width=8, widest=64, norm=norm, classes=None, biases=True, outputs=1
    ),
    "resnet": lambda norm: ResNetDiscriminator(
        channels=3,
        resolution=16,
        width=8,
        widest=64,
        bottom=4,
        flat_blocks=1,
        norm=norm,
        pooling="sum",
        output_bias=True,
        classes=None,
        outputs=1,
    ),
}


@pytest.mark.parametrize("name", DISCRIMINATORS)
@pytest.mark.parametrize("norm", get_args(Norm))
def test_only_batch_normalisation_couples_the_samples_of_the_discriminator(name: str, norm: Norm) -> None:
    discriminator = initialised(lambda: DISCRIMINATORS[name](norm), 0, "test")
    assert _separate(discriminator) == (norm != "batch")
    assert couples_samples(discriminator) == (norm == "batch")


def _separate(discriminator: nn.Module) -> bool:
    """Whether a sample's output is the same alone as in a batch."""
    for _ in range(300):
        discriminator(noise(2, 3, 16, 16))  # lets spectral normalisation's power iteration settle
    images = noise(8, 3, 16, 16)
    alone = torch.cat([discriminator(images[i : i + 1]) for i in range(8)])
    return torch.allclose(discriminator(images), alone, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_spectral_normalisation_of_every_weight(name: str) -> None:
    discriminator = initialised(lambda: DISCRIMINATORS[name]("spectral"), 0, "test")
    for _ in range(100):
        discriminator(noise(2, 3, 16, 16))
    for module in discriminator.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            assert torch.linalg.matrix_norm(module.weight.flatten(1), 2).item() == pytest.approx(1, abs=1e-3)


def test_parameter_counts_of_the_original() -> None:
    """DCGAN-64 of pytorch/examples has no bias outside of its normalisations; with `biases` there are some in three
    layers: G's last (3), D's first (64) and last (1)."""
    plain = shipped("dcgan_pytorch", 64, 100)
    assert [count(network) for network in plain] == [3_576_704, 2_765_568]
    biased = shipped("dcgan_pytorch", 64, 100, biases=True)
    assert [count(network) for network in biased] == [3_576_704 + 3, 2_765_568 + 64 + 1]


def test_parameter_counts_of_the_residual_networks() -> None:
    """mimicry's SNGAN-32 has 4,276,739 and 1,053,825 parameters; its WGAN-GP-32 has as many in D."""
    assert [count(network) for network in shipped("resnet", 32, 128)] == [4_276_739, 1_053_825]
    blocks = 3 * (2 * (9 * 128 * 128) + 128 * 128 + 2 * 256)  # two convolutions, shortcut, two normalisations
    ends = (128 + 1) * 16 * 128 + 256 + (9 * 128 + 1) * 3  # linear map, last normalisation, to the image
    assert [count(network) for network in shipped("resnet_wgan_gp", 32, 128)] == [blocks + ends, 1_053_825]


def test_parameter_counts_of_the_paper_s_shape() -> None:
    """Those of the authors' networks: 20,732,160 in G, and with ten classes 20,781,952 in G and 21,280,512 in D.

    768 channels, 1,536 within, in 96 groups; two blocks at each of 4, 8, 16 and 32 pixels.
    """
    blocks = 2 * 4 * (2 * 768 * 1536 + 9 * 1536 * 16 + 2 * 1536)  # two 1 x 1, one grouped 3 x 3, two biases
    generator, discriminator = shipped("r3gan_cifar10", 32, 64)
    assert count(generator) == blocks + 64 * 768 + 16 * 768 + 3 * 768 == 20_732_160
    assert count(discriminator) == blocks + 3 * 768 + 16 * 768 + 768
    assert [count(network) for network in shipped("r3gan_cifar10", 32, 64, classes=10)] == [20_781_952, 21_280_512]


def shipped(name: str, resolution: int, code_size: int, **changed: int) -> list[nn.Module]:
    """Both networks of an option as it is, or with something of both changed; their weights take no memory."""
    network = composed(f"network={name}", f"resolution={resolution}", f"code_size={code_size}").network
    players = network.generator, network.discriminator
    for player in players:
        player.update(changed)
    with torch.device("meta"):
        return [instantiate(player) for player in players]


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("upsampling", ["nearest", "bilinear"])
def test_batch_normalisation_removes_every_bias_of_the_blocks(upsampling: str) -> None:
    """Which is why they are left out unless asked for: their gradient is zero but for rounding."""

    def make(redundant: bool) -> nn.Module:
        sizes = {"channels": 3, "resolution": 16, "code_size": 8, "classes": None, "width": 8, "widest": 16}
        return ResNetGenerator(**sizes, norm="batch", upsampling=upsampling, redundant_biases=redundant)  # type: ignore[arg-type]  # right at run time, wider on paper

    with_all = initialised(lambda: make(True), 0, "test").double()
    with_all(noise(8, 8).double()).mul(noise(8, 3, 16, 16)).sum().backward()
    gradients = {name: p.grad for name, p in with_all.named_parameters() if p.grad is not None}
    redundant = gradients.keys() - dict(make(False).named_parameters()).keys()
    assert len(redundant) == 3 * 2
    for name, gradient in gradients.items():
        assert (gradient.abs().max() < 1e-10) == (name in redundant), name


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_batch_normalisation_removes_no_parameter_of_the_discriminator(name: str) -> None:
    discriminator = initialised(lambda: DISCRIMINATORS[name]("batch"), 0, "test").double()
    discriminator(noise(8, 3, 16, 16).double()).square().sum().backward()
    for parameter_name, parameter in discriminator.named_parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().max() > 1e-8, parameter_name


def test_groups_that_do_not_fit_are_refused() -> None:
    network = composed("network=r3gan", "network.generator.group_size=24").network
    with pytest.raises(ValueError, match="group_size=24 does not divide the 256 channels"):
        instantiate(network.generator)


def test_initial_weights_are_a_function_of_seed_and_part() -> None:
    make = lambda: nn.Linear(3, 3)
    first = initialised(make, 0, "generator")
    torch.manual_seed(5)
    assert torch.equal(first.weight, initialised(make, 0, "generator").weight)
    assert not torch.equal(first.weight, initialised(make, 1, "generator").weight)
    assert not torch.equal(first.weight, initialised(make, 0, "discriminator").weight)

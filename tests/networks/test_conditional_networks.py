"""Conditional networks."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

from options import composed, options
from saddle.config import ConfigError, check, instantiate
from saddle.networks.base import initialised
from saddle.networks.conditional import ConditionalBatchNorm, Projection
from saddle.networks.dcgan import DCGANDiscriminator
from saddle.noise import noise

NETWORKS = options("network")


def networks(name: str, classes: int | None) -> tuple[nn.Module, nn.Module]:
    """An option, narrow, in float64, with random weights everywhere: some start at zero."""
    network = composed(f"network={name}", "resolution=8", "data=digits").network
    told = {} if classes is None else {"classes": classes}
    small = {"width": 8, "widest": 16, "blocks": 1}
    for node in (network.generator, network.discriminator):
        node.update({key: value for key, value in small.items() if key in node})
    made = []
    for node in (network.generator, network.discriminator):
        made.append(initialised(lambda node=node: instantiate(node, **told), 0, "test").double())  # type: ignore[misc]  # bound in the loop
        draw = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in made[-1].parameters():
                parameter.add_(torch.randn(parameter.shape, generator=draw, dtype=torch.float64), alpha=0.1)
    return made[0], made[1]


def given(name: str, *shape: int) -> Tensor:
    return noise(0, name, 0, range(shape[0]), shape[1:]).double()


Y = torch.tensor([0, 2, 2, 0, 0, 2])


@pytest.mark.parametrize("name", NETWORKS)
def test_both_players_are_told_and_only_the_classes_that_are_there_learn(name: str) -> None:
    """The label changes the output; a gradient reaches every parameter, but no row of a class that was not there."""
    generator, discriminator = networks(name, 4)
    _still(discriminator)
    codes, images = given("codes", 6, 64), given("images", 6, 1, 8, 8)
    for network, x in ((generator, codes), (discriminator, images)):
        outputs = network(x, Y)
        assert not torch.allclose(outputs[0], network(x, (Y + 1) % 4)[0])
        outputs.square().sum().backward()
        owners = [module for module in network.modules() if isinstance(module, ConditionalBatchNorm | nn.Embedding)]
        tables = {table: is_parametrized(owner) for owner in owners for table in owner.parameters()}
        assert tables
        for parameter_name, parameter in network.named_parameters():
            assert parameter.grad is not None, parameter_name
            assert parameter.grad.abs().sum() > 0, parameter_name
        for table, spectral in tables.items():  # a spectral norm is that of all rows
            assert table.grad is not None
            assert table.grad.any(dim=1).tolist() == [True, spectral, True, spectral]
        with pytest.raises(ValueError, match="this network is conditional: give it labels"):
            network(x)


def _still(discriminator: nn.Module) -> None:
    """Let the power iteration of a spectral norm settle."""
    with torch.no_grad():
        for _ in range(300):
            discriminator(given("images", 2, 1, 8, 8), Y[:2])


@pytest.mark.parametrize("name", [name for name in NETWORKS if not name.startswith("r3gan")])
def test_the_projection_is_added_to_the_logit(name: str) -> None:
    """D(x, y) = psi(phi(x)) + <embed(y), phi(x)>, phi(x) being what the last layer sees."""
    _, discriminator = networks(name, 4)
    discriminator.eval()
    (projection,) = [module for module in discriminator.modules() if isinstance(module, Projection)]
    seen: list[Tensor] = []
    projection.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].flatten(1)))
    x = given("images", 6, 1, 8, 8)
    logits = discriminator(x, Y)
    weight = projection.embedding.weight
    told = torch.stack([weight[y] @ phi for y, phi in zip(Y, seen[0], strict=True)])[:, None]
    _, untold = networks(name, None)
    untold.load_state_dict({key: value for key, value in discriminator.state_dict().items() if "projection" not in key})
    torch.testing.assert_close(logits - told, untold.eval()(x))


def test_the_logit_of_a_conditional_r3gan_is_the_projection_alone() -> None:
    """D(x, y) = <L phi(x), embed(y)>: it is odd in the embedding, and L maps features to features."""
    discriminator: Any = networks("r3gan", 4)[1]
    x, embedding = given("images", 6, 1, 8, 8), discriminator.projection.embedding.weight
    logits = discriminator(x, Y)
    last = discriminator.layers[-1]
    assert last.in_features == last.out_features == embedding.shape[1]
    with torch.no_grad():
        embedding.neg_()
    torch.testing.assert_close(discriminator(x, Y), -logits)


def test_without_a_difference_conditional_is_batch_normalisation() -> None:
    """Gains 1 and biases 0 give torch's own, bit for bit; others each sample's own affine map of the same."""
    conditional, plain = ConditionalBatchNorm(channels=3, classes=4).double(), nn.BatchNorm2d(3).double()
    x = given("maps", 6, 3, 5, 5)
    assert torch.equal(conditional(x, Y), plain(x))
    with torch.no_grad():
        conditional.gain.copy_(given("gain", 4, 3))
        conditional.bias.copy_(given("bias", 4, 3))
    expected = plain(x) * conditional.gain[Y][:, :, None, None] + conditional.bias[Y][:, :, None, None]
    torch.testing.assert_close(conditional(x, Y), expected)
    assert torch.equal(conditional.norm.running_mean, plain.running_mean)  # type: ignore[arg-type]  # right at run time, wider on paper


def test_the_embedding_is_normalised_with_the_rest() -> None:
    _, discriminator = networks("dcgan", 4)
    _still(discriminator)
    (projection,) = [module for module in discriminator.modules() if isinstance(module, Projection)]
    assert torch.linalg.matrix_norm(projection.embedding.weight, 2).item() == pytest.approx(1, abs=1e-3)


def test_a_conditional_discriminator_has_one_output() -> None:
    with pytest.raises(ValueError, match=r"outputs=2: .*one output"):
        DCGANDiscriminator(channels=1, resolution=8, width=4, widest=8, norm="none", classes=3, biases=True, outputs=2)


def test_that_is_found_before_anything_is_loaded() -> None:
    with pytest.raises(ConfigError, match=r"network.discriminator.outputs=2: .*one output"):
        check(composed("labels=true", "network.discriminator.outputs=2"))

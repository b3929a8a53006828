"""Conditional games: which label belongs to what, what the players make of it, and what is said where there is none."""

import copy
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image
from sklearn.datasets import load_digits
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized

import sample
from members import CONF, composed, members
from pictures import Thumbnail
from saddle.building import build_classes, facts_of
from saddle.callbacks.class_grid import MOST, ClassGrid
from saddle.config import ConfigError, check, instantiate
from saddle.data.classes import Classes
from saddle.data.digits import Digits
from saddle.data.faces import CATEGORIES, Category, Faces, draw_factors
from saddle.data.folder import Folder
from saddle.data.images import Images
from saddle.data.labels import Labels
from saddle.data.pixels import from_uint8, to_uint8
from saddle.losses.rpgan import RelativisticPairing
from saddle.metrics.by_class import ByClass
from saddle.metrics.frechet import Gaussian, frechet_distance
from saddle.models.gan import GAN
from saddle.networks.conditional_norm import ConditionalBatchNorm
from saddle.networks.dcgan import DCGANDiscriminator
from saddle.networks.initial import initialised
from saddle.networks.projection import Projection
from saddle.noise import drawn_labels, noise, visited
from saddle.penalties.base import Penalty
from saddle.runs.folder import RunFolder
from saddle.runs.messages import conditions
from saddle.sampling import load_model
from saddle.stored import stored_config
from test_resume import train
from test_torchvision import alone as no_network
from test_torchvision import member as torchvision_set
from test_torchvision import write_celeba, write_idx
from toy import LabelledToy, Toy, dcgan, game, mlp, play

NETWORKS = members("network")
CPU = torch.device("cpu")


# ---- what the data know


def digits(_: Path) -> tuple[Images, Callable[[Tensor], str]]:
    scans = load_digits()
    known = {bytes(row.astype(np.uint8)): str(target) for row, target in zip(scans.data, scans.target, strict=True)}
    data = Digits(shape=(1, 8, 8), test_count=360, label="digit", reference="test")
    return data, lambda image: known[bytes(np.round(image.flatten().numpy() * (16 / 255)).astype(np.uint8))]


def faces(_: Path) -> tuple[Images, Callable[[Tensor], str]]:
    data = Faces(shape=(3, 16, 16), train_count=40, test_count=10, seed=0, label="fringe", reference="test")
    known: dict[bytes, str] = {}
    for part, images in (("train", data.train), ("test", data.test)):
        fringes = draw_factors(0, f"faces/{part}", range(len(images)))["fringe"]
        known |= {
            bytes(image.numpy()): CATEGORIES["fringe"][y] for image, y in zip(images.pixels, fringes, strict=True)
        }
    return data, lambda image: known[bytes(image.numpy())]


def folders(place: Path) -> tuple[Images, Callable[[Tensor], str]]:
    """Pictures of one grey each, by class; one is damaged, two are the same in two classes."""
    for i, name in enumerate(("b/cat", "a/dog", "c d", "中文")):
        (place / name).mkdir(parents=True)
        for j in range(3):
            Image.new("RGB", (8, 8), (50 * i + j,) * 3).save(place / name / f"{j}.png")
    (place / "a/1.png").write_bytes(b"damaged")
    (place / "c d/again.png").write_bytes((place / "c d/0.png").read_bytes())
    names = ("b", "a", "c d", "中文")
    return folder(place, corrupt="skip"), lambda image: names[int(image[0, 0, 0]) // 50]


def folder(root: Path, **changed: Any) -> Folder:
    settings: dict[str, Any] = {"corrupt": "refuse", "enlarge": False, "label": "folder", "reference": "all"}
    return Folder(root=root, shape=(3, 8, 8), **{**settings, **changed})


NAMES = ("airplane", "automobile", "bird")


def cifar10(place: Path) -> tuple[Images, Callable[[Tensor], str]]:
    """CIFAR-10's files, with images that are as bright as their label says."""
    root = place / "cifar-10-batches-py"
    root.mkdir(parents=True)
    for number, name in enumerate([f"data_batch_{i + 1}" for i in range(5)] + ["test_batch"]):
        labels = [(number + row) % 3 for row in range(4)]
        rows = np.stack([np.full(3072, 40 * label + number, np.uint8) for label in labels])
        (root / name).write_bytes(pickle.dumps({"data": rows, "labels": labels}))
    (root / "batches.meta").write_bytes(pickle.dumps({"label_names": list(NAMES)}))
    return torchvision_set("cifar10", place, 32), lambda image: NAMES[int(image[0, 0, 0]) // 40]


SETS = {"digits": digits, "faces": faces, "folder": folders, "cifar10": cifar10}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder, with a cache of its own, no network, and check sums that fit."""
    no_network.__wrapped__(tmp_path, monkeypatch)  # type: ignore[attr-defined]
    return tmp_path / "place"


@pytest.mark.parametrize("name", SETS)
def test_a_label_is_that_of_its_image(name: str, place: Path) -> None:
    """Over two epochs, in parts or together; and in every part of the set that an evaluation may take."""
    data, truth = SETS[name](place)
    assert data.classes is not None
    count = min(len(data.train), 300)
    for positions in (range(2 * count), range(count // 2, count + 3)):
        images, labels = data.sample(5, positions, CPU), data.labels(5, positions, CPU)
        assert labels is not None
        assert labels.dtype == torch.int64
        assert [data.classes.names[y] for y in labels] == [truth(image) for image in to_uint8(images)]
    for split in ("train", "all") if data.test is None else ("train", "test", "all"):
        part, known = data.split(split), data.split_labels(split)
        assert known is not None
        pixels = part[np.arange(len(part))]
        assert [known.names[y] for y in known.values] == [truth(image) for image in pixels]
    assert sum(data.classes.counts.values()) == len(data.train)


@pytest.mark.parametrize("name", SETS)
def test_nobody_who_asks_for_no_labels_looks_at_them(name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests, and so every cache, are those of the images alone."""
    data, _ = SETS[name](place)
    monkeypatch.setattr(type(data), "labelled", None)
    data.sample(0, range(3), CPU)
    facts = facts_of(OmegaConf.create({"labels": False}), data)
    assert facts == data.facts()
    assert "labels" not in facts["digest"]


@pytest.mark.parametrize("name", SETS)
def test_without_a_label_there_are_no_classes(name: str, place: Path) -> None:
    data, _ = SETS[name](place)
    data.label = None  # type: ignore[attr-defined]
    assert data.classes is None
    assert data.labels(0, range(3), CPU) is None
    assert data.split_labels("all") is None
    with pytest.raises(ValueError, match=rf"labels=true: nothing is known of the classes of {data.name}"):
        build_classes(OmegaConf.create({"labels": True}), data)


def test_faces_are_labelled_by_any_factor_with_names() -> None:
    assert set(get_args(Category)) == set(CATEGORIES)


def test_the_classes_of_a_folder_are_those_directly_in_it(place: Path) -> None:
    data, _ = folders(place)
    assert data.classes == Classes({"a": 3, "b": 3, "c d": 4, "中文": 3})


def test_a_moved_picture_is_another_set(place: Path) -> None:
    """Although all pixels, and their order, are the same: a run on the old labels may not go on with the new ones."""
    folders(place)
    (place / "a/1.png").unlink()
    conditional = OmegaConf.create({"labels": True})
    before = facts_of(conditional, folder(place))
    (place / "a/dog/2.png").rename(place / "b/0.png")
    after = facts_of(conditional, folder(place))
    assert before["digest"]["train"] == after["digest"]["train"]
    assert before["digest"]["labels"] != after["digest"]["labels"]
    assert after["classes"] == {"a": 2, "b": 4, "c d": 4, "中文": 3}


def test_a_folder_without_class_folders_says_so(place: Path) -> None:
    folders(place)
    (place / "a/1.png").unlink()
    with pytest.raises(
        ValueError, match=r"a/CLASS/\.\.\.; but all of its pictures lie in dog/\. Sort them into folders"
    ):
        _ = folder(place / "a").classes
    Image.new("RGB", (8, 8)).save(place / "loose.png")
    with pytest.raises(
        ValueError, match=r"place/CLASS/\.\.\.; but 1 of 14 pictures lie in no folder of it, such as loo"
    ):
        _ = folder(place).classes


def test_published_names_of_classes_and_a_set_without_any(place: Path) -> None:
    write_idx(place, "MNIST")
    mnist = torchvision_set("mnist", place, 32)
    assert mnist.classes is not None
    assert mnist.classes.names[:2] == ("0 - zero", "1 - one")
    write_celeba(place)
    assert torchvision_set("celeba", place, 32).classes is None
    with pytest.raises(ValueError, match=r"data.label=target: CelebA was published without classes"):
        _ = torchvision_set("celeba", place, 32, label="target").classes


def test_a_class_by_name_before_by_number() -> None:
    classes = LabelledToy().classes
    assert classes is not None
    assert [classes.label(text) for text in ("cat", "0", "1", "dog", "2")] == [0, 0, 2, 1, 2]
    for text in ("cow", "3", "-1", ""):
        with pytest.raises(ValueError, match=rf"there is no class {text}; the model knows 0 cat, 1 dog, 2 1"):
            classes.label(text)
    for counts in ({"a": "3"}, {"a": -1, "b": 2}, {}, {"a": 0}):
        with pytest.raises(ValueError, match="no mapping"):
            Classes.stored(counts)


# ---- drawing labels


def test_labels_are_drawn_as_often_as_they_are_in_the_set() -> None:
    counts = [10, 0, 30, 60]
    drawn = drawn_labels(0, "test", 0, range(20_000), counts)
    found = torch.bincount(drawn, minlength=4) / len(drawn)
    assert found[1] == 0
    torch.testing.assert_close(found, torch.tensor(counts) / 100, rtol=0, atol=4 * 0.5 / 20_000**0.5)
    assert torch.equal(drawn_labels(0, "test", 0, [7, 3, 19_000], counts), drawn[[7, 3, 19_000]])
    for seed, stream, counter in ((1, "test", 0), (0, "other", 0), (0, "test", 1)):
        assert not torch.equal(drawn_labels(seed, stream, counter, range(100), counts), drawn[:100])


# ---- networks


def networks(name: str, classes: int | None) -> tuple[nn.Module, nn.Module]:
    """A member, narrow, in float64, with random weights everywhere: some start at zero."""
    network = composed(f"network={name}", "resolution=8", "data=digits").network
    told = {} if classes is None else {"classes": classes}
    small = {"width": 8, "widest": 16, "blocks": 1}
    for node in (network.generator, network.discriminator):
        node.update({key: value for key, value in small.items() if key in node})
    made = []
    for node in (network.generator, network.discriminator):
        made.append(initialised(lambda node=node: instantiate(node, **told), 0, "test").double())  # type: ignore[misc]
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


@pytest.mark.parametrize("name", NETWORKS)
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
    assert torch.equal(conditional.norm.running_mean, plain.running_mean)  # type: ignore[arg-type]


def test_the_embedding_is_normalised_with_the_rest() -> None:
    _, discriminator = networks("dcgan", 4)
    _still(discriminator)
    (projection,) = [module for module in discriminator.modules() if isinstance(module, Projection)]
    assert torch.linalg.matrix_norm(projection.embedding.weight, 2).item() == pytest.approx(1, abs=1e-3)


def test_a_conditional_discriminator_has_one_output() -> None:
    with pytest.raises(ValueError, match="outputs=2: a discriminator that is told the class has one output"):
        DCGANDiscriminator(channels=1, resolution=8, width=4, widest=8, norm="none", classes=3, biases=True, outputs=2)


def test_that_is_found_before_anything_is_loaded() -> None:
    with pytest.raises(ConfigError, match=r"network.discriminator.outputs=2: a discriminator that is told the class"):
        check(composed("labels=true", "network.discriminator.outputs=2"))


# ---- the game


def conditional(networks: Callable[..., Any] = mlp, **changed: Any) -> GAN:
    return game(lambda: networks(classes=3), classes=LabelledToy().classes, **changed)


@pytest.mark.parametrize("networks", [mlp, dcgan])
def test_conditional_training_is_the_plain_loop(networks: Any) -> None:
    """Bit for bit the loop that one would write by hand: fakes of D's steps bear the labels of its reals."""
    updates, batch = 5, 6
    model = conditional(networks, d_steps=2)
    g, d = copy.deepcopy(model.generator), copy.deepcopy(model.discriminator)
    of_d, of_g = (torch.optim.Adam(net.parameters(), lr=1e-3, betas=(0.5, 0.999)) for net in (d, g))
    images = from_uint8(LabelledToy().train.pixels)
    labels = torch.from_numpy(LabelledToy().labelled("train").values)
    softplus = nn.functional.softplus
    for update in range(updates):
        for step in range(update * 2, update * 2 + 2):
            rows = torch.from_numpy(visited(0, range(step * batch, (step + 1) * batch), len(images)))
            y = labels[rows]
            fake = g(noise(0, "discriminator", step, range(batch), (4,)), y).detach()
            logits = d(torch.cat([images[rows], fake]), torch.cat([y, y]))
            of_d.zero_grad()
            (softplus(-logits[:batch]).mean() + softplus(logits[batch:]).mean()).backward()
            of_d.step()
        y = drawn_labels(0, "generator labels", update, range(batch), [19, 12, 6])
        logits = d(g(noise(0, "generator", update, range(batch), (4,)), y), y)
        of_g.zero_grad()
        softplus(-logits).mean().backward()
        of_g.step()
    play(model, updates, data=LabelledToy())
    for ours, plain in ((model.generator, g), (model.discriminator, d)):
        assert all(map(torch.equal, ours.state_dict().values(), plain.state_dict().values()))


def told(network: nn.Module) -> list[list[int]]:
    """Grows by the labels that the network is given with every batch."""
    seen: list[list[int]] = []
    network.register_forward_pre_hook(lambda _, given: seen.append(given[1].tolist()))
    return seen


def test_a_loss_that_compares_both_sides_has_one_label_on_both() -> None:
    model = conditional(loss=RelativisticPairing(), d_steps=1, average_half_life=None)
    generator, discriminator = told(model.generator), told(model.discriminator)
    data = LabelledToy()
    play(model, 2, data=data)
    of_batch = [data.labels(0, range(6 * batch, 6 * batch + 6), CPU).tolist() for batch in (0, 1, -1, -2)]  # type: ignore[union-attr]
    assert generator == [of_batch[0], of_batch[2], of_batch[1], of_batch[3]]
    of_d, of_g = [2 * of_batch[0], 2 * of_batch[1]], [of_batch[2], of_batch[3]]
    assert discriminator == [of_d[0], of_g[0], of_g[0], of_d[1], of_g[1], of_g[1]]


class Looking(Penalty):
    """What a penalty is told."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[Tensor, Tensor]] = []

    def forward(self, critic: Any, real: Tensor, fake: Tensor, *_: Any) -> Tensor:
        self.found.append((critic(real), critic(fake)))
        return 0 * critic(real).sum()


def test_the_critic_of_a_penalty_is_bound_to_the_labels() -> None:
    penalty = Looking()
    model = conditional(penalty=penalty, d_steps=1)
    seen: list[tuple[Tensor, Tensor]] = []
    plain = model.logits
    model.logits = lambda *given: seen.append(plain(*given)) or seen[-1]  # type: ignore[method-assign,func-returns-value]
    play(model, 2, data=LabelledToy())
    for found, logits in zip(penalty.found, seen, strict=True):
        torch.testing.assert_close(found[0], logits[0])
        torch.testing.assert_close(found[1], logits[1])


def test_a_sample_is_a_function_of_its_index_and_its_label() -> None:
    model = play(conditional(dcgan), 3, data=LabelledToy())
    labels = model.labels_of(range(200), 1)
    assert labels is not None
    assert torch.bincount(labels).tolist() == pytest.approx([200 * n / 37 for n in (19, 12, 6)], abs=20)
    together = model.sample(range(200), 1)
    assert torch.equal(model.sample(range(200), 1, labels), together)
    picked = [3, 170, 5]
    torch.testing.assert_close(model.sample(picked, 1), together[picked], rtol=0, atol=1e-6)
    torch.testing.assert_close(model.sample(picked, 1, labels[picked]), together[picked], rtol=0, atol=1e-6)
    assert not torch.allclose(model.sample(picked, 1, (labels[picked] + 1) % 3), together[picked])


def test_a_model_without_classes_takes_no_labels() -> None:
    model = game()
    assert model.labels_of(range(3), 0) is None
    assert not [name for name in model.state_dict() if "class" in name or "label" in name]
    with pytest.raises(ValueError, match=r"knows no classes \(it was trained with labels=false\)"):
        model.sample(range(3), 0, torch.zeros(3, dtype=torch.int64))


@pytest.mark.parametrize(("classes", "count", "shape"), [(3, 7, (3, 2)), (3, 1, (3, 1)), (20, 64, (MOST, 4))])
def test_a_grid_has_a_row_for_each_class_and_a_code_for_each_column(
    classes: int, count: int, shape: tuple[int, int]
) -> None:
    class Shown(Toy):
        def render(self, x: Tensor, columns: int) -> Image.Image:
            self.shown_rows = x.unflatten(0, (-1, columns))
            return super().render(x, columns)

    known = Classes({str(y): 1 for y in range(classes)})
    model, data = game(lambda: mlp(classes=classes), classes=known), Shown()
    assert ClassGrid(every=1, data=data, seed=0, count=count).measure(model).keys() == {"samples"}
    assert data.shown_rows.shape[:2] == shape
    row, column = shape[0] - 1, shape[1] - 1
    expected = model.decode(model.prior([column], 0), torch.tensor([row]))[0]
    torch.testing.assert_close(data.shown_rows[row, column], expected)


def test_rows_that_are_left_out_are_said() -> None:
    assert conditions({"a": 1000, "b": 2, "c": 3}, 2) == (
        "conditional on 3 classes; rows of the grids for the first 2: a (1,000), b (2)"
    )


# ---- numbers by class


def apart(count: int, by: float) -> tuple[Tensor, Labels]:
    """Features of two classes whose means are `by` standard deviations apart, in a long and thin distribution."""
    values = np.arange(count) % 2
    features = given("features", count, 3) * torch.tensor([1.0, 100.0, 0.01])
    features[:, 0] += by * torch.from_numpy(values)
    return features, Labels(("left", "right"), values)


def by_class(labels: Labels, least: int = 2) -> ByClass:
    return ByClass(extractor=Thumbnail(), labels=labels, least=least)


def test_accuracy_is_that_of_fishers_classifier() -> None:
    """Two equal Gaussians at distance d: the best that can be is Phi(d / 2), however thin they are."""
    real, labels = apart(4_000, 2.0)
    measure = by_class(labels)
    asked = torch.from_numpy(labels.values)
    accuracy, _ = measure(real, real, asked)
    assert accuracy == pytest.approx(0.8413, abs=0.02)
    assert measure(real, real, 1 - asked)[0] == pytest.approx(1 - accuracy)
    assert measure(real, real, 0 * asked)[0] == pytest.approx(0.5, abs=0.02)
    order = torch.randperm(4_000, generator=torch.Generator().manual_seed(0))
    floor = measure.floor(real, order.chunk(2))
    assert floor == {"class_accuracy_thumbnail": pytest.approx(0.8413, abs=0.02)}
    wide, wide_labels = apart(400, 20.0)
    assert by_class(wide_labels)(wide, wide, torch.from_numpy(wide_labels.values))[0] == 1


def test_the_distance_by_class_is_the_mean_over_classes() -> None:
    """It sees classes that were exchanged, to which the distance of all images is blind."""
    real, labels = apart(300, 20.0)
    measure, own = by_class(labels), torch.from_numpy(labels.values)
    assert measure.names == ["class_accuracy_thumbnail", "fd_thumbnail_class_mean"]
    assert measure(real, real, own)[1] == pytest.approx(0, abs=1e-6)
    fitted = [Gaussian.fitted(real[own == y]) for y in (0, 1)]
    assert measure(real, real, 1 - own)[1] == pytest.approx(frechet_distance(*fitted))
    assert np.isnan(measure(real, real[:100], 0 * own[:100])[1])
    with pytest.raises(ValueError, match="class_accuracy_thumbnail wants the labels"):
        measure(real, real, None)


def test_a_distance_by_class_of_few_images_is_left_out() -> None:
    _, labels = apart(21, 1.0)
    with pytest.warns(UserWarning, match=r"fd_thumbnail_class_mean is left out: class right has 10 images .* takes 11"):
        measure = by_class(labels, least=11)
    assert measure.names == ["class_accuracy_thumbnail"]
    assert measure.settings()["class_images"] == 11


# ---- from the command to the folder


@pytest.mark.filterwarnings("ignore:.* (generated and .* real images|is left out)")
def test_a_conditional_run_and_what_it_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    run = RunFolder("runs/single/one")
    settings = ["labels=true", "network=mlp", "updates=3", "trainer.precision=32-true", "sample_images=20"]
    assert train(run, *settings, "evaluate_reference=all", "evaluator.class_images=2") == 0
    summary, recipe = run.summary() or {}, run.model() or {}
    assert summary["data"]["classes"] == recipe["classes"]
    assert list(recipe["classes"]) == list("0123456789")
    assert recipe["generator"]["classes"] == 10
    assert {"class_accuracy_digits", "fd_digits_class_mean"} <= run.metrics()[-1].keys()
    assert 0 <= run.metrics()[-1]["class_accuracy_digits"] <= 1
    assert Image.open(run.grids()[-1]).size == (2 * 66 + 2, 10 * 66 + 2)
    model = load_model(run, stored_config(run, files=False))
    rebuilt = instantiate(OmegaConf.create(recipe["generator"])).eval()
    rebuilt.load_state_dict(model.drawn().state_dict())
    labels = torch.arange(10)
    assert isinstance(model, GAN)
    assert torch.equal(rebuilt(model.prior(range(10), 0), labels), model.sample(range(10), 0, labels))
    command = ["sample.py", f"run={run.path}", "count=2", "label=7", f"out={tmp_path / 'sevens'}"]
    sample.main(command)
    sevens = np.stack([np.asarray(Image.open(tmp_path / f"sevens/0000{i}.png")) for i in range(2)])
    assert np.array_equal(sevens, to_uint8(model.sample(range(2), 0, torch.tensor([7, 7])))[:, 0].numpy())
    with pytest.raises(SystemExit, match="error: there is no class ten; the model knows 0, 1, 2, "):
        sample.main([*command[:3], "label=ten", f"out={tmp_path / 'more'}"])
    assert "conditional on 10 classes, a row of the grids for each: 0 (140), 1 (142), " in capsys.readouterr().out


def test_a_run_without_classes_draws_no_class(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "run")
    run.write_config("{}")
    run.save_model(b"weights", {})
    with pytest.raises(SystemExit, match=r"error: .*run has no classes: its model was trained with labels=false"):
        sample.main(["sample.py", f"run={run.path}", "label=1", f"out={tmp_path / 'out'}"])


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["data=celeba"], "labels=true: these data have no labels"),
        (["data.label=null"], "data=cifar10, digits, faces, fashion_mnist, folder or mnist, which have"),
        (["network.generator.classes=10"], "network.generator.classes=10: the data gives their number"),
        (["data.label=smile"], "data.label=smile"),
    ],
)
def test_what_cannot_be_conditional_is_refused_in_words(overrides: list[str], words: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        check(composed("labels=true", *overrides), CONF)
    assert words in str(refusal.value)


def test_a_network_that_cannot_be_conditional_is_refused_in_words() -> None:
    cfg = composed("labels=true")
    cfg.network.discriminator = {"_target_": "torch.nn.Linear", "in_features": 4, "out_features": 1}
    with pytest.raises(ConfigError, match=r"Linear \(network.discriminator\) takes no classes; .*network=dcgan, "):
        check(cfg, CONF)


def test_a_folder_without_class_folders_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "one.png").touch()
    for found in (r"there is none", r"there is cats/ only"):
        with pytest.raises(ConfigError, match=rf"labels=true: data.root=.* a folder for each class.*; {found}"):
            check(composed("labels=true", "data=folder", f"data.root='{tmp_path}'"), CONF)
        (tmp_path / "cats").mkdir(exist_ok=True)
    (tmp_path / "dogs").mkdir()
    check(composed("labels=true", "data=folder", f"data.root='{tmp_path}'"), CONF)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_that_ships_can_be_conditional(name: str) -> None:
    check(composed("labels=true", "data=digits", f"network={name}"), CONF)

"""Conditional games: what the players make of a label, numbers by class, and what is refused."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image
from torch import Tensor, nn

from options import CONF, composed, options
from pictures import Thumbnail, image_set
from saddle.callbacks.instruments import MOST_CLASSES, ClassGrid
from saddle.cli import sample
from saddle.config import ConfigError, check, instantiate
from saddle.data.classes import Classes
from saddle.data.labels import Labels
from saddle.data.pixels import from_uint8, to_uint8
from saddle.engine.stored import stored_config
from saddle.losses.rpgan import RelativisticPairing
from saddle.metrics.extractors.features import RealFeatures
from saddle.metrics.frechet import GaussianFit, frechet_distance
from saddle.metrics.per_class import ClassAccuracy, ClassFrechetDistance
from saddle.metrics.reference import Reference
from saddle.models.gan import GAN
from saddle.noise import drawn_labels, noise, visited
from saddle.penalties.base import Penalty
from saddle.runs.folder import RunFolder
from saddle.runs.messages import conditions
from saddle.samples.sampling import load_model
from test_conditional_networks import given
from test_resume import train
from toy import LabelledToy, Toy, dcgan, game, mlp, play

NETWORKS = options("network")
CPU = torch.device("cpu")


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


def call_network(network: nn.Module) -> list[list[int]]:
    """Grows by the labels that the network is given with every batch."""
    seen: list[list[int]] = []
    network.register_forward_pre_hook(lambda _, given: seen.append(given[1].tolist()))
    return seen


def test_a_loss_that_compares_both_sides_has_one_label_on_both() -> None:
    model = conditional(loss=RelativisticPairing(), d_steps=1, average_half_life=None)
    generator, discriminator = call_network(model.generator), call_network(model.discriminator)
    data = LabelledToy()
    play(model, 2, data=data)
    of_batch = [data.labels(0, range(6 * batch, 6 * batch + 6), CPU).tolist() for batch in (0, 1, -1, -2)]  # type: ignore[union-attr]  # it is there
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
    model.logits = lambda *given: seen.append(plain(*given)) or seen[-1]  # type: ignore[method-assign,func-returns-value]  # a stand-in that notes what it is asked
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
    with pytest.raises(ValueError, match=r"has no classes \(it was trained with labels=false\)"):
        model.sample(range(3), 0, torch.zeros(3, dtype=torch.int64))


@pytest.mark.parametrize(("classes", "count", "shape"), [(3, 7, (3, 2)), (3, 1, (3, 1)), (20, 64, (MOST_CLASSES, 4))])
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


def features_of(values: Tensor, labels: Labels) -> RealFeatures:
    """A real side whose features are known."""
    images = image_set(torch.zeros(len(values), 1, 1, 1, dtype=torch.uint8))
    reference = Reference(images=images, split="test", count=len(values))
    real = RealFeatures(extractor=Thumbnail(), reference=reference, labels=labels, batch_size=64)
    real.values = values
    return real


def accuracy(values: Tensor, labels: Labels) -> ClassAccuracy:
    return ClassAccuracy(real=features_of(values, labels))


def test_accuracy_is_that_of_fishers_classifier() -> None:
    """Two equal Gaussians at distance d: the best that can be is Phi(d / 2), however thin they are."""
    real, labels = apart(4_000, 2.0)
    name, metric, requested = "class_accuracy_thumbnail", accuracy(real, labels), torch.from_numpy(labels.values)
    best = metric.compute(real, requested)[name]
    assert best == pytest.approx(0.8413, abs=0.02)
    assert metric.compute(real, 1 - requested)[name] == pytest.approx(1 - best)
    assert metric.compute(real, 0 * requested)[name] == pytest.approx(0.5, abs=0.02)
    floor = metric.floor(4_000)
    assert floor[name] == pytest.approx(best, abs=2 * floor[f"{name}_error"])  # the standard error of 4,000 images
    assert floor[f"{name}_error"] == pytest.approx((best * (1 - best) / 4_000) ** 0.5, rel=0.05)
    wide, wide_labels = apart(400, 20.0)
    assert accuracy(wide, wide_labels).compute(wide, torch.from_numpy(wide_labels.values))[name] == 1
    with pytest.raises(ValueError, match="class_accuracy_thumbnail wants the labels"):
        metric.compute(real, None)


def test_the_distance_by_class_is_the_mean_over_classes() -> None:
    """It sees classes that were exchanged, to which the distance of all images is blind."""
    real, labels = apart(300, 20.0)
    metric, own = ClassFrechetDistance(real=features_of(real, labels), class_images=2), torch.from_numpy(labels.values)
    assert metric.compute(real, own) == {"fd_thumbnail_class_mean": pytest.approx(0, abs=1e-6)}
    fitted = [GaussianFit.fitted(real[own == y]) for y in (0, 1)]
    assert metric.compute(real, 1 - own) == {"fd_thumbnail_class_mean": pytest.approx(frechet_distance(*fitted))}
    assert np.isnan(metric.compute(real[:100], 0 * own[:100])["fd_thumbnail_class_mean"])
    with pytest.raises(ValueError, match="fd_thumbnail_class_mean wants the labels"):
        metric.compute(real, None)


def test_a_distance_by_class_of_few_images_is_left_out() -> None:
    real, labels = apart(21, 1.0)
    with pytest.warns(UserWarning, match=r"fd_thumbnail_class_mean is left out: class right has 10 images .* takes 11"):
        metric = ClassFrechetDistance(real=features_of(real, labels), class_images=11)
    assert metric.higher_is_better == metric.compute(real, torch.from_numpy(labels.values)) == {}
    assert metric.settings()["class_images"] == 11


# ---- from the command to the folder


@pytest.mark.filterwarnings("ignore:.* (generated and .* real images|is left out)")
def test_a_conditional_run_and_what_it_leaves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    run = RunFolder("runs/single/one")
    settings = ["labels=true", "network=mlp", "updates=3", "trainer.precision=32-true", "sample_images=20"]
    assert train(run, *settings, "evaluate_reference=all", "evaluator.metrics.class_frechet.class_images=2") == 0
    summary, recipe = run.summary() or {}, run.model() or {}
    assert summary["data"]["classes"] == recipe["classes"]
    assert list(recipe["classes"]) == list("0123456789")
    assert recipe["generator"]["classes"] == 10
    assert {"class_accuracy_digits", "fd_digits_class_mean"} <= run.metrics()[-1].keys()
    assert 0 <= run.metrics()[-1]["class_accuracy_digits"] <= 1
    assert Image.open(run.grids()[-1]).size == (2 * 66 + 2, 10 * 66 + 2)
    model = load_model(run, stored_config(run, files=False))
    rebuilt = instantiate(OmegaConf.create(recipe["generator"])).eval()
    rebuilt.load_state_dict(model.sampling_module().state_dict())
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
    run.write_config("seed: 0\n")
    run.save_weights("last", b"weights")
    run.write_recipe({})
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

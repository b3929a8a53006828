"""Every recipe in conf/recipe: it is its source's, it only chooses, what is asked for beside it wins, and it trains."""

import inspect
import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import DictConfig, OmegaConf
from torch import nn

import test_resume
from options import CONF, build, composed, options
from saddle.cli.training import carry_out
from saddle.config import check, help_text, hints, instantiate, precheck
from saddle.config.composing import composer
from saddle.config.keys import KINDS, groups
from saddle.engine.existing_run import claim_folder
from saddle.engine.stored import stored_config
from saddle.penalties.base import Penalty
from saddle.penalties.slope import slopes
from saddle.runs.folder import RunFolder
from saddle.runs.identity import identity
from saddle.runs.naming import job_names

RECIPES = options("recipe")
PLAYERS = ("generator", "discriminator")

# Every setting of the game as the sources have it; `*` is each player. Where no eps is named, Adam's is torch's, 1e-8.
ADAM = {"optimizer.*._target_": "torch.optim.Adam", "optimizer.*.lr": 2e-4}
LINEAR = {
    "schedule.*._target_": "saddle.schedules.linear.Linear",
    "schedule.*.begin": 0,
    "schedule.*.end": 100_000,
    "schedule.*.final": 0,
    "schedule.*.warm_up": 0,
}
COMMON = {"prior": "normal", "g_steps": 1, "generator_clip_norm": None, "discriminator_clip_norm": None, **ADAM}
RESNET = {
    "network.generator._target_": "saddle.networks.resnet.ResNetGenerator",
    "network.generator.norm": "batch",
    "network.discriminator._target_": "saddle.networks.resnet.ResNetDiscriminator",
    "network.discriminator.bottom": 8,
    "network.discriminator.flat_blocks": 2,
    "network.discriminator.output_bias": True,
    "optimizer.*.betas": [0, 0.9],
    "batch_size": 64,
    "d_steps": 5,
    "code_size": 128,
    "average_half_life": None,
    "updates": 100_000,
    **COMMON,
    **LINEAR,
}
PUBLISHED: dict[str, dict[str, Any]] = {
    "dcgan": {
        "loss._target_": "saddle.losses.nonsaturating.NonSaturating",
        "optimizer.*.betas": [0.5, 0.999],
        "schedule.*._target_": "saddle.schedules.constant.Constant",
        "schedule.*.warm_up": 0,
        "network.generator._target_": "saddle.networks.dcgan.DCGANGenerator",
        "network.discriminator._target_": "saddle.networks.dcgan.DCGANDiscriminator",
        "network.discriminator.norm": "batch",
        "network.*.width": 64,
        "network.*.widest": 512,
        "network.*.biases": False,
        "batch_size": 64,
        "generator_batch_size": None,
        "d_steps": 1,
        "code_size": 100,
        "average_half_life": None,
        "updates": math.ceil(25 * 50_000 / 64),
        **COMMON,
    },
    "wgan_gp": {
        "loss._target_": "saddle.losses.wasserstein.Wasserstein",
        "penalty._target_": "saddle.penalties.gradient_penalty.GradientPenalty",
        "penalty.weight": 10,
        "penalty.one_sided": False,
        "penalty.every": 1,
        "network.*.width": 128,
        "network.*.widest": 128,
        "network.generator.upsampling": "nearest",
        "network.generator.redundant_biases": False,  # a difference, which the recipe states
        "network.discriminator.norm": "none",
        "network.discriminator.pooling": "mean",
        "generator_batch_size": 128,
        **RESNET,
    },
    "sngan": {
        "loss._target_": "saddle.losses.hinge.Hinge",
        "network.generator.width": 256,
        "network.generator.widest": 256,
        "network.generator.upsampling": "bilinear",
        "network.generator.redundant_biases": True,
        "network.discriminator.width": 128,
        "network.discriminator.widest": 128,
        "network.discriminator.norm": "spectral",
        "network.discriminator.pooling": "sum",
        "generator_batch_size": None,
        **RESNET,
    },
    "r3gan_cifar10": {
        "loss._target_": "saddle.losses.rpgan.RelativisticPairing",
        "penalty._target_": "saddle.penalties.r1_r2.R1R2",
        "penalty.gamma": 0.05,
        "penalty.every": 1,
        "optimizer.*.betas": [0, 0.9],
        "optimizer.*.eps": 1e-8,
        "schedule.*._target_": "saddle.schedules.cosine.Cosine",
        "schedule.*.begin": 0,
        "schedule.*.end": math.ceil(20e6 / 512),
        "schedule.*.final": 5e-5 / 2e-4,
        "schedule.*.warm_up": 0,
        "network.generator._target_": "saddle.networks.r3gan.R3GANGenerator",
        "network.discriminator._target_": "saddle.networks.r3gan.R3GANDiscriminator",
        "network.*.width": 768,
        "network.*.widest": 768,
        "network.*.blocks": 2,
        "network.*.expansion": 2,
        "network.*.group_size": 768 * 2 // 96,
        "average_half_life": 5_000_000,
        "batch_size": 512,
        "generator_batch_size": None,
        "d_steps": 1,
        "code_size": 64,
        "updates": int(250e6 / 512),
        **COMMON,
    },
}
OURS = {"house"}
"""Chosen by measurement: they have no source to be compared with."""
GROUPS = ("network", "loss", "penalty", "augment", "optimizer", "schedule")
GIVEN = ("channels", "resolution", "code_size", "classes", "outputs", "_partial_", "fused")
"""What the data, the game or the device decide."""
COUNTS = {
    ("dcgan", 64): (3_576_704, 2_765_568),  # of pytorch/examples
    ("sngan", 32): (4_276_739, 1_053_825),  # of mimicry
}
"""Parameters of G and D where the source's are known, with three channels."""


def test_every_recipe_is_compared_with_its_source() -> None:
    assert set(RECIPES) - OURS == set(PUBLISHED)


@pytest.mark.parametrize("name", PUBLISHED)
def test_settings_are_those_of_the_source(name: str, cfgs: dict[str, DictConfig]) -> None:
    """All of them: what a recipe writes, and what the options that it chooses hold."""
    written = OmegaConf.load(CONF / "recipe" / f"{name}.yaml").keys() - {"defaults"}
    held = {
        path: value
        for path, value in identity(cfgs[name]).items()
        if path in written or (path.split(".")[0] in GROUPS and path.split(".")[-1] not in (*GIVEN, "encoder"))
    }
    source = PUBLISHED[name].items()
    assert held == {path.replace("*", player): value for path, value in source for player in PLAYERS}


@pytest.fixture(scope="module")
def cfgs() -> dict[str, DictConfig]:
    return {name: composed(f"recipe={name}") for name in RECIPES}


@pytest.mark.parametrize(("name", "resolution"), COUNTS)
def test_parameter_counts_are_those_of_the_source(name: str, resolution: int) -> None:
    network = composed(f"recipe={name}", f"resolution={resolution}").network
    with torch.device("meta"):
        built: list[nn.Module] = [instantiate(network[player]) for player in PLAYERS]
    assert tuple(sum(p.numel() for p in network.parameters()) for network in built) == COUNTS[name, resolution]


# ---- it only chooses


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_chooses_options_and_sets_top_level_keys(name: str) -> None:
    """All of the game, so that nothing of it is left to defaults; nothing of the data, nor when to measure."""
    text = (CONF / "recipe" / f"{name}.yaml").read_text()
    assert text.startswith("# @package _global_\n# ")
    written: dict[str, Any] = OmegaConf.to_container(OmegaConf.create(text), resolve=False)  # type: ignore[assignment]  # a mapping at its top
    chosen = [next(iter(choice.items())) for choice in written.pop("defaults")]
    assert all(group.startswith("override /") for group, _ in chosen)
    mounts = {group.removeprefix("override /"): option for group, option in chosen}
    twice = {f"{group}@{group}.{player}" for group in ("optimizer", "schedule") for player in PLAYERS}
    assert set(mounts) == {"model", "network", "loss", "penalty", "augment", *twice}
    for mount, option in mounts.items():
        assert option in groups(CONF)[mount.partition("@")[0]]
    of_the_game = set(re.findall(r"\$\{(\w+)\}", (CONF / "model/gan.yaml").read_text())) - {"seed"}
    assert set(written) == of_the_game | {"updates", *(f"{player}_clip_norm" for player in PLAYERS)}
    assert set(written) <= set(KINDS)


OTHERS = {
    "penalty": "none",
    "loss": "minimax",
    "network": "mlp",
    "augment": "diffaugment",
    "optimizer@optimizer.generator": "sgd",
    "optimizer@optimizer.discriminator": "rmsprop",
    "schedule@schedule.generator": "cosine",
    "schedule@schedule.discriminator": "constant",
}


@pytest.mark.parametrize("name", RECIPES)
def test_nothing_of_an_option_survives_another_choice(name: str) -> None:
    """Whichever axis is swept, and in whatever order it is written: what is asked for is what there is."""
    asked = [f"{mount}={option}" for mount, option in OTHERS.items()]
    plain = composed(*asked, "d_steps=3", "updates=7")
    for overrides in ([f"recipe={name}", *asked], [*asked, f"recipe={name}"]):
        cfg = composed(*overrides, "d_steps=3", "updates=7")
        check(cfg)
        for group in {mount.partition("@")[0] for mount in OTHERS}:
            assert OmegaConf.to_container(cfg[group]) == OmegaConf.to_container(plain[group])
        assert (cfg.d_steps, cfg.model.d_steps, cfg.schedule.generator.end) == (3, 3, 7)
    one = composed(f"recipe={name}", "loss=f_js", "batch_size=24")
    whole = composed(f"recipe={name}")
    changed = {path for path, value in identity(one).items() if identity(whole).get(path) != value}
    assert changed == {"loss._target_", "batch_size", "model.batch_size"}


def test_recipes_are_swept_like_any_choice() -> None:
    precheck(["-m", "recipe=glob(*)", "data=faces,digits", "loss=minimax,hinge"])
    assert job_names([["recipe=dcgan", "loss=hinge"], ["recipe=sngan", "loss=hinge"]]) == [
        "recipe-dcgan",
        "recipe-sngan",
    ]
    assert all(re.search(rf"^    {name}  +\S", help_text(), re.MULTILINE) for name in RECIPES)


def test_a_study_is_above_a_recipe_and_may_choose_one(tmp_path: Path) -> None:
    conf = tmp_path / "conf"
    shutil.copytree(CONF, conf)
    (conf / "experiment").mkdir(exist_ok=True)
    text = "# @package _global_\ndefaults:\n  - override /recipe: sngan\n  - override /loss: minimax\nd_steps: 2\n"
    (conf / "experiment/study.yaml").write_text(text)
    with composer(conf) as made:
        cfg = made.compose(["experiment=study"])
        assert cfg.loss._target_ == "saddle.losses.minimax.Minimax"
        assert (cfg.d_steps, cfg.code_size, cfg.network.discriminator.pooling) == (2, 128, "sum")
        assert made.compose(["experiment=study", "recipe=dcgan"]).code_size == 100
        assert made.compose(["experiment=study", "loss=hinge"]).loss._target_ == "saddle.losses.hinge.Hinge"


# ---- it trains

TINY = ["data=digits", "resolution=16", "logger=none", "evaluate_images=20", "sample_images=4", "log_every=1"]
TINY += ["batch_size=16", "updates=3", "network.generator.width=8", "network.generator.widest=16"]
TINY += ["network.discriminator.width=8", "network.discriminator.widest=16", "trainer.accelerator=cpu"]
NOTE = "note: penalty.gamma=0.05; the heuristic of StyleGAN2-ADA"

alone = test_resume.alone


@pytest.mark.filterwarnings("ignore:.* generated and .* real images")
@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_trains_and_is_known_again(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The run is what it chose, whoever chose it: stored without its name, gone on with, and found finished."""
    folder, cfg = RunFolder(f"runs/single/recipe-{name}"), composed(*TINY, f"recipe={name}")
    assert carry_out(cfg, folder) == 0
    assert capsys.readouterr().err.count(NOTE) == (name == "r3gan_cifar10")
    lines = [json.loads(line) for line in (folder.path / "metrics.jsonl").read_text().splitlines()]
    losses = [line["loss_discriminator"] for line in lines if "loss_discriminator" in line]
    assert len(losses) == 3
    assert all(map(math.isfinite, losses))
    assert ("penalty" in lines[1]) == bool(cfg.penalty)
    stored = stored_config(folder, files=True)
    assert "recipe" not in stored
    again = composed(*TINY, f"recipe={name}", f"trainer.precision={stored.trainer.precision}")
    assert identity(stored) == identity(again)
    assert not claim_folder(composed(*TINY, f"recipe={name}"), folder)


# ---- gamma elsewhere


@pytest.mark.parametrize(
    ("overrides", "proposed"),
    [
        (["penalty=r1"], "0.0032"),
        (["penalty=r2", "resolution=64", "batch_size=32"], "0.026"),
        (["recipe=r3gan_cifar10"], "0.0004"),
        (["penalty=r1_r2", "penalty.gamma=1e-4"], "0.0032"),
        (["penalty=r1", "penalty.gamma=0.01"], None),
        (["penalty=r1", "penalty.gamma=0"], None),
        (["penalty=gradient_penalty"], None),
        ([], None),
    ],
)
def test_a_gamma_far_from_the_heuristic_is_noted(overrides: list[str], proposed: str | None) -> None:
    said = hints(composed(*overrides))
    assert len(said) == (proposed is not None)
    if proposed is not None:
        assert said[0].endswith(f"0.0002 resolution^2 / batch_size, proposes {proposed} here")


def test_a_decay_that_a_shorter_run_does_not_reach_is_noted() -> None:
    longer = ["schedule@schedule.generator=linear", "schedule.generator.end=5000"]
    assert [said.split(":")[0] for said in hints(composed(*longer))] == [
        "schedule.generator.end=5,000 lies beyond the last update, 3,000"
    ]
    assert not hints(composed(*longer, "updates=5000"))


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["penalty=weight_clipping"], "norm=spectral undoes penalty=weight_clipping"),
        (["penalty=weight_clipping", "network.discriminator.norm=none"], None),
        (["loss=wasserstein", "network=mlp"], "loss=wasserstein wants a Lipschitz D, and here nothing keeps it so"),
        (["loss=wasserstein", "network=mlp", "penalty=gradient_penalty"], None),
        (["loss=wasserstein"], None),
        (["model=vae"], None),
    ],
)
def test_a_bound_that_is_undone_or_missing_is_noted(overrides: list[str], words: str | None) -> None:
    said = hints(composed(*overrides))
    assert len(said) == (words is not None)
    assert words is None or words in said[0]


@pytest.mark.parametrize("option", options("penalty"))
def test_a_penalty_says_whether_it_confines_the_weights(option: str) -> None:
    penalty = build("penalty", option)
    assert penalty is None or penalty.confines_weights == (type(penalty).project is not Penalty.project)


@pytest.mark.parametrize("option", options("penalty"))
def test_a_penalty_says_whether_it_has_a_gamma(option: str) -> None:
    penalty = build("penalty", option)
    assert penalty is None or penalty.has_gamma == ("gamma" in inspect.signature(type(penalty)).parameters)


def test_an_enlarged_picture_has_half_the_slope() -> None:
    """Why gamma grows with the square of the side."""
    weight = torch.randn(16, generator=torch.Generator().manual_seed(0))
    small, large = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 8, 8)
    at_small = slopes(lambda x: x.flatten(1) @ weight, small)
    at_large = slopes(lambda x: nn.functional.avg_pool2d(x, 2).flatten(1) @ weight, large)
    torch.testing.assert_close(at_small, 2 * at_large)

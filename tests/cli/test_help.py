"""What help says, what --cfg shows, what is noted; and none of it needs torch."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf

from saddle.config import (
    ConfigError,
    check,
    help_on,
    help_text,
    precheck,
)
from saddle.config.composing import Composer
from saddle.config.keys import CONF, KINDS, groups
from saddle.config.options import option_name
from saddle.runs.identity import identity

OPTIONS = [(group, option) for group, options in groups(CONF).items() for option in options]


def test_help_names_every_group_option_and_key_in_a_few_screens() -> None:
    text = help_text()
    assert all(f" {option} " in text for _, option in OPTIONS)
    assert all(f"  {key}=" in text or f"  {key}." in text for key in KINDS)
    assert len(text.splitlines()) < 270
    assert max(map(len, text.splitlines())) <= 120


def test_all_texts_of_a_group_begin_in_one_column() -> None:
    choices = help_text().partition("group=option --help\n")[2].partition("\nKEYS")[0]
    sections = re.split(r"^  [^ *\n].*\n", choices, flags=re.MULTILINE)[1:]  # at the names of the groups
    for section, options in zip(sections, filter(None, groups(CONF).values()), strict=True):
        labelled = re.findall(r"^  [* ] (\w+)( +)", section, re.MULTILINE)
        found = {name: len(name + space) for name, space in labelled if name in options and len(space) > 1}
        assert list(found) == options
        assert len(set(found.values())) == 1


def test_help_on_an_option_names_the_keys_of_its_own_with_their_comments(conf: Path) -> None:
    """All keys that the option's file sets are there, and no others; a recipe sets keys of the whole."""
    told = help_on(["augment=ada", "schedule@schedule.generator=cosine", "recipe=sngan", "seed=1"])
    assert re.search(r"^  augment\.target=0\.6  +target of E sign\(D\(real\)\)", told, re.MULTILINE)
    assert re.search(r"^  schedule\.generator\.end=\$\{updates\}  +update at which", told, re.MULTILINE)
    assert "\n  loss=hinge\n" in told
    assert "\n  d_steps=5\n" in told
    for option in filter(lambda option: option != "none", groups(CONF)["penalty"]):
        listed = dict(re.findall(r"^  penalty\.(\w+)=(\S+)", help_on([f"penalty={option}"]), re.MULTILINE))
        node = yaml.safe_load((CONF / f"penalty/{option}.yaml").read_text())
        assert {key: yaml.safe_load(value) for key, value in listed.items()} == {
            key: value for key, value in node.items() if key != "_target_"
        }
    assert "it has no keys of its own" in help_on(["loss=hinge"])
    assert help_on(["seed=1"]) == help_text()
    with pytest.raises(ConfigError, match="loss=hing: there is no such option; did you mean hinge"):
        help_on(["loss=minimax,hing"])


@pytest.mark.parametrize(
    ("group", "option", "module"),
    [
        ("model", "learned_code", "fixed_code"),
        ("model", "vae_bernoulli", "vae"),
        ("model", "discriminator_random", "discriminator"),
        ("loss", "least_squares_pearson", "least_squares"),
        ("optimizer.generator", "adam_wgan_gp", "Adam"),
    ],
)
def test_an_option_keeps_its_name(made: Composer, group: str, option: str, module: str) -> None:
    """A run stored without the names of its options is called by the modules of its classes."""
    choice = f"optimizer@{group}" if "." in group else group
    cfg = made.compose([f"{choice}={option}"])
    check(cfg)
    assert option_name(cfg, group) == option
    job = OmegaConf.masked_copy(cfg, [str(key) for key in cfg if key != "hydra"])
    stored_before = OmegaConf.masked_copy(job, [str(key) for key in job if key != "options"])
    assert identity(job) == identity(stored_before)
    assert option_name(stored_before, group) == module


def test_names_are_of_options_that_the_model_uses(made: Composer) -> None:
    cfg = made.compose(["model=vae", "recipe=sngan"])
    assert cfg.options.recipe == "sngan"
    assert cfg.options.extractor == "faces"
    assert "loss" not in cfg.options
    assert "launcher" not in str(cfg.options)
    assert option_name(cfg, "loss") == "none"


def test_the_configuration_that_is_shown_is_the_one_that_is_run(made: Composer, conf: Path) -> None:
    typed = ["model=vae", "loss=hinge", "seed=3"]
    entry = precheck(["--cfg", "job", *typed], conf)
    shown = OmegaConf.create(entry.shown or "")
    run: Any = OmegaConf.to_container(made.compose(typed))
    del run["hydra"]
    assert OmegaConf.to_container(shown) == run
    assert (shown.loss, shown.penalty, shown.d_steps) == (None, None, None)
    assert entry.notes == ["loss=hinge changes nothing with model=vae, which has no setting loss"]
    assert (
        precheck(["--cfg", "job", "--package", "data.shape", "--resolve"], conf).shown
        == "# @package data.shape\n- 3\n- 32\n- 32"
    )
    assert precheck(["--cfg", "job", "--package", "seed", "seed=3"], conf).shown == "3"
    assert precheck(["seed=3"], conf).shown is None
    with pytest.raises(ConfigError, match="--package pnalty: there is no such key"):
        precheck(["--cfg", "job", "--package", "pnalty"], conf)


def test_a_wrong_value_of_what_the_model_does_without_is_said_to_change_nothing(made: Composer, conf: Path) -> None:
    """It is not refused, because sweeps mix models; and never silent."""
    assert precheck(["model=vae", "loss=hinge", "d_steps=0"], conf).notes == [
        "loss=hinge changes nothing with model=vae, which has no setting loss",
        "d_steps=0 changes nothing with model=vae, which has no setting d_steps",
    ]
    assert "model=vae_bernoulli" in precheck(["model=vae_bernoulli", "d_steps=0"], conf).notes[0]


def test_a_setting_that_only_others_look_at_is_said_to_change_nothing(made: Composer, conf: Path) -> None:
    """Once: a job of a sweep has the settings of the sweep, and is told that it is one run."""
    typed = ["sweep.retry_failed=true", "hydra.launcher.jobs=2", "data.label=fringe"]
    assert [note.partition(" changes nothing ")[::2] for note in precheck(typed, conf).notes] == [
        ("sweep.retry_failed=true", "without -m"),
        ("hydra.launcher.jobs=2", "without -m"),
        ("data.label=fringe", "without labels=true"),
    ]
    assert not precheck([*typed[:1], "data.label=fringe", "labels=true", "hydra.mode=RUN"], conf).notes
    assert not precheck(["-m", *typed, "seed=0,1"], conf).notes


def test_neither_help_nor_a_refusal_imports_what_is_heavy() -> None:
    program = """
import sys
from saddle.config import check_jobs, enter, help_text
assert help_text()
for argv in ([], ["resolution=48"], ["--cfg", "job"], ["penalty=r1", "--help"]):
    try:
        enter(argv)
    except SystemExit as end:
        assert end.code == (2 if argv == ["resolution=48"] else 0)
heavy = {"torch", "torchvision", "pytorch_lightning", "lightning", "sklearn", "scipy", "matplotlib", "wandb", "numpy"}
print(sorted(heavy & set(sys.modules)))
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
    assert "resolution=48: network.generator.resolution" in done.stderr


@pytest.mark.parametrize("command", ["train.py", "sample.py"])
def test_a_reader_of_help_that_stops_reading_leaves_no_trace(command: str) -> None:
    """As `--help | head` does."""
    words = [sys.executable, str(Path(__file__).parents[2] / "src" / command), "--help"]
    reading, writing = os.pipe()
    os.close(reading)  # nobody reads any of it
    done = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")

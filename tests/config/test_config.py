"""A wrong configuration is refused in words, a right one passes, and neither needs torch."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import DictConfig

from options import build, needs
from saddle.config import (
    ConfigError,
    check,
    check_jobs,
    composing,
    enter,
    precheck,
    rules,
)
from saddle.config.composing import Composer
from saddle.config.field_names import FIELD
from saddle.config.keys import CONF, KINDS, MOUNTED, TWICE, groups

# What a person may type, and words that the answer must hold.
MISTAKES = [
    # groups and options
    ("loss=minimx", "loss=minimx: there is no such option; did you mean minimax?"),
    ("loss=hinj", "there is no such option; did you mean hinge?"),
    ("loss=xyz", "choose f_js, f_kl, "),
    ("los=minimax", "there is no key los; did you mean loss?"),
    ("loss=null", "to leave the group out, write ~loss"),
    ("~loss", "there is no loss, which model=gan needs: set loss=f_js, f_kl, "),
    ("~data", "there is no data, which every run needs"),
    ("loss=[minimax,nonsaturating]", "takes one option; for a sweep over several: -m loss=a,b"),
    ("+loss=minimax", "loss is there already; write loss=minimax"),
    ("++loss=minimax", "force-add of config groups is not supported"),
    ("optimizer=adam", "write optimizer@optimizer.discriminator=adam or optimizer@optimizer.generator=adam"),
    ("optimizer.generator=adam", "an option is chosen with optimizer@optimizer.generator=adam"),
    ("network.generator=mlp", "network.generator=mlp: takes a node with _target_"),
    (
        "~optimizer@optimizer.generator",
        "there is no optimizer.generator, which every run needs: set optimizer@optimizer.",
    ),
    ("~schedule@schedule.discriminator", "set schedule@schedule.discriminator=constant, cosine, "),
    ("schedule=linear", "write schedule@schedule.discriminator=linear or schedule@schedule.generator=linear"),
    ("augment=adda", "augment=adda: there is no such option; did you mean ada?"),
    ("recipe=r3gan_cifar", "there is no such option; did you mean r3gan_cifar10"),
    ("recipe.d_steps=3", "there is no key recipe; did you mean d_steps"),
    ("recipe=sngan penalty.gamma=1", "no penalty is chosen that has gamma; choose one first: penalty=r1, "),
    # keys
    ("sed=3", "there is no key sed; did you mean seed?"),
    ("+sed=3", "there is no key sed; did you mean seed?"),
    ("+seed=3", "+seed=3: seed is there already; write seed=3"),
    ("~seed", "seed is missing: set seed=..."),
    ("epoks=3", "there is no key epoks; --help lists all keys"),
    ("devices=2", "there is no key devices; did you mean trainer.devices?"),
    ("data.root=photos", "; data=celeba, data=cifar10, data=fashion_mnist, data=folder and data=mnist have one"),
    ("penalty=r1 penalty.weight=3", "penalty has no weight; it has gamma and every; penalty=dragan, "),
    ("lr=1e-3", "did you mean optimizer.generator.lr or optimizer.discriminator.lr?"),
    ("optimizer.lr=1e-3", "optimizer has no lr; did you mean optimizer.generator.lr"),
    ("network.generatr.width=3", "network has no generatr; did you mean network.generator.width?"),
    ("network.generator.widht=3", "did you mean network.generator.width or"),
    ("seed.x=3", "seed is a value and holds no x"),
    ("optimizer.generator.foo=1", "optimizer.generator has no foo; it has lr, betas and fused"),
    ("optimizer.generator.amsgrad=true", "write +optimizer.generator.amsgrad=true"),
    ("network.generator.width=???", "network.generator.width is missing: set network.generator.width=..."),
    ("seed=${sed}", "Interpolation key 'sed' not found"),
    ("penalty.gamma=1", "choose one first: penalty=r1, penalty=r1_r2, penalty=r1_r2_r3gan_cifar10 or penalty=r2"),
    (
        "penalty.gama=1",
        "no penalty is chosen that has gama; choose one first: penalty=dragan, penalty=gradient_penalty,",
    ),
    ("logger=none logger.wandb.project=x", "no logger is chosen that has wandb; choose one first: logger=wandb"),
    ("~metric@evaluator.metrics.kd", "no option is chosen there; write ~metric@evaluator.metrics."),
    ("~loss seed.x=3", "seed is a value and holds no x"),
    ("data=ring network=mlp ~metric@evaluator.metrics.modes sed=1", "there is no key sed"),
    (
        "data=ring network=mlp ~metric@evaluator.metrics.x",
        "no option is chosen there; write ~metric@evaluator.metrics.",
    ),
    ("callback=[device_stats,device_stats]", "device_stats is chosen twice"),
    ("logger=[none,csv]", "none goes with no other option; write logger=none or logger=[csv]"),
    # names that the field has for them
    ("loss=wgan", "there is no such option; write loss=wasserstein penalty=weight_clipping d_steps=5 network.discrim"),
    ("loss=LSGAN", "there is no such option; write loss=least_squares"),
    ("penalty=WGAN-GP", "there is no such option; write penalty=gradient_penalty"),
    ("data=./photos", "there is no such option; write data=folder data.root=..."),
    ("n_critic=5", "there is no key n_critic; write d_steps=5"),
    ("learning_rate=1e-3", "write optimizer.generator.lr=1e-3 optimizer.discriminator.lr=1e-3"),
    ("epochs=3", "write updates=..., one for each batch: epochs x images / batch_size"),
    ("+n_critic=5", "there is no key n_critic; write d_steps=5"),
    ("resume=runs/single/default", "write run=FOLDER and no other setting, or the same command again"),
    ("penalty=r2 gamma=1", "there is no key gamma; did you mean penalty.gamma?"),
    ("-m n_critic=1,5", "n_critic=1: there is no key n_critic; write d_steps=1"),
    ("-m hydra.launcher.job=2", "hydra.launcher has no job; did you mean hydra.launcher.jobs?"),
    ("-m hydra/launcher=submitit_slurm hydra.launcher.partitio=gpu", "did you mean hydra.launcher.partition?"),
    ("sweep=runs/seeds", "sweep takes no value itself; it has retry_failed"),
    ("+foo=1", "there is no key foo; --help lists all keys"),
    ("data=folder data.root=", "data.root='': names no folder; the one that you are in is data.root=."),
    ("optimizer.generator.lr=1e400", "optimizer.generator.lr takes a number"),
    # grammar and flags
    ("seed", "a setting is written KEY=VALUE, without spaces"),
    ("seed = 3", "a setting is written KEY=VALUE, without spaces"),
    ("=3", "a setting is written KEY=VALUE, without spaces"),
    ("-m loss=hinge, minimax", "loss=hinge,: several values are separated by a comma without spaces, loss=A,B"),
    ("-m loss=hinge ,minimax", ",minimax: a setting is written KEY=VALUE, without spaces; several values KEY=A,B"),
    ("name=a(1)", "a text with special characters is name='\"a(1)\"'"),
    ("--updates=10", "settings have no dashes: updates=10"),
    ("--mutlirun seed=1", "did you mean --multirun"),
    ("seed=1 -m loss=minimax", "flags such as -m stand in front of all settings"),
    ("--config-dir /nowhere", "there is no such folder"),
    # sweeps
    ("loss=minimax,nonsaturating", "needs -m in front"),
    ("-m loss=minimax,nonsaturatng", "there is no such option; did you mean nonsaturating?"),
    ("-m loss=minimax,nonsaturating seed=0,1,x", "in the job loss=nonsaturating seed=x:\nseed=x: seed takes"),
    ("-m seed=interval(0,1)", "an interval has no end of values"),
    ("trainer.devices=2 trainer.num_nodes=3", "6 devices (trainer.devices x trainer.num_nodes) cannot share"),
    ("model=mixture trainer.devices=2", "model=mixture looks at all its samples in every update"),
    ("-m hydra.launcher.jobs=0", "hydra.launcher.jobs takes a whole number above 0"),
    ("-m hydra/launcher=submitit_slurm hydra.launcher.setup=x", "setup takes a list, each element a text"),
    # strangers
    ("loss._target_=saddle.losses.minimax.Minmax", "did you mean saddle.losses.minimax.Minimax?"),
]

WRONG_VALUES = [
    ("seed=-1", "seed=-1: seed takes a whole number from 0"),
    ("code_size=2.5", "code_size=2.5: code_size takes a whole number above 0"),
    ("batch_size=true", "batch_size=true: batch_size takes a whole number above 0"),
    ("g_steps=", "g_steps='': g_steps takes a whole number above 0"),
    ("updates=1e4", "updates=10000.0: updates takes a whole number above 0; write updates=10000"),
    ('d_steps="3"', "d_steps takes a whole number above 0; write d_steps=3"),
    ("sweep.retry_failed=1", "sweep.retry_failed takes true or false"),
    ("+sweep.retry=true", "sweep has no retry; did you mean retry_failed?"),
    ("fresh=yes", "fresh takes true or false; write fresh=true"),
    ("name=2024", "name takes a text or null; write name='\"2024\"'"),
    ("prior=gaussian", "prior=gaussian: prior takes normal or uniform"),
    (
        "resolution=48",
        "resolution=48: network.generator.resolution and network.discriminator.resolution take 8, 16, 32, 64",
    ),
    ("network.discriminator.norm=btach", "network.discriminator.norm takes none, layer, spectral or batch"),
    ("optimizer.generator.lr=abc", "optimizer.generator.lr takes a number"),
    ("optimizer.generator.betas=0.5", "takes a list of 2: a number and a number"),
    ("optimizer.discriminator.lr=nan", "optimizer.discriminator.lr takes a number"),
    ("+optimizer.generator.foo=1", "Adam has no argument foo; it takes params, lr, betas, "),
    ("schedule.generator.warm_up=-1", "schedule.generator.warm_up takes a whole number from 0"),
    ("schedule@schedule.discriminator=cosine schedule.discriminator.final=2", "takes a number from 0 and up to 1"),
    ("generator_batch_size=0", "generator_batch_size takes a whole number above 0 or null"),
    ("average_half_life=0", "average_half_life takes a number above 0 or null"),
    ("generator_clip_norm=0", "generator_clip_norm takes a number above 0 or null"),
    ("+network.generator.widht=3", "DCGANGenerator has no argument widht; did you mean width"),
    ("~network.discriminator.width", "DCGANDiscriminator needs width"),
    ("loss._target_=os.system", "loss._target_=os.system is refused"),
    ("+model._args_=[1]", "nodes take _target_ and _partial_ only"),
    ("trainer={accelerator:{a:1}}", 'trainer.accelerator={"a": 1}: trainer.accelerator takes auto, cpu, gpu or mps'),
    ("+model={1:2}", "model.1: GAN has no argument 1"),
]

WRONG_TOGETHER = [
    ("trainer.devices=7", "7 devices (trainer.devices) cannot share it out evenly; set batch_size="),
    ("evaluate_images=20000", "evaluate_reference=test, has 10000 images; set evaluate_images=10000 or less"),
    ("batch_size=60000", "the training set has 50000 images"),
    ("data.shape=[3,16,16]", "does not go with networks for images of 32 x 32"),
    ("generator_batch_size=32", "generator_batch_size=32: 7 devices"),
    ("optimizer.generator.lr=-1", "optimizer.generator.lr takes a number above 0"),
    ("optimizer.generator.betas=[0.5,1.5]", "betas takes a list of 2: a number from 0 and below 1"),
    ("+optimizer.generator.foreach=true", "optimizer.generator: foreach and fused exclude one another"),
    (
        "optimizer@optimizer.discriminator=sgd optimizer.discriminator.momentum=1",
        "optimizer.discriminator.momentum takes a number from 0 and below 1",
    ),
    (
        "schedule@schedule.generator=linear schedule.generator.begin=4000",
        "schedule.generator.begin=4000: the decay is over before, at schedule.generator.end=3000",
    ),
    (
        "schedule@schedule.discriminator=cosine schedule.discriminator.end=2000",
        "updates=3000: from schedule.discriminator.end=2000 on the discriminator has no learning rate",
    ),
]


@pytest.fixture(autouse=True)
def optional_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if every optional package were installed."""
    monkeypatch.setattr("saddle.config.rules.find_spec", lambda name: name)


@pytest.mark.parametrize(("typed", "answer"), MISTAKES)
def test_a_mistake_is_answered_in_words(typed: str, answer: str, made: Composer, conf: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        precheck(typed.split(), conf)
    assert answer in str(refusal.value)
    assert "Traceback" not in str(refusal.value)


@pytest.mark.parametrize("right", FIELD)
def test_what_is_written_instead_of_a_name_of_the_field_can_be_written(right: str, made: Composer, conf: Path) -> None:
    """Options and keys are there and go together; `{}` and `...` stand for a value that only a person knows."""
    assert "=" in right
    for proposed in right.split(", or "):
        settings = re.findall(r"[\w.]+=(?:\{}|\.\.\.|\w[\w.-]*)", proposed)
        known = [setting for setting in settings if setting[-1] not in "}." and not setting.startswith("run=")]
        opened = {setting.partition("=")[0] for setting in settings if setting[-1] in "}."}
        cfg = made.compose([*known, *(f"{key}=null" for key in opened - {*groups(CONF)})])
        if not opened:
            check(cfg, conf)


def test_a_name_of_the_field_stands_once_and_is_none_of_ours() -> None:
    names = [name for typed in FIELD.values() for name in typed.split()]
    assert len(names) == len(set(names))
    ours = {*KINDS, *groups(CONF), *(f"{group}={option}" for group, option in OPTIONS)}
    assert not ours & {*names}


@pytest.mark.parametrize("mistakes", [WRONG_VALUES, WRONG_TOGETHER], ids=["values", "combinations"])
def test_several_mistakes_are_answered_at_once(mistakes: list[tuple[str, str]], made: Composer, conf: Path) -> None:
    with pytest.raises(ConfigError) as refusal:
        precheck([setting for typed, _ in mistakes for setting in typed.split()], conf)
    lines = str(refusal.value).splitlines()
    assert [[answer for line in lines if answer in line] for _, answer in mistakes] == [
        [answer] for _, answer in mistakes
    ]
    assert len(lines) == len(mistakes)


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "-m",
        "-m loss=minimax,nonsaturating seed=range(3)",
        "-m loss=glob(*)",
        "experiment=k",
        "experiment=k hydra.mode=RUN",
        "--cfg job",
        "--hydra-help",
        "data=digits network=mlp resolution=16 extractor=digits",
        "+optimizer.generator.amsgrad=true optimizer.generator.lr=1 logger=none name=x fresh=true evaluate_images=100",
    ],
)
def test_what_is_right_passes(typed: str, made: Composer, conf: Path) -> None:
    precheck(typed.split(), conf)


def test_studies_in_files_are_checked_like_sweeps(made: Composer, conf: Path) -> None:
    with pytest.raises(ConfigError, match="in the job d_steps=0:\nd_steps=0: d_steps takes a whole number above 0"):
        precheck(["experiment=no_k"], conf)
    with pytest.raises(ConfigError, match=r"no YAML: .*torn\.yaml"):
        precheck(["experiment=torn"], conf)
    with pytest.raises(ConfigError, match="must begin with `# @package _global_`"):
        precheck(["experiment=inside"], conf)
    with pytest.raises(ConfigError, match="In 'experiment/elsewhere': Could not override 'los'"):
        precheck(["experiment=elsewhere"], conf)


OPTIONS = [(group, option) for group, options in groups(CONF).items() for option in options]


@pytest.mark.parametrize(("group", "option"), OPTIONS)
def test_every_option_composes_and_passes(group: str, option: str, made: Composer, conf: Path, tmp_path: Path) -> None:
    names = [choice for choice in TWICE if choice.startswith(f"{group}@")] or [group]
    names = [f"+{group}@{MOUNTED[group]}.another"] if group in MOUNTED else names
    check(made.compose([*[f"{name}={option}" for name in names], *needs(group, option, tmp_path)]), conf)


@pytest.mark.parametrize("option", groups(CONF)["penalty"])
def test_a_penalty_on_slopes_and_a_coupled_discriminator_are_refused_together(
    option: str, made: Composer, conf: Path
) -> None:
    """What the class says, read from its source, is what the object says."""
    penalty = build("penalty", option)
    cfg = made.compose([f"penalty={option}", "network.discriminator.norm=batch"])
    if penalty is None or not penalty.per_sample:
        check(cfg, conf)
        return
    answer = f"norm=batch: penalty={option} looks .*norm=none, layer or spectral"
    with pytest.raises(ConfigError, match=answer):
        check(cfg, conf)
    check(made.compose([f"penalty={option}", "network.discriminator.norm=layer"]), conf)


@pytest.mark.parametrize("option", groups(CONF)["loss"])
def test_a_probability_that_follows_signs_and_logits_without_any_are_refused_together(
    option: str, made: Composer, conf: Path
) -> None:
    """What the class says, read from its source, is what the object says; a probability that is fixed follows none."""
    cfg = made.compose([f"loss={option}", "augment=ada"])
    loss = build("loss", option)
    if loss.threshold is not None:
        check(cfg, conf)
        return
    with pytest.raises(ConfigError, match=f"those of loss={option} count only .* set augment.target=null"):
        check(cfg, conf)
    check(made.compose([f"loss={option}", "augment=ada", "augment.target=null", "augment.probability=0.3"]), conf)


def test_what_is_proposed_is_not_refused_next(made: Composer, conf: Path) -> None:
    """An infinite number was read from the text, and proposed in another spelling."""
    with pytest.raises(ConfigError) as refused:
        check(made.compose(["average_half_life=.inf"]), conf)
    assert str(refused.value) == "average_half_life=.inf: average_half_life takes a number above 0 or null"


@pytest.mark.parametrize("option", groups(CONF)["augment"])
def test_only_images_are_augmented(option: str, made: Composer) -> None:
    """Points in the plane are refused before anything is made of them."""
    augment = made.compose([f"augment={option}"]).augment
    for shape, wrong in (([2], True), ([2, 8, 8], True), ([3, 8, 8], False), ([1, 8, 8], False)):
        answers = list(rules.images_to_augment({"augment": augment, "data": {"shape": shape}}))
        assert bool(answers) == (wrong and option != "none")
        assert all("images of 1 or 3 channels; set augment=none" in answer for answer in answers)


def test_files_that_must_be_there_are_looked_for_before_anything_else(
    made: Composer, conf: Path, tmp_path: Path
) -> None:
    """Without torch, and not for a model that only draws."""
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/loop").symlink_to(tmp_path)
    (tmp_path / "a/notes.txt").touch()
    (tmp_path / "a/._x.png").touch()
    refusals = {
        "nowhere/x": f"there is no such folder; {tmp_path} is there",
        "a/notes.txt": "this is a file, not a folder",
        "a": "there are no pictures in this folder",
    }
    for root, answer in refusals.items():
        with pytest.raises(ConfigError) as refusal:
            precheck(["data=folder", f"data.root={tmp_path}/{root}"], conf)
        assert answer in str(refusal.value)
        check(made.compose(["data=folder", f"data.root={tmp_path}/{root}"]), conf, files=False)
    with pytest.raises(ConfigError, match=r"data.root is missing: set data.root=\.\.\."):
        precheck(["data=folder"], conf)
    with pytest.raises(ConfigError, match="none are held out"):
        precheck(["data=folder", f"data.root={tmp_path}", "evaluate_reference=test"], conf)
    for name, content in (("X.JPG", b""), ("x", b"\xff\xd8\xff")):  # by its name or by its content
        (tmp_path / "a/b" / name).write_bytes(content)
        precheck(["data=folder", f"data.root={tmp_path}"], conf)
        (tmp_path / "a/b" / name).unlink()
    with pytest.raises(ConfigError, match=r"for a run on each of several folders, with -m, .*/b has to be there"):
        precheck(["data=folder", f'data.root="{tmp_path},{tmp_path}/b"'], conf)


def test_a_name_that_cannot_be_kept_is_refused_with_one_that_can(made: Composer, conf: Path) -> None:
    for name, kept in (("../evil", "evil"), ("a b/c", "a-b-c"), (".hidden", "hidden"), ("..", "mine")):
        (answer,) = rules.name_of_one_folder({"name": name})
        assert answer.endswith(f"set name={kept}")
        assert not list(rules.name_of_one_folder({"name": kept}))
    with pytest.raises(ConfigError, match=r"not a path or a hidden one; set name=evil"):
        check(made.compose(["name=../evil"]), conf)
    assert not list(rules.name_of_one_folder({"name": None}))


@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ("data.shape=[3,16,16]", "resolution=16"),
        ("data.shape=[3,32,64]", "data.shape=[3,32,32]"),
        ("data.shape=[3,48,48]", "data.shape=[3,32,32]"),
    ],
)
def test_hints_on_shapes_work(made: Composer, conf: Path, shape: str, hint: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        check(made.compose([shape]), conf)
    assert f"set {hint}, or network=mlp, which takes any shape" in str(refusal.value)
    for followed in (hint, "network=mlp"):
        check(made.compose([shape, followed]), conf)


def test_each_job_of_a_sweep_is_checked_once(conf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Hydra begins, so that its words are ours, or by the launcher, which takes those over."""
    checked: list[DictConfig] = []
    monkeypatch.setattr(composing, "check", lambda cfg, conf: checked.append(cfg))
    jobs = [[f"loss={loss}", f"seed={seed}", "network=mlp"] for loss in ("minimax", "hinge") for seed in (0, 1)]
    precheck(["-m", "loss=minimax,hinge", "seed=0,1", "network=mlp", "hydra.launcher.jobs=2"], conf)
    assert [cfg.seed for cfg in checked] == [0, 1]
    configs = check_jobs(jobs, conf)
    assert len(checked) == 4
    assert [(cfg.options.loss, cfg.seed) for cfg in configs] == [tuple(map(_value, job[:2])) for job in jobs]
    check_jobs(jobs, conf)
    assert len(checked) == 8  # a later command checks anew


def _value(override: str) -> Any:
    return yaml.safe_load(override.partition("=")[2])


def test_the_keys_are_those_of_the_root(made: Composer) -> None:
    keys = {str(key) for key in made.compose([])} - {"hydra", "options", *groups(CONF)}
    assert keys == set(KINDS)


def test_a_launcher_checks_all_jobs_with_the_loader_at_work(made: Composer, conf: Path) -> None:
    good, bad = ["loss=minimax", "seed=0", "hydra.mode=RUN"], ["loss=minimax", "seed=-1", "hydra.mode=RUN"]
    check_jobs([good, good], conf)
    with pytest.raises(ConfigError, match="in the job seed=-1:\nseed=-1: seed takes"):
        check_jobs([good, bad], conf)


def test_an_entry_ends_with_one_message_and_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        enter(["sed=3"])
    assert end.value.code == 2
    assert capsys.readouterr().err == "error: sed=3: there is no key sed; did you mean seed?\n"

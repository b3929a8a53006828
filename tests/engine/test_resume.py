"""A run that was cut off anywhere goes on as if it had not been: the same bits, each reading once."""

import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from options import composed
from saddle.cli.training import carry_out
from saddle.engine.errors import RunRefusedError, out_of_memory
from saddle.engine.existing_run import claim_folder
from saddle.engine.stored import stored_config
from saddle.models.gan import GAN
from saddle.models.learning import LearningModel
from saddle.runs.checkpoints import Checkpoints
from saddle.runs.folder import RunFolder
from saddle.samples.sampling import load_model

pytestmark = pytest.mark.filterwarnings("ignore:.* generated and .* real images")
SMALL = ["data=digits", "resolution=8", "logger=none", "evaluate_images=60", "sample_images=4", "batch_size=16"]
EVERY = ["log_every=3", "sample_every=4", "evaluate_every=5", "checkpoint_every=4"]
KINDS = {
    "mlp": ["network=mlp"],
    "batch norm, two D steps, bf16": [
        "network.discriminator.norm=batch",
        "d_steps=2",
        "trainer.precision=bf16-mixed",
    ],
    "spectral, no average, fp32, ada": [
        "average_half_life=null",
        "trainer.precision=32-true",
        "augment=ada",
        "augment.probability=0.5",
        "augment.kimg=1",
    ],
    "labels": ["network=mlp", "labels=true"],
    "learned codes": ["model=fixed_code", "model.codes=learned", "network=mlp"],
    "vae": ["model=vae", "network=mlp"],
    "discriminator": ["model=discriminator", "network=mlp", "model.negatives.buffer=40", "model.sample_steps=5"],
}


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    assert {number: signal.getsignal(number) for number in handlers} == handlers


def train(folder: RunFolder, *settings: str) -> int:
    """The command with these settings, as `src/train.py` carries it out."""
    return carry_out(composed(*SMALL, *EVERY, *settings), folder)


def die(folder: RunFolder) -> None:
    """Leave the folder as a killed process does: it says running, and its process is gone."""
    folder.mark("running")
    status = (folder.path / "status.json").read_text().replace(f'"pid": {os.getpid()}', '"pid": 999999999')
    (folder.path / "status.json").write_text(status)


def cut(folder: RunFolder, monkeypatch: pytest.MonkeyPatch, where: str, call: int, *settings: str) -> None:
    """Train until `where` is called for the `call`-th time, and die there."""
    calls = 0

    def replaced(original: Callable[..., Any]) -> Callable[..., Any]:
        def killing(*arguments: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == call:
                raise Killed
            return original(*arguments, **named)

        return killing

    owner, _, name = where.rpartition(".")
    module: Any = {
        "GAN": GAN,
        "LearningModel": LearningModel,
        "Checkpoints": Checkpoints,
        "RunFolder": RunFolder,
        "os": os,
    }[owner]
    with monkeypatch.context() as patch:
        patch.setattr(module, name, replaced(getattr(module, name)))
        with pytest.raises(Killed):
            train(folder, *settings)
    die(folder)


def assert_same(one: RunFolder, other: RunFolder) -> None:
    """Weights, optimisers, averages, buffers, metrics and grids, bit for bit."""
    states = [Checkpoints(folder.checkpoints).load()[0] for folder in (one, other)]
    first, second = states
    assert first is not None
    assert second is not None
    assert _flat({key: first[key] for key in ("updates", "model", "optimizers", "notes")}) == _flat(
        {key: second[key] for key in ("updates", "model", "optimizers", "notes")}
    )
    assert one.weights.states() == other.weights.states()
    for state in one.weights.states():
        assert one.weights.path(state).read_bytes() == other.weights.path(state).read_bytes(), state
    assert one.metrics() == other.metrics()
    assert [path.name for path in one.grids()] == [path.name for path in other.grids()]
    for left, right in zip(one.grids(), other.grids(), strict=True):
        assert Image.open(left).tobytes() == Image.open(right).tobytes()


def _flat(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return (str(value.dtype), tuple(value.shape), value.contiguous().view(-1).numpy().tobytes())
    if isinstance(value, dict):
        return {key: _flat(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_flat(inner) for inner in value]
    return value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("where", "call"),
    [
        (
            "LearningModel.step",
            12,
        ),  # within an update that is no multiple of anything, after all D steps where there is a D
        ("RunFolder.log", 6),  # in the middle of an evaluation's writing
        ("Checkpoints.save", 2),  # before a checkpoint
        ("os.fsync", 3),  # while something is being written
    ],
)
def test_a_killed_run_goes_on_bit_for_bit(
    kind: str, where: str, call: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, parts = RunFolder("runs/single/whole"), RunFolder("runs/single/parts")
    assert train(whole, *KINDS[kind], "updates=13") == 0
    cut(parts, monkeypatch, where, call, *KINDS[kind], "updates=13")
    assert parts.status().state == "interrupted"
    capsys.readouterr()
    assert train(parts, *KINDS[kind], "updates=13") == 0
    assert_same(whole, parts)


@pytest.mark.parametrize("where", ["RunFolder.save_weights", "Checkpoints.save"])
def test_the_best_and_the_kept_states_survive_a_kill_between_their_files(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Evaluations and checkpoints of the same updates: last, best, kept weights and the state are written in turn."""
    settings = ["network=mlp", "updates=9", "evaluate_every=4", "keep=1"]
    whole = RunFolder("runs/single/whole")
    train(whole, *settings)
    for call in range(2, 7) if where == "RunFolder.save_weights" else (1, 2):
        parts = RunFolder(f"runs/single/{call}")
        cut(parts, monkeypatch, where, call, *settings)
        assert train(parts, *settings) == 0
        assert_same(whole, parts)


def test_a_kill_between_a_state_and_its_weights_loses_none() -> None:
    """At an update that is evaluated and stored, whose evaluation the resumed run does not repeat."""
    settings, folder = ("network=mlp", "updates=4", "keep=all", "evaluate_every=4"), RunFolder("runs/single/one")
    assert train(folder, *settings) == 0
    assert folder.weights.states() == ["last", "best", "4"]
    assert folder.weights.updates("best") == 4
    weights = {path: path.read_bytes() for path in folder.checkpoints.glob("*.safetensors")}
    for path in weights:
        path.unlink()
    die(folder)
    assert train(folder, *settings) == 0
    assert {path: path.read_bytes() for path in folder.checkpoints.glob("*.safetensors")} == weights


def test_a_run_without_its_random_state_in_the_folder_is_the_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual way, a shuffled order and noise from the global generator, would differ; ours does not look at it."""
    whole, parts = RunFolder("runs/single/whole"), RunFolder("runs/single/parts")
    torch.manual_seed(1)
    train(whole, "network=mlp", "updates=9")
    cut(parts, monkeypatch, "GAN.discriminator_step", 7, "network=mlp", "updates=9")
    torch.manual_seed(2)
    train(parts, "network=mlp", "updates=9")
    assert_same(whole, parts)


def test_the_generator_is_rebuilt_from_two_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the rest of the configuration, as README.md shows it."""
    folder = RunFolder("runs/single/default")
    train(folder, "network=mlp", "updates=9", "trainer.precision=32-true")
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (code,) = [part for part in re.findall(r"```python\n(.*?)```", readme, re.DOTALL) if "model.json" in part]
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["images"].shape == (16, 1, 8, 8)
    recipe = json.loads((folder.checkpoints / "model.json").read_text())
    assert (recipe["updates"], recipe["codes"]["prior"]) == (9, "normal")
    model = load_model(folder, stored_config(folder, files=False))
    assert isinstance(model, GAN)
    codes = model.prior(range(16), 0)
    rebuilt: Any = names["generator"]
    assert torch.equal(rebuilt(codes), model.decode(codes))


def test_more_updates_extend_a_finished_run(capsys: pytest.CaptureFixture[str]) -> None:
    whole, parts = RunFolder("runs/single/whole"), RunFolder("runs/single/parts")
    train(whole, "network=mlp", "updates=20")
    train(parts, "network=mlp", "updates=10")
    assert train(parts, "network=mlp", "updates=20") == 0
    assert whole.weights.path("last").read_bytes() == parts.weights.path("last").read_bytes()
    assert (parts.summary() or {})["updates"] == 20
    capsys.readouterr()
    assert train(parts, "network=mlp", "updates=20") == 0
    assert "already finished" in capsys.readouterr().out
    assert train(parts, "network=mlp", "updates=15") == 2
    assert "already has 20 updates" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_finishes_the_update_and_stores_it(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, parts = RunFolder("runs/single/whole"), RunFolder("runs/single/parts")
    train(whole, "network=mlp", "updates=13")
    step = GAN.generator_step

    def interrupted(self: GAN, number_of_step: int) -> Any:
        if number_of_step == 6:
            os.kill(os.getpid(), number)
        return step(self, number_of_step)

    with monkeypatch.context() as patch:
        patch.setattr(GAN, "generator_step", interrupted)
        assert train(parts, "network=mlp", "updates=13") == 130
    assert parts.status().state == "interrupted"
    state, _ = Checkpoints(parts.checkpoints).load()
    assert state is not None
    assert state["updates"] == 7
    assert parts.weights.updates("last") == 7  # an interrupted run can be sampled
    assert "the same command" in capsys.readouterr().err
    assert train(parts, "network=mlp", "updates=13") == 0
    assert_same(whole, parts)


def test_other_settings_and_other_images_are_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = RunFolder("runs/single/one")
    cut(folder, monkeypatch, "GAN.discriminator_step", 9, "network=mlp", "updates=13")
    before = folder.metrics()
    assert train(folder, "network=mlp", "updates=13", "seed=1") == 2
    assert "seed: 0 -> 1" in capsys.readouterr().err
    state, _ = Checkpoints(folder.checkpoints).load()
    assert state is not None
    state["facts"]["data"]["train"] = "another"
    Checkpoints(folder.checkpoints).save(state)
    assert train(folder, "network=mlp", "updates=13") == 2
    assert "the images have changed since this run began" in capsys.readouterr().err
    assert folder.metrics() == before
    assert train(folder, "network=mlp", "updates=13", "fresh=true") == 0


def test_a_damaged_checkpoint_falls_back_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole, parts = RunFolder("runs/single/whole"), RunFolder("runs/single/parts")
    train(whole, "network=mlp", "updates=13")
    cut(parts, monkeypatch, "GAN.discriminator_step", 11, "network=mlp", "updates=13")
    last = Checkpoints(parts.checkpoints).last
    content = bytearray(last.read_bytes())
    content[len(content) // 2] ^= 255
    last.write_bytes(content)
    capsys.readouterr()
    assert train(parts, "network=mlp", "updates=13") == 0
    assert "last.ckpt is damaged" in capsys.readouterr().err
    assert_same(whole, parts)


def test_a_disk_without_room_ends_the_run_and_leaves_the_last_state(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The system really refuses to write: a limit on the size of files stands for a disk that is full."""
    whole, parts = RunFolder("runs/single/whole"), RunFolder("runs/single/parts")
    train(whole, "network=mlp", "updates=13")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    step = GAN.generator_step

    def limited(self: GAN, number: int) -> Any:
        if number == 6:
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
        return step(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(GAN, "generator_step", limited)
        try:
            assert train(parts, "network=mlp", "updates=13") == 1
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    said = capsys.readouterr().err
    assert re.search(r"error: the (checkpoint|weights) runs/single/parts/checkpoints/\S+ could not be written", said)
    assert "Traceback" not in said
    assert parts.status().state == "failed"
    files = ["best.safetensors", "last.ckpt", "model.json", "model.safetensors"]
    assert sorted(path.name for path in parts.checkpoints.iterdir()) == files
    assert parts.weights.updates("last") == 4
    assert train(parts, "network=mlp", "updates=13") == 0
    assert_same(whole, parts)


@pytest.mark.slow  # new processes, a minute; the tests above stop training at every kind of moment within this one
def test_a_few_real_kills_on_one_device_and_on_two() -> None:
    """The first of those that `make faults` carries out: SIGKILL at a random moment, the same command again."""
    script = Path(__file__).parents[2] / "experiments/faults/kills.py"
    command = [sys.executable, str(script), "kills=2", "only=mlp"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"([2-9]) kills, 0 resumed to other bits", done.stdout), done.stdout


# What must not spoil a run


MLP = "network=mlp"


def test_a_run_begun_with_fresh_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    """`fresh=true` belongs to the command, not to the run."""
    folder = RunFolder("runs/single/one")
    train(folder, MLP, "updates=9", "fresh=true")
    cfg = stored_config(folder, files=True)
    cfg.updates = 13
    assert carry_out(cfg, folder) == 0
    assert "resuming the run (finished)" in capsys.readouterr().out
    assert (folder.summary() or {})["updates"] == 13


def test_a_refused_extension_leaves_a_finished_run_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    folder = RunFolder("runs/single/one")
    train(folder, MLP, "updates=9")
    before = {folder.path / name: (folder.path / name).read_bytes() for name in ("config.yaml", "metrics.jsonl")}
    assert train(folder, MLP, "updates=13", "trainer.accelerator=gpu") == 2
    assert "Traceback" not in capsys.readouterr().err
    assert folder.status().state == "finished"
    assert before == {path: path.read_bytes() for path in before}
    assert train(folder, MLP, "updates=13") == 0


def test_fewer_updates_than_there_are_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = RunFolder("runs/single/one")
    cut(folder, monkeypatch, "GAN.discriminator_step", 11, MLP, "updates=13")
    assert train(folder, MLP, "updates=5") == 2
    assert "already has 8 updates: updates=5 is less" in capsys.readouterr().err
    assert train(folder, MLP, "updates=13") == 0


def test_settings_changed_by_hand_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    folder = RunFolder("runs/single/one")
    train(folder, MLP, "updates=9")
    config = folder.path / "config.yaml"
    config.write_text(config.read_text().replace("lr: 0.002", "lr: 0.5"))
    cfg = stored_config(folder, files=True)
    cfg.updates = 13
    assert carry_out(cfg, folder) == 2
    said = capsys.readouterr().err
    assert "config.yaml was changed by hand" in said
    assert "lr: 0.002 -> 0.5" in said
    assert folder.status().state == "finished"


@pytest.mark.parametrize(
    "content", ["a: [", "- 1", "{}", "updates: x", "_target_: os.system", "seed: ${oc.env:HOME}", "seed: ${nix:HOME}"]
)
def test_a_spoilt_configuration_is_refused_in_words(content: str) -> None:
    folder = RunFolder("runs/single/one")
    train(folder, MLP, "updates=9")
    (folder.path / "config.yaml").write_text(content)
    with pytest.raises(ValueError, match=r"config\.yaml") as refusal:
        claim_folder(composed(*SMALL, *EVERY, MLP, "updates=9"), folder)
    assert os.environ["HOME"] not in str(refusal.value)


def test_a_reader_that_goes_away_does_not_end_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """As behind `| head -1`, or where the terminal was closed."""
    ours, its = os.pipe()
    os.close(ours)
    folder = RunFolder("runs/single/one")
    with os.fdopen(its, "w", buffering=1) as gone, monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", gone)
        patch.setattr(sys, "stderr", gone)
        assert train(folder, MLP, "updates=9") == 0
    assert folder.status().state == "finished"


@pytest.mark.parametrize("moment", ["RunFolder.log", "RunFolder.write_summary"])
def test_a_signal_is_heard_from_the_first_evaluation_to_the_last_file(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the evaluation before the first update the run is interrupted; when all is trained it finishes."""
    folder = RunFolder("runs/single/one")
    name = moment.partition(".")[2]
    plain = getattr(RunFolder, name)

    def signalled(*arguments: Any) -> Any:
        for _ in range(3):
            os.kill(os.getpid(), signal.SIGTERM)
        return plain(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, name, signalled)
        code = train(folder, MLP, "updates=9")
    assert (code, folder.status().state) == ((130, "interrupted") if name == "log" else (0, "finished"))
    assert folder.can_resume()


def test_a_start_that_was_broken_off_leaves_no_debris() -> None:
    folder = RunFolder("runs/single/one")
    die(folder)
    assert train(folder, MLP, "updates=9") == 0
    assert [path.name for path in folder.path.parent.iterdir() if not path.name.startswith(".")] == ["one"]


@pytest.fixture(scope="module")
def nine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of nine updates."""
    path = tmp_path_factory.mktemp("nine") / "one"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMP_NUM_THREADS", "1")
        assert train(RunFolder(path), MLP, "updates=9") == 0
    return path


@pytest.fixture
def finished(nine: Path) -> RunFolder:
    """A copy of it."""
    return RunFolder(shutil.copytree(nine, "runs/single/one"))


def _contents(folder: RunFolder) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.path.rglob("*") if path.is_file()}


def _make_unreadable(folder: RunFolder) -> None:
    """Both states are links to files that were not copied."""
    for path in folder.checkpoints.glob("*.ckpt"):
        path.unlink()
        path.symlink_to("not-copied")


def _damage(folder: RunFolder) -> None:
    for path in folder.checkpoints.glob("*.ckpt"):
        path.write_bytes(b"")


def _lose_lines(folder: RunFolder) -> None:
    log = folder.path / "metrics.jsonl"
    log.write_text(log.read_text().splitlines(keepends=True)[0])


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_make_unreadable, r"last.ckpt cannot be read"),
        (_damage, r"no stored state can be used: .*last.ckpt is damaged .*; .*previous.ckpt is damaged"),
        (_lose_lines, r"no stored state can be used: .*metrics.jsonl has 1 of the \d+ lines .*fresh=true"),
    ],
)
@pytest.mark.parametrize("ended", ["finished", "interrupted"])
def test_a_run_whose_states_cannot_be_used_is_refused_and_left_as_it_is(
    finished: RunFolder,
    spoil: Callable[[RunFolder], object],
    words: str,
    ended: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Training would begin again in its place: states, log and grids would be gone."""
    finished.mark(ended, updates=9)
    spoil(finished)
    before = _contents(finished)
    assert train(finished, MLP, "updates=13") == 2
    said = capsys.readouterr().err
    assert re.search(words, said)
    assert "Traceback" not in said
    assert _contents(finished) == before


def test_more_updates_than_asked_for_are_refused_whatever_the_run_says(
    finished: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    """A finished run that was extended and killed has no other status than one that was never finished."""
    finished.mark("interrupted", updates=9)
    before = _contents(finished)
    assert train(finished, MLP, "updates=5") == 2
    assert "already has 9 updates: updates=5 is less" in capsys.readouterr().err
    assert _contents(finished) == before


def test_a_run_that_seems_to_be_trained_elsewhere_names_the_way_out(finished: RunFolder) -> None:
    """The process may be gone although its last sign of life is fresh, or dated by a clock that is fast."""
    finished.mark("running", updates=9)
    status = finished.path / "status.json"
    status.write_text(json.dumps(json.loads(status.read_text()) | {"machine": "another", "host": "elsewhere"}))
    for settings in ([], ["fresh=true"]):
        with pytest.raises(
            RunRefusedError, match=r"process \d+ on elsewhere .*If that process is gone, delete .*status.json"
        ):
            claim_folder(composed(*SMALL, *EVERY, MLP, "updates=13", *settings), finished)
    status.unlink()
    assert claim_folder(composed(*SMALL, *EVERY, MLP, "updates=13"), finished)
    finished.refuse()


def test_a_log_that_lost_its_last_lines_is_written_again_from_the_state_before(
    nine: Path, finished: RunFolder, capsys: pytest.CaptureFixture[str]
) -> None:
    log = finished.path / "metrics.jsonl"
    lines = log.read_text().splitlines(keepends=True)
    log.write_text("".join(lines[:-1]))
    finished.mark("interrupted", updates=9)
    assert train(finished, MLP, "updates=9") == 0
    assert "last.ckpt is damaged (it does not fit its run: metrics.jsonl has" in capsys.readouterr().err
    assert_same(RunFolder(nine), finished)
    whole, again = RunFolder(nine).summary() or {}, finished.summary() or {}
    assert whole["metrics"] == again["metrics"]


def test_a_command_that_is_killed_at_once_leaves_its_own_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not those of a failed attempt before it, with which `run=` would go on."""
    folder = RunFolder("runs/single/one")
    for batch_size in (16, 32):
        cfg = composed(*SMALL, *EVERY, MLP, "updates=9", f"batch_size={batch_size}")
        assert claim_folder(cfg, folder)
        die(folder)
    assert stored_config(folder, files=False).batch_size == 32


def test_a_folder_that_is_removed_while_its_run_is_trained_ends_the_run_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = RunFolder("runs/single/one")
    save = Checkpoints.save

    def remove(self: Checkpoints, state: Any) -> None:
        save(self, state)
        shutil.rmtree(folder.path)

    monkeypatch.setattr(Checkpoints, "save", remove)
    assert train(folder, MLP, "updates=9") == 1
    said = capsys.readouterr().err
    assert "no longer belongs to this run: it was removed or renamed" in said
    assert "Traceback" not in said
    assert not folder.path.exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (MemoryError(), "the memory is not sufficient (MemoryError): set a smaller batch_size"),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: 8192 bytes\nmore"),
            "8192 bytes): set",
        ),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), "2 GiB): set a smaller batch_size"),
        (ValueError("d_steps is not enough"), ""),
        (RuntimeError("a bug"), ""),
    ],
)
def test_too_little_memory_is_no_bug(error: Exception, said: str) -> None:
    words = out_of_memory(error)
    assert said in words
    assert bool(words) == bool(said)
    assert "\n" not in words

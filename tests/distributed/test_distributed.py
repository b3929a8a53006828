"""Two processes are one: the same numbers up to rounding, as little as possible said, nobody left behind."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning_fabric.plugins.environments.lightning import LightningEnvironment
from torch import Tensor, nn

import ranks
from regressions import MODELS
from saddle.networks.base import couples_samples, initialised
from saddle.networks.batch_norm import SynchronisedBatchNorm, synchronised
from saddle.processes import rank_launcher as launcher_module
from saddle.processes.forked_rank import ForkedRank, forked_ranks
from saddle.processes.forkserver import PreparedProcess
from saddle.processes.rank_launcher import RankDiedError, RanksLauncher
from saddle.processes.ranks import PARENT, rank_of_process
from test_sweep import ENVIRONMENT, PROJECT, TINY
from toy import dcgan

Patch = pytest.MonkeyPatch
Found = tuple[dict[str, Any], list[dict[str, Any]]]


def in_ranks(folder: Path, world: int) -> list[dict[str, Any]]:
    """What `ranks.all_checks` finds in each of `world` processes."""
    shared = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "WORLD_SIZE": str(world), "NODE_RANK": "0"}
    path = os.pathsep.join([str(PROJECT / "src"), str(PROJECT / "tests")])
    command = [sys.executable, str(PROJECT / "tests/ranks.py"), str(folder)]
    with (folder / "said").open("w+") as said:
        processes = [
            PreparedProcess(
                command,
                {**ENVIRONMENT, **shared, "PYTHONPATH": path, "LOCAL_RANK": str(rank)},
                said.fileno(),
                said.fileno(),
            )
            for rank in range(world)
        ]
        codes = [process.wait(300) for process in processes]
        assert codes == [0] * world, (folder / "said").read_text()
    return [torch.load(folder / f"rank{rank}.pt", weights_only=True) for rank in range(world)]


@pytest.fixture(scope="module")
def one() -> dict[str, Any]:
    """The same in this process alone."""
    return ranks.all_checks()


@pytest.fixture(scope="module")
def found(one: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Found:
    """In one process, and in each of two."""
    return one, in_ranks(tmp_path_factory.mktemp("ranks"), 2)


def free_port() -> int:
    return LightningEnvironment().main_port


def gone(pid: int) -> bool:
    """Whether there is no such process any more, at the latest in ten seconds."""
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    return False


def furthest(a: Any, b: Any) -> float:
    return max(float((x - y).abs().max()) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("game", ranks.GAMES)
def test_twenty_updates_are_those_of_one_process(found: Found, game: str) -> None:
    """Weights, statistics, averaged generator, gradients and notes; the second rank began from other weights."""
    one, two = found[0]["games"][game], [checks["games"][game] for checks in found[1]]
    # D's last bias has no gradient in a relativistic loss but rounding, which Adam enlarges.
    tolerance = 1e-9 if "relativistic" in game else 1e-12
    assert furthest(one["state"].values(), two[0]["state"].values()) < tolerance
    assert all(torch.equal(a, b) for a, b in zip(two[0]["state"].values(), two[1]["state"].values(), strict=True))
    assert furthest(one["first_gradients"], two[0]["first_gradients"]) < 1e-12
    assert two[0]["noted"] == pytest.approx(one["noted"], abs=1e-6)  # logged in float32
    assert two[0]["noted"] == two[1]["noted"]


@pytest.mark.parametrize("name", [*MODELS, "discriminator"])
def test_one_network_alone_is_that_of_one_process(found: Found, name: str) -> None:
    """In float32, where Adam's first steps turn on the sign of a gradient's rounding; the ranks agree in every bit."""
    one, two = found[0]["regressions"][name], [checks["regressions"][name] for checks in found[1]]
    assert furthest(one["state"].values(), two[0]["state"].values()) < 1e-4
    assert all(torch.equal(a, b) for a, b in zip(two[0]["state"].values(), two[1]["state"].values(), strict=True))
    assert two[0]["noted"] == pytest.approx(one["noted"], rel=1e-4)
    assert two[0]["noted"] == two[1]["noted"]


@pytest.mark.slow
def test_four_processes_are_one(one: dict[str, Any], tmp_path: Path) -> None:
    four = in_ranks(tmp_path, 4)
    for name, game in one["games"].items():
        others = [checks["games"][name]["state"].values() for checks in four]
        assert furthest(game["state"].values(), others[0]) < 1e-9, name
        assert all(all(map(torch.equal, others[0], other)) for other in others[1:]), name


@pytest.mark.parametrize("game", [name for name in ranks.GAMES if "batch norm" not in name])
def test_a_step_moves_its_own_network_and_the_logits(found: Found, game: str) -> None:
    """In numbers: D's gradients or G's, the logits of the whole batch and their derivatives, nothing else.

    Before the next update one number more, whether a signal has come.
    """
    results = found[1][0]["games"][game]
    sizes, batch = results["sizes"], ranks.BATCH
    statistics = 2 * 2 * 4  # means and deviations of the 4 channels of G's only batch normalisation, of two ranks
    generator = [statistics] if game.startswith("dcgan") else []
    of_g = ranks.GAMES[game].get("generator_batch_size", batch)
    seen = 2 * of_g if "relativistic" in game else of_g  # G's step sees reals, too
    before = ""
    for player, moved in results["moved"]:
        asked = [1] if before == "G" and player == "D" else []
        before = player
        expected = {
            "D": [*generator, 2 * batch, 2 * batch, sizes["discriminator"]],
            "G": [*generator, seen, seen, *generator, sizes["generator"]],
        }
        assert moved == [*asked, *expected[player]]
    assert {player for player, _ in results["moved"]} == {"D", "G"}
    assert all(not moved for _, moved in found[0]["games"][game]["moved"])  # one process says nothing


def test_a_loss_that_couples_samples_sees_all_of_them(found: Found) -> None:
    """The usual way, each rank's loss on its own logits, is another game; it is off by more than a hundredth."""
    one, (first, second) = found
    for part, right in (("gathering", True), ("usual", False)):
        pairs = zip(first[part]["gradients"], second[part]["gradients"], strict=True)
        together = [torch.cat(pair) for pair in pairs]
        distance = furthest(one["gathering"]["gradients"], together)
        assert distance < 1e-15 if right else distance > 1e-2
    for rank in (first, second):
        assert all(map(torch.equal, one["gathering"]["logits"], rank["gathering"]["logits"]))


@pytest.mark.parametrize("game", ["mlp", "dcgan batch norm k=2"])
def test_the_value_of_the_game_is_that_of_one_process(found: Found, game: str) -> None:
    """V, its error, the bound and V on reals that D has seen: of batches of the whole game, the same on each rank."""
    one, (first, second) = found[0]["values"][game], [checks["values"][game] for checks in found[1]]
    assert set(one) == {"value", "value_error", "jsd_bound", "value_train"}
    assert first == pytest.approx(one, abs=1e-12)
    assert first == second
    assert one["value"] != one["value_train"]


def test_pieces_come_back_in_order_without_padding(found: Found) -> None:
    one, (first, second) = found
    assert first["gathering"]["collected"] == one["gathering"]["collected"] == [0, 10, 20, 30, 40, 50, 60]
    assert second["gathering"]["collected"] is None


@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(torch.float64, 1e-13), (torch.float32, 1e-5)], ids=["float64", "float32"]
)
@pytest.mark.parametrize("dims", ["1d", "2d"])
def test_batch_norm_of_all_samples(found: Found, dims: str, dtype: torch.dtype, tolerance: float) -> None:
    """Output, gradient, the gradient of the gradient's square, running statistics, relative to their size."""
    one, (first, second) = (found[0]["batch_norm"], [checks["batch_norm"] for checks in found[1]])
    name = f"{dims} {dtype}"
    for whole, a, b in zip(one[name]["shared"], first[name]["shared"], second[name]["shared"], strict=True):
        assert furthest([whole], [torch.cat([a, b])]) < tolerance * float(whole.abs().max())
    for whole, a, b in zip(one[name]["same"], first[name]["same"], second[name]["same"], strict=True):
        assert furthest([whole], [a]) < tolerance * max(1, float(whole.abs().max()))
        assert torch.equal(a, b)


def test_in_one_process_the_batch_norm_is_torchs_own() -> None:
    """The same bits forward, backward and in the statistics; the same names; it still couples samples."""
    make = lambda: nn.ModuleList(dcgan("batch", 16))
    plain, ours = initialised(make, 0, "toy"), initialised(make, 0, "toy")
    synchronised(ours)
    assert any(isinstance(module, SynchronisedBatchNorm) for module in ours.modules())
    assert not any(isinstance(module, nn.BatchNorm2d) for module in ours.modules())
    assert couples_samples(ours)
    codes = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    results: list[list[Tensor]] = []
    for networks in (plain, ours):
        logits = networks[1](networks[0](codes))
        logits.square().sum().backward()
        results.append([logits, *(p.grad for p in networks[0].parameters() if p.grad is not None)])
    assert all(map(torch.equal, *results))
    assert list(plain.state_dict()) == list(ours.state_dict())
    assert all(map(torch.equal, plain.state_dict().values(), ours.state_dict().values()))


def test_which_process_is_the_first() -> None:
    assert rank_of_process({}) == 0
    assert rank_of_process({"LOCAL_RANK": "1"}) == 1
    assert rank_of_process({"RANK": "5", "LOCAL_RANK": "1"}) == 5


@contextmanager
def launcher(rank: Callable[[], int]) -> Iterator[RanksLauncher]:
    """Of one more rank, which does this."""
    with forked_ranks(1, rank) as waiting:
        yield RanksLauncher(LightningEnvironment(), num_processes=2, num_nodes=1, waiting=waiting)
    assert "LOCAL_RANK" not in os.environ


def test_a_rank_that_dies_is_the_cause() -> None:
    """Rank 0 sees a connection that was closed; what it says is why."""

    def work() -> None:
        time.sleep(1)
        raise RuntimeError("Connection closed by peer")

    with (
        launcher(lambda: sys.exit("no memory left")) as two,
        pytest.raises(RankDiedError, match="rank 1: no memory left"),
    ):
        two.launch(work)


def test_a_rank_that_is_stopped_is_ended_and_named(monkeypatch: Patch) -> None:
    """It is alive, says nothing, and everybody would wait for it."""
    monkeypatch.setattr(launcher_module, "STOPPED", 0.5)

    def work() -> None:
        time.sleep(2.5)
        raise RuntimeError("Connection closed by peer")

    def stop() -> int:
        os.kill(os.getpid(), signal.SIGSTOP)
        return 0

    with launcher(stop) as two, pytest.raises(RankDiedError, match="rank 1: stopped by a signal"):
        two.launch(work)


def test_no_rank_outlives_the_first(tmp_path: Path) -> None:
    """A mistake of rank 0 ends the others, and stays its own."""
    told = tmp_path / "told.json"

    def rank() -> int:
        said = {"pid": os.getpid(), **{key: os.environ[key] for key in (PARENT, "LOCAL_RANK", "WORLD_SIZE")}}
        (tmp_path / "new").write_text(json.dumps(said))
        (tmp_path / "new").rename(told)
        time.sleep(60)
        return 0

    def work() -> None:
        while not told.exists():
            time.sleep(0.05)
        raise ValueError("the run has diverged")

    with launcher(rank) as two, pytest.raises(ValueError, match="diverged"):
        two.launch(work)
    said = json.loads(told.read_text())
    assert said.items() >= {PARENT: str(os.getpid()), "LOCAL_RANK": "1", "WORLD_SIZE": "2"}.items()
    assert gone(said["pid"])


def test_a_rank_that_was_never_begun_ends(tmp_path: Path) -> None:
    """A run that was refused, or finished long ago, leaves nobody waiting; and a rank does nothing before its word."""
    begun = tmp_path / "begun"

    def rank() -> int:
        begun.touch()
        return 0

    with forked_ranks(2, rank) as waiting:
        time.sleep(0.2)
    assert [spare.wait(5) for spare in waiting] == [0, 0]
    assert not begun.exists()


@pytest.mark.parametrize("broken", [KeyboardInterrupt, BlockingIOError])
def test_spares_that_are_broken_off_leave_nobody(monkeypatch: Patch, broken: type[BaseException]) -> None:
    """Ctrl-C at the second, or no process to be had: the first does not wait for ever, nor does who waits for it."""
    made: list[ForkedRank] = []
    make = ForkedRank.__init__

    def second_fails(spare: ForkedRank, work: Callable[[], int]) -> None:
        if made:
            raise broken
        made.append(spare)
        make(spare, work)

    monkeypatch.setattr(ForkedRank, "__init__", second_fails)
    with pytest.raises(broken), forked_ranks(2, lambda: 7):
        pass
    assert made[0].wait(5) == 0


def test_a_rank_zero_that_waits_without_end_is_ended(monkeypatch: Patch) -> None:
    """As NCCL does: the collective never returns. What the callbacks are told is the cause."""
    monkeypatch.setattr(launcher_module, "GRACE", 0.2)
    ended: list[int] = []
    told: list[str] = []

    class Told:
        def on_exception(self, trainer: Any, model: Any, error: BaseException) -> None:
            told.append(str(error))

    def rank() -> int:
        os.kill(os.getpid(), signal.SIGKILL)
        return 0

    trainer: Any = type("Trainer", (), {"callbacks": [Told()], "lightning_module": None})()
    with launcher(rank) as two:
        monkeypatch.setattr(os, "_exit", ended.append)
        two.launch(lambda: time.sleep(3), trainer=trainer)
    assert ended == [1]
    assert len(told) == 1
    assert "rank 1: killed (SIGKILL)" in told[0]


TWO = ["trainer.accelerator=cpu", "trainer.precision=32-true", "hydra.run.dir=runs/two", "trainer.devices=2"]


def ranks_of(pid: int) -> list[int]:
    """The processes that a run's rank 0 has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.slow
def test_a_run_on_two_devices_from_the_command_line(tmp_path: Path) -> None:
    """The folder is whole and written once; the numbers are those of one device up to rounding."""
    runs: dict[str, list[dict[str, float]]] = {}
    for name, devices in (("one", 1), ("two", 2)):
        arguments = [*TINY, *TWO[:2], f"hydra.run.dir=runs/{name}", f"trainer.devices={devices}"]
        done = subprocess.run(
            [sys.executable, str(PROJECT / "src/train.py"), *arguments, "evaluator.batch_size=20"],
            cwd=tmp_path,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.count("training model gan") == done.stdout.count("done: 6 updates") == 1
        assert done.stderr.count("note: 50 generated and 50 real images") == 1
        lines = (tmp_path / f"runs/{name}/metrics.jsonl").read_text().splitlines()
        runs[name] = [json.loads(line) for line in lines]
    assert len(list((tmp_path / "runs/two/wandb").glob("offline-run-*"))) == 1
    assert json.loads((tmp_path / "runs/two/status.json").read_text())["state"] == "finished"
    assert json.loads((tmp_path / "runs/two/summary.json").read_text())["images_seen"] == 6 * 64
    assert [line["updates"] for line in runs["two"]] == [0, 2, 3, 4, 6]
    for one, two in zip(runs["one"], runs["two"], strict=True):
        assert two == pytest.approx(one, rel=1e-4)
    assert runs["one"][0] == runs["two"][0]  # before the first update the same images, to the bit


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])
def test_a_rank_that_is_killed_ends_the_run(tmp_path: Path, victim: int) -> None:
    """Within seconds, with its cause, and nobody is left."""
    command = [sys.executable, str(PROJECT / "src/train.py"), *TINY, *TWO, "updates=1000000", "logger=none"]
    with (tmp_path / "err").open("w") as err:
        process = subprocess.Popen(command, cwd=tmp_path, env=ENVIRONMENT, stdout=err, stderr=err)
    log = tmp_path / "runs/two/metrics.jsonl"
    while process.poll() is None and not (log.exists() and len(log.read_text().splitlines()) > 5):
        time.sleep(0.2)
    (other,) = ranks_of(process.pid)
    os.kill([process.pid, other][victim], signal.SIGKILL)
    process.wait(30)
    assert gone(other)
    if victim == 1:
        status = json.loads((tmp_path / "runs/two/status.json").read_text())
        assert status["state"] == "failed"
        assert "rank 1: killed (SIGKILL)" in status["error"]
        assert process.returncode == 1

"""Data whose distribution is known: where its samples come from, how they are shown, and what they are measured by."""

from math import isnan, log
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import DictConfig, OmegaConf
from PIL import Image
from torch import Tensor

from options import CONF, composed, known
from saddle.cli.training import carry_out
from saddle.config import ConfigError, check, instantiate
from saddle.data.base import Data
from saddle.data.densities.analytic import AnalyticData
from saddle.metrics.atoms import AtomFrequencies
from saddle.metrics.base import SampleEvaluator
from saddle.metrics.modes import coverage
from saddle.metrics.smoothed import SmoothedJSD
from saddle.report.run import read_runs
from saddle.runs.folder import RunFolder
from saddle.theory import divergences
from saddle.theory.arrangements import line, ring
from saddle.theory.bars_and_stripes import bars_and_stripes
from saddle.theory.between import jsd
from saddle.theory.discrete import Discrete
from saddle.theory.gaussian_mixture import GaussianMixture

KNOWN = known()
CPU = torch.device("cpu")


def built(name: str, **changed: Any) -> AnalyticData:
    return instantiate(node("data", name, **changed))


def measured_by(data: AnalyticData) -> SampleEvaluator:
    cfg = composed(f"data={data.name}", "network=mlp")
    return instantiate(cfg.evaluator, distribution=data.distribution, count=2000)


def node(group: str, name: str, **changed: Any) -> DictConfig:
    """What an option's file says, some of its values changed."""
    return OmegaConf.create(
        {key: value for key, value in {**read(group, name), **changed}.items() if key != "defaults"}
    )


def read(group: str, name: str) -> Any:
    return OmegaConf.to_container(OmegaConf.load(CONF / group / f"{name}.yaml"))


@pytest.fixture(scope="module", params=KNOWN)
def data(request: pytest.FixtureRequest) -> AnalyticData:
    return built(request.param)


def test_there_are_six() -> None:
    assert set(KNOWN) == {"mixture_1d", "ring", "grid", "spiral", "discrete", "bars_and_stripes"}


# Samples


def test_x_is_a_function_of_seed_and_position(data: AnalyticData) -> None:
    together = data.sample(3, range(-70, 130), CPU)
    assert together.shape == (200, *data.shape)
    assert together.dtype == torch.float32
    assert torch.equal(together[60:90], data.sample(3, range(-10, 20), CPU))
    assert not torch.equal(together, data.sample(4, range(-70, 130), CPU))


def test_reals_and_held_out_reals_are_two_streams_of_one_distribution(data: AnalyticData) -> None:
    """No draw of the one is the start of the other, and both have the frequencies or the mean of P_data."""
    seen, unseen = data.sample(0, range(4000), CPU), data.unseen(0, range(4000), CPU)
    assert (seen == unseen).flatten(1).all(1).double().mean() < 0.5  # points of a discrete set agree now and then
    deviation = float(seen.std(0).max())
    for draws in (seen, unseen):
        truth = data.distribution.sample(range(4000), 7).mean(0)
        assert float((draws.mean(0) - truth).abs().max()) < 6 * deviation / 4000**0.5 + 1e-12


def test_samples_are_possible(data: AnalyticData) -> None:
    """In the float32 in which they are drawn, too, where 0.6 is another number."""
    assert data.distribution.log_prob(data.sample(0, range(500), CPU)).isfinite().all()
    assert data.distribution.log_prob(data.unseen(0, range(500), CPU)).isfinite().all()


@pytest.mark.parametrize("name", ["ring", "grid", "spiral"])  # on the line float32 has too few numbers
def test_of_a_density_no_held_out_real_is_one_that_d_sees(name: str) -> None:
    data = built(name)
    seen, unseen = (draws.tolist() for draws in (data.sample(0, range(9999), CPU), data.unseen(0, range(9999), CPU)))
    assert not {*map(tuple, seen)} & {*map(tuple, unseen)}


def test_a_bounded_generator_can_draw_them(data: AnalyticData) -> None:
    """By default all but a negligible part lies within what tanh reaches."""
    assert float((data.sample(0, range(9999), CPU).abs() > 1).double().mean()) < 2e-4


def test_noise_is_as_wide_as_the_narrowest_mode() -> None:
    """Modes of mixture_1d are 0.05 to 0.1 wide."""
    assert measured_by(built("mixture_1d")).protocol()["sigma"] == 0.05


def test_the_digest_knows_every_number() -> None:
    changes: list[tuple[str, dict[str, Any]]] = [
        ("ring", {}),
        ("ring", {"deviation": 0.021}),
        ("ring", {"modes": 7}),
        ("ring", {"radius": 0.7}),
        ("grid", {}),
        ("discrete", {}),
        ("discrete", {"probabilities": [0.15, 0.1, 0.2, 0.25, 0.3]}),
        ("bars_and_stripes", {}),
        ("bars_and_stripes", {"shape": [1, 3, 3]}),
    ]
    digests = {str(built(name, **changed).facts()["digest"]) for name, changed in changes}
    assert len(digests) == len(changes)


# Pictures


def test_a_picture_is_the_same_each_time(data: AnalyticData) -> None:
    x = data.sample(0, range(data.shown), CPU)
    first = data.render(x, columns=8)
    second = data.render(x, columns=8)
    assert first.mode in ("RGB", "L")
    assert first.tobytes() == second.tobytes()
    assert isinstance(data.picture(x[0]), Image.Image)


# What is refused


@pytest.mark.parametrize(
    ("settings", "answer"),
    [
        (["data=ring"], r"data.shape=\[2\] does not go with networks for images of 32 x 32: set network=mlp, which"),
        (["data=bars_and_stripes"], "does not go with networks for images"),
        (["data=ring", "network=mlp", "augment=diffaugment"], "transforms images of 1 or 3 channels; set augment=none"),
        (["data=ring", "network=mlp", "labels=true"], "these data have no labels"),
        (
            ["data=ring", "network=mlp", "evaluator=distances"],
            "evaluator.metrics: frechet, .* and swd need features, .* and images, and data=ring has points: leave eval",
        ),
        (["data=digits", "evaluator=mixture"], "jsd_smoothed and modes need points, and data=digits has images"),
        (["data=digits", "+metric@evaluator.metrics.x=modes"], "evaluator.metrics: x needs points, and data=digits"),
        (["data=ring", "network=mlp", "evaluate_reference=test"], "data=ring has no reference images"),
        (["data=ring", "network=mlp", "data.shape=[3]"], r"data.shape=\[3\]"),
        (
            ["~extractor"],
            "no extractor, which evaluator.metrics.frechet needs: set extractor=digits, faces or inception",
        ),
        (["~evaluator"], "there is no evaluator, which every run needs: set evaluator="),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_line(settings: list[str], answer: str) -> None:
    with pytest.raises(ConfigError, match=answer) as refused:
        check(composed(*settings))
    assert "\n" not in str(refused.value)


def test_points_too_near_for_the_tolerance_are_refused() -> None:
    near = Discrete(points=torch.tensor([[0.0, 0.0], [0.0, 0.4]]), probabilities=torch.tensor([0.5, 0.5]))
    with pytest.raises(ValueError, match=r"two points of the data differ by no more than 0\.4"):
        AtomFrequencies(real=near, tolerance=0.25)


# Numbers


def test_the_first_number_is_small_for_the_data_themselves(data: AnalyticData) -> None:
    evaluator = measured_by(data)
    main, directions = evaluator.main_metric, evaluator.higher_is_better
    own = evaluator(lambda indices: data.unseen(0, indices, CPU))
    centre = evaluator(lambda indices: 0 * data.unseen(0, indices, CPU) + 0.3)
    assert own[main] < 3 * evaluator.floor()[main] < 0.2
    assert centre[main] > 10 * own[main]
    assert not directions[main]
    assert all((own[name] > centre[name]) == higher for name, higher in directions.items())


FEW = {
    "line": (line(means=[-0.5, 0.4], deviations=[0.1, 0.2], weights=[0.3, 0.7]), [[-0.5], [0.1], [2.9], [0.5]]),
    "plane": (ring(count=3, radius=0.5, deviation=0.1), [[0.5, 0.1], [0.0, -0.3], [-0.2, 0.4], [2.0, 3.0]]),
}


@pytest.mark.parametrize("where", FEW)
def test_the_smoothed_jsd_is_that_of_quadrature(where: str) -> None:
    """P * N and P_n * N are Gaussian mixtures both, one sample far away from the lattice."""
    truth, points = FEW[where]
    x, sigma = torch.tensor(points, dtype=torch.float64), 0.07
    drawn = GaussianMixture(
        means=x, deviations=torch.full((len(x),), sigma), weights=torch.full((len(x),), 1 / len(x), dtype=torch.float64)
    )
    right = jsd(truth.smoothed(sigma), drawn)
    assert SmoothedJSD(truth, sigma)(x).value == pytest.approx(right.value, abs=right.error + 1e-7)


def test_smoothing_hides_and_never_adds() -> None:
    """JSD(P * N, Q * N) falls in sigma and stays below JSD(P, Q)."""
    truth = line(means=[0.0], deviations=[0.2], weights=[1.0])
    other = line(means=[0.3], deviations=[0.1], weights=[1.0])
    x, exact = other.sample(range(20_000), 0), jsd(truth, other).value
    found = [SmoothedJSD(truth, sigma)(x) for sigma in (0.05, 0.2, 0.4)]
    smoothed = [jsd(truth.smoothed(sigma), other.smoothed(sigma)).value for sigma in (0.05, 0.2, 0.4)]
    assert exact > smoothed[0] > smoothed[1] > smoothed[2]
    for one, right in zip(found, smoothed, strict=True):
        assert one.value == pytest.approx(right, abs=4 * one.error)


@pytest.mark.parametrize(
    ("truth", "other"),
    [
        (ring(count=4, radius=0.6, deviation=0.1), ring(count=3, radius=0.6, deviation=0.12)),
        (line(means=[0], deviations=[0.2], weights=[1]), line(means=[0, 90], deviations=[0.2, 1], weights=[0.7, 0.3])),
    ],
    ids=["plane", "some beyond the lattice"],
)
def test_the_standard_error_is_the_spread_over_draws(truth: GaussianMixture, other: GaussianMixture) -> None:
    measure = SmoothedJSD(truth, 0.1)
    found = [measure(other.sample(range(300), seed)) for seed in range(40)]
    values, errors = (torch.tensor([getattr(one, name) for one in found]) for name in ("value", "error"))
    assert float(errors.mean()) == pytest.approx(float(values.std()), rel=0.25)


def test_the_error_of_one_sample_is_no_number(recwarn: pytest.WarningsRecorder) -> None:
    found = SmoothedJSD(line(means=[0.0], deviations=[0.2], weights=[1.0]), 0.1)(torch.zeros(1, 1))
    assert found.value > 0
    assert isnan(found.error)
    assert not recwarn.list


def test_a_fine_target_gets_a_coarser_sigma_and_says_so() -> None:
    measure = SmoothedJSD(line(means=[-2.0, 2.0], deviations=[1e-4, 1e-4], weights=[0.5, 0.5]), 1e-4)
    assert measure.sigma > 1e-3
    assert max(measure.p.shape) <= 1024
    wide = SmoothedJSD(line(means=[0.0, 0.5], deviations=[0.5, 0.001], weights=[0.5, 0.5]), 0.001)
    assert 900 < len(wide.axes[0]) <= 1024  # a wide mode beside the narrow one


def test_modes_are_covered_by_a_share_of_good_samples() -> None:
    truth = line(means=[-1.0, 0.0, 1.0], deviations=[0.1, 0.1, 0.01], weights=[0.5, 0.3, 0.2])
    at = torch.tensor([-1.29] * 70 + [0.29] * 4 + [0.31] * 25 + [1.02])[:, None]  # 2.9, 2.9, 3.1 and 2 deviations
    covered, quality = coverage(at, truth, deviations=3.0, least=0.1)
    assert covered == 2
    assert quality == pytest.approx(0.75)
    assert coverage(at, truth, deviations=3.0, least=0.04)[0] == 3
    covered, quality = coverage(truth.sample(range(20_000), 0), truth, deviations=3.0, least=0.1)
    assert covered == 3
    assert quality == pytest.approx(0.9973, abs=0.002)


def drawn(truth: Discrete, metric: AtomFrequencies, count: int, draws: int) -> list[dict[str, float]]:
    """What `count` samples of a distribution score, in several draws."""
    return [metric.compute(truth.sample(range(count), seed)) for seed in range(draws)]


def test_the_floors_of_points_are_what_draws_of_the_data_have() -> None:
    truth = bars_and_stripes(4)
    metric = AtomFrequencies(real=truth, tolerance=0.25)
    own = drawn(truth, metric, 2000, 30)
    for name, floor in metric.floor(2000).items():
        assert floor == pytest.approx(sum(one[name] for one in own) / 30, rel=0.1), name


def test_the_rounded_jsd_of_points_has_the_bias_and_the_error_that_are_stated() -> None:
    """Of samples from another distribution, one point of which is none of the data's."""
    at = torch.tensor([[-1.0], [0.0], [1.0], [2.0]], dtype=torch.float64)
    p, q = torch.tensor([0.5, 0.3, 0.2, 0.0]).double(), torch.tensor([0.2, 0.3, 0.4, 0.1]).double()
    metric = AtomFrequencies(real=Discrete(points=at[:3], probabilities=p[:3]), tolerance=0.25)
    own = drawn(Discrete(points=at, probabilities=q), metric, 100, 2000)
    values, errors = (torch.tensor([one[name] for one in own]) for name in ("jsd_rounded", "jsd_rounded_error"))
    bias = float((p * (1 - q) / (p + q)).sum()) / 4 / 100
    spread = float(values.std()) / 2000**0.5
    assert float(values.mean()) == pytest.approx(float(divergences.jsd(p, q)) + bias, abs=2.5 * spread)
    assert bias > 4 * spread
    assert float(errors.mean()) == pytest.approx(float(values.std()), rel=0.1)


def test_the_total_variation_of_points_by_hand() -> None:
    truth = Discrete(points=torch.tensor([[-1.0], [0.0], [1.0]]), probabilities=torch.tensor([0.5, 0.25, 0.25]))
    metric = AtomFrequencies(real=truth, tolerance=0.25)
    x = torch.tensor([-1.2, -1.0, -0.8, -0.8, 0.5, 0.6, 0.9, 5.0])[:, None]  # frequencies 1/2, 0, 1/8, nowhere 3/8
    found = metric.compute(x)
    assert found.pop("jsd_rounded_error") > 0
    by_hand = 0.25 * log(2) + 0.25 * log(4 / 3) + 0.125 * log(2 / 3) + 0.375 * log(2)
    assert found.pop("jsd_rounded") == pytest.approx(by_hand / 2, abs=1e-15)
    assert found == {"total_variation": 0.375, "on_support": 0.625, "points_covered": 2.0}


def test_points_are_covered_by_half_of_their_samples() -> None:
    """Not by 0.4 of them, and a point of probability 0 not by none."""
    at = torch.tensor([[-1.0], [0.0], [1.0]])
    truth = Discrete(points=at, probabilities=torch.tensor([0.5, 0.5, 0.0]))
    metric = AtomFrequencies(real=truth, tolerance=0.25)
    for low, covered in ((2, 1.0), (3, 2.0)):
        x = torch.tensor([-1.0] * low + [0.0] * (10 - low))[:, None]
        assert metric.compute(x)["points_covered"] == covered


# A run


def test_a_run_is_compared_by_its_own_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    small = ["logger=none", "updates=2", "evaluate_every=2", "evaluate_images=200", "batch_size=256", "sample_images=9"]
    folders = [RunFolder(f"runs/one/{name}") for name in KNOWN]
    for folder in folders:
        assert carry_out(composed(f"data={folder.job}", "network=mlp", *small), folder) == 0
    of_every_run(folders)
    folders = [RunFolder(f"runs/one/{name}") for name in ("ring", "discrete")]
    summaries: list[Any] = [folder.summary() for folder in folders]
    assert [summary["main_metric"] for summary in summaries] == ["jsd_smoothed", "total_variation"]
    assert all(0 < summary["floor"] < 0.3 for summary in summaries)
    assert summaries[0]["protocol"]["sigma"] == 0.04
    assert set(summaries[0]["metrics"]) == {"jsd_smoothed", "modes_covered", "quality"}
    runs = read_runs(folders)
    assert [run.main for run in runs] == ["jsd_smoothed", "total_variation"]
    assert [run.of_images for run in runs] == [False, False]


READINGS = {
    "points": {"jsd_smoothed", "jsd_smoothed_error", "distance_to_optimum", "bound_slack", "modes_covered", "quality"},
    "atoms": {"jsd_rounded", "jsd_rounded_error", "total_variation", "points_covered", "on_support"},
}


def of_every_run(folders: list[RunFolder]) -> None:
    """V, the bound and a JSD with its error, coverage and quality in metrics.jsonl, whatever the distribution."""
    for folder in folders:
        readings = {"value", "value_error", "jsd_bound"} | READINGS[built(folder.job).kind]
        lines = folder.metrics()
        assert [line["updates"] for line in lines if readings <= set(line)] == [0, 2], folder.job
        assert [line["updates"] for line in lines if "value_train" in line] == [2]


def test_data_without_held_out_samples_say_so() -> None:
    class Nothing(Data):
        name, shape = "nothing", (1,)

        def sample(self, seed: int, positions: range, device: torch.device) -> Tensor:
            return torch.zeros(len(positions), 1)

        def render(self, x: Tensor, columns: int) -> Image.Image:
            raise NotImplementedError

        def picture(self, x: Tensor) -> Image.Image:
            raise NotImplementedError

        def facts(self) -> dict[str, Any]:
            return {}

    assert Nothing().held_out == 0
    with pytest.raises(ValueError, match="nothing holds out no samples"):
        Nothing().unseen(0, range(3), CPU)

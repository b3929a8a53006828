"""Looking into the code: every number against its closed form, on generators that are known."""

import math
from math import pi

import numpy as np
import pytest
import torch
from scipy.stats import kstest, norm, truncnorm
from torch import Tensor

from codes import FittedModel, LinearModel, matrix
from pictures import Thumbnail
from saddle.noise import noise
from saddle.samples.codes.association import association, factor_direction
from saddle.samples.codes.directions import coordinates_along, mean_metric, principal, single, traversed
from saddle.samples.codes.path_length import moments_in_time, path_length, squared_distances, squared_speeds
from saddle.samples.codes.paths import linear, spherical
from saddle.samples.codes.reader import Reader
from saddle.samples.codes.subject import Subject
from saddle.samples.codes.truncation import truncated, truncated_prior
from saddle.samples.codes.views.interpolation import interpolation
from saddle.samples.codes.views.plane import plane
from saddle.samples.codes.views.table import Factors
from saddle.samples.codes.views.traversal import dimensions, directions, factors
from saddle.samples.codes.views.truncation import truncation
from saddle_studies.midpoints import midpoints
from toy import Toy

T = torch.linspace(0, 1, 11, dtype=torch.float64)[:, None]


def codes(count: int, size: int = 6, distribution: str = "normal") -> Tensor:
    return noise(0, "test codes", 0, range(count), (size,), distribution).double()


# ---- paths


def test_a_spherical_path_keeps_the_norm_and_an_even_pace() -> None:
    a, b = codes(2)
    b = b / b.norm() * a.norm()
    path = spherical(a, b, T)
    torch.testing.assert_close(path.norm(dim=1), a.norm().expand(11), rtol=1e-12, atol=0)
    steps = path.diff(dim=0).norm(dim=1)
    torch.testing.assert_close(steps, steps[0].expand(10), rtol=1e-9, atol=0)
    angle = torch.arccos(a @ b / a.norm() ** 2)
    white = (torch.sin((1 - T) * angle) * a + torch.sin(T * angle) * b) / torch.sin(angle)
    torch.testing.assert_close(path, white, rtol=1e-9, atol=1e-9)


def test_between_codes_of_two_norms_the_norm_goes_evenly() -> None:
    a, b = codes(2)
    path = spherical(a, 3 * b, T)
    torch.testing.assert_close(path.norm(dim=1), ((1 - T) * a.norm() + T * 3 * b.norm())[:, 0])
    torch.testing.assert_close(path[[0, -1]], torch.stack([a, 3 * b]))
    assert linear(a, b, 0.5).norm() < spherical(a, b, 0.5).norm()


def test_where_no_great_circle_is_meant() -> None:
    a = codes(1)[0]
    zero = torch.zeros_like(a)
    torch.testing.assert_close(spherical(a, 2 * a, T), linear(a, 2 * a, T))
    torch.testing.assert_close(spherical(zero, a, T), linear(zero, a, T))
    torch.testing.assert_close(spherical(a, zero, T), linear(a, zero, T))
    assert not spherical(zero, zero, T).any()
    opposite = spherical(a, -a, T)
    torch.testing.assert_close(opposite.norm(dim=1), a.norm().expand(11))
    torch.testing.assert_close(opposite[[0, -1]], torch.stack([a, -a]))
    torch.testing.assert_close(spherical(a[:1], -a[:1], T)[[0, 5, -1], 0], torch.stack([a[0], 0 * a[0], -a[0]]))
    assert spherical(a.float(), a.float(), T).dtype == torch.float32


# ---- truncation


@pytest.mark.parametrize("threshold", [0.2, 1.0, 2.5])
def test_truncated_codes_are_those_of_drawing_again(threshold: float) -> None:
    z = codes(3000)
    cut = truncated(z, threshold, "normal")
    assert cut.abs().max() <= threshold
    within = truncnorm(-threshold, threshold)
    np.testing.assert_allclose(cut.numpy(), within.ppf(norm.cdf(z.numpy())), atol=1e-9)
    again = z.flatten()[z.flatten().abs() <= threshold].numpy()  # what drawing again keeps
    assert kstest(cut.flatten().numpy(), within.cdf).pvalue > 0.01
    assert kstest(again, within.cdf).pvalue > 0.01
    assert kstest((z * threshold / 3).clamp(-threshold, threshold).flatten().numpy(), within.cdf).pvalue < 1e-6


def test_truncation_of_a_uniform_prior_scales_and_far_thresholds_change_nothing() -> None:
    u = codes(100, distribution="uniform")
    assert torch.equal(truncated(u, 0.3, "uniform"), 0.3 * u)
    assert torch.equal(truncated(u, 2, "uniform"), u)
    z = torch.tensor([[-7.0, -1.0, 0.0, 1e-9, 7.0]], dtype=torch.float64)
    torch.testing.assert_close(truncated(z, 30, "normal"), z, rtol=1e-6, atol=1e-12)
    with pytest.raises(ValueError, match="truncation=0: no code lies within"):
        truncated(z, 0, "normal")


def test_a_fitted_prior_is_truncated_towards_its_own_centre() -> None:
    """Codes 3 e + 1 with e of N(0, I): within 1 of their centre in units of their own deviation, 3."""
    model = FittedModel(matrix(4, 3), [4])
    assert torch.equal(truncated_prior(model, range(5), 0, None), model.prior(range(5), 0))
    cut = truncated_prior(model, range(2_000), 0, 1.0)
    assert float((cut - 1).abs().max()) <= 3
    assert torch.equal(cut, 3 * truncated(model.base_noise(range(2_000), 0), 1.0, "normal") + 1)


def test_paths_of_a_fitted_prior_go_round_its_own_centre(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """A linear G sees the same of codes 3 e + 1 as of e, but for their size: detours are the same."""
    monkeypatch.setattr("saddle.samples.codes.views.interpolation.PATHS", 200)
    patterns, detours = 0.1 * matrix(64, 4).float(), []
    for kind in (LinearModel, FittedModel):
        subject.extractor, subject.model = None, kind(patterns, [1, 8, 8])
        detours.append([length["detour"] for length in interpolation(subject, 2).numbers["path_length"].values()])
    torch.testing.assert_close(torch.tensor(detours[0]), torch.tensor(detours[1]), rtol=1e-2, atol=0)


def test_a_midpoint_is_half_of_a_sample_and_half_of_another() -> None:
    """0.5 a + 0.5 b of a linear generator is the mean of two samples, which depends on its index alone."""
    model = LinearModel(matrix(4, 3), [4])
    found = midpoints(model, range(5), 0)
    codes = (noise(0, "sample", 0, range(5), (3,)) + noise(0, "sample", 0, [2**40 + i for i in range(5)], (3,))) / 2
    assert torch.allclose(found, model.decode(codes))
    assert torch.allclose(midpoints(model, [3], 0), found[[3]])


# ---- directions


def test_principal_directions_of_a_linear_generator_are_its_right_singular_vectors() -> None:
    a = matrix(16, 6)
    model = LinearModel(a, [1, 4, 4])
    found = principal(mean_metric(model.decode, codes(3), None), 16)
    _, sizes, right = torch.linalg.svd(a)
    torch.testing.assert_close((found.vectors * right).sum(1).abs(), torch.ones(6, dtype=torch.float64))
    torch.testing.assert_close(found.change, sizes / 4)
    torch.testing.assert_close(found.share, sizes**2 / (sizes**2).sum())
    assert (found.vectors.gather(1, found.vectors.abs().argmax(1, keepdim=True)) > 0).all()


def test_the_metric_is_a_mean_over_codes_and_keeps_labels() -> None:
    """Of G(z) = z^2 central differences are exact: J = 2 diag(z), so M = 4 diag E z^2; label y scales G by y."""
    z, labels = codes(5), torch.arange(1, 6)
    metric = mean_metric(lambda z, y: z**2 * (y[:, None] if y is not None else 1), z, labels)
    torch.testing.assert_close(metric, torch.diag((4 * z**2 * labels[:, None] ** 2).mean(0)), rtol=1e-8, atol=1e-9)
    found = single(metric, 6)
    assert (found.vectors.sum(1) == 1).all()
    torch.testing.assert_close(found.change, (metric.diagonal() / 6).sort(descending=True).values.sqrt())


def test_a_traversal_moves_one_coordinate_only() -> None:
    z = codes(4)
    v = z[3] / z[3].norm()
    places = torch.tensor([-2.0, 0.0, 1.5], dtype=torch.float64)
    moved = traversed(z, v, places)
    torch.testing.assert_close(moved @ v, places.expand(4, 3))
    rest = moved - (moved @ v)[..., None] * v
    torch.testing.assert_close(rest, (z - (z @ v)[:, None] * v)[:, None].expand(4, 3, 6))
    ends = coordinates_along(codes(20_000, 2), torch.tensor([0.6, 0.8]), 3, within=0.98)
    np.testing.assert_allclose(ends.numpy(), [-2.326, 0, 2.326], atol=0.07)
    inside = coordinates_along(codes(5000, 2, "uniform"), torch.tensor([1.0, 0.0]), 2, within=0.98)
    np.testing.assert_allclose(inside.numpy(), [-0.98, 0.98], atol=0.01)


# ---- path length


def test_the_path_length_of_a_linear_generator() -> None:
    a = matrix(16, 6)
    z = codes(400)
    starts, ends = z[::2], z[1::2]
    t = moments_in_time(codes(200, 1, "uniform"))

    def look(codes: Tensor) -> Tensor:
        return codes @ a.T

    speeds, straight = squared_speeds(look, linear, starts, ends, t), squared_distances(look, starts, ends)
    torch.testing.assert_close(speeds, straight, rtol=1e-6, atol=0)
    found = path_length(speeds, straight)
    assert found.detour == pytest.approx(1, rel=1e-6)
    expected = 2 * float((a**2).sum())  # E |A (z2 - z1)|^2 = 2 |A|^2
    assert abs(found.length - expected) < 3 * found.error
    assert found.paths == 200


def test_the_spherical_detour_is_that_of_the_arc() -> None:
    """Between orthogonal codes of one norm r the arc has length r pi / 2, the chord r sqrt 2."""
    z = torch.eye(6, dtype=torch.float64) * 5
    t = moments_in_time(codes(3, 1, "uniform"))
    assert t.min() >= 0
    assert t.max() < 1
    speeds = squared_speeds(lambda z: z, spherical, z[:3], z[3:], t)
    found = path_length(speeds, squared_distances(lambda z: z, z[:3], z[3:]))
    assert found.length == pytest.approx(25 * pi**2 / 4, rel=1e-6)
    assert found.detour == pytest.approx(pi**2 / 8, rel=1e-6)


# ---- factors


def test_associations_are_correlation_and_correlation_ratio() -> None:
    x = codes(500, 3)
    y = x[:, 0] - 2 * x[:, 1] + codes(500, 7)[:, 6]
    expected = [np.corrcoef(column, y)[0, 1] for column in x.T.numpy()]
    np.testing.assert_allclose(association(x, y).numpy(), expected, atol=1e-12)
    kinds = torch.from_numpy(np.digitize(y.numpy(), [-1, 1]) * 2)  # 0, 2, 4: category names need not be dense
    between = sum((kinds == k).sum() * (x[kinds == k].mean(0) - x.mean(0)) ** 2 for k in (0, 2, 4))
    eta = (between / ((x - x.mean(0)) ** 2).sum(0)).sqrt()
    torch.testing.assert_close(association(x, kinds), eta)
    for nothing in (torch.ones(500, dtype=torch.float64), torch.ones(500, dtype=torch.int64)):
        assert not association(x, nothing).any()
        assert factor_direction(x, nothing).association == 0


def test_a_direction_is_found_where_the_factor_is_drawn() -> None:
    """Codes that are not white, a factor along one direction: least squares finds it, and no direction has more."""
    z = codes(2000, 4) @ matrix(4, 4)
    v = torch.tensor([0.5, -0.5, 0.5, 0.5], dtype=torch.float64)
    found = factor_direction(z, z @ v)
    torch.testing.assert_close(found.direction, v)
    assert found.association == pytest.approx(1)
    noisy = z @ v + 2 * codes(2000, 5)[:, 4]
    coefficients = np.linalg.lstsq((z - z.mean(0)).numpy(), (noisy - noisy.mean()).numpy(), rcond=None)[0]
    found = factor_direction(z, noisy)
    np.testing.assert_allclose(found.direction.numpy(), coefficients / np.linalg.norm(coefficients), atol=1e-9)
    assert float(association(z @ found.direction[:, None], noisy)) == pytest.approx(found.association)
    kinds = (noisy > 0).long() + (noisy > 1).long()
    found = factor_direction(z, kinds)
    assert float(association(z @ found.direction[:, None], kinds)) == pytest.approx(found.association)
    assert found.association >= association(z @ codes(50, 4).T, kinds).max()


class BrightToy(Toy):
    """Toy images whose brightness, and whether it is above the middle, are known; 16 x 16."""

    name = "bright"
    shape = (1, 8, 8)

    def factors(self, part: str) -> dict[str, np.ndarray]:
        images = self._images.pixels.float()
        brightness = images.mean(dim=(1, 2, 3)) / 255
        return {"brightness": brightness.numpy(), "bright": (brightness > 0.5).long().numpy()}


@pytest.fixture
def subject() -> Subject:
    """Dimension 1 of four moves all pixels alike; the others, less and more, patterns without brightness."""
    patterns = matrix(64, 4) * 0.02
    patterns -= patterns.mean(0)
    patterns[:, 1] += 0.05
    patterns[:, 3] *= 6
    model = LinearModel(patterns.float(), [1, 8, 8])
    return Subject(model=model, data=BrightToy(300), extractor=Thumbnail(), seed=0, label=None, threshold=None)


def test_the_table_says_which_dimension_is_the_factor(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("table.READ", "traversal.READ", "traversal.PRIOR"):
        monkeypatch.setattr(f"saddle.samples.codes.views.{name}", 400)
    monkeypatch.setattr("saddle.samples.codes.views.traversal.AVERAGED", 2)
    found = dimensions(subject, 3)
    rows = {row["name"]: row["associations"] for row in found.numbers["directions"]}
    assert list(rows)[:2] == ["dimension 3", "dimension 1"]
    assert rows["dimension 1"]["brightness"] > 0.98
    assert rows["dimension 1"]["bright"] > 0.75  # a half-plane of a normal code: sqrt(2 / pi)
    assert abs(rows["dimension 3"]["brightness"]) < 0.15
    assert found.numbers["any_direction"]["brightness"] >= rows["dimension 1"]["brightness"] - 1e-9
    assert "brightness" in found.words
    assert {row["name"] for row in directions(subject, 2).numbers["directions"]} == {
        f"direction {i}" for i in range(1, 5)
    }
    own = factors(subject, 2).numbers["factors"]["brightness"]
    assert abs(own["direction"][1]) > 0.98
    assert subject.reader is not None
    assert subject.reader.scores["brightness"] > 0.99


def test_every_view_is_a_picture_with_words(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("saddle.samples.codes.views.interpolation.PATHS", 40)
    monkeypatch.setattr("saddle.samples.codes.views.truncation.MEASURED", 40)
    found = interpolation(subject, 4)
    lengths = found.numbers["path_length"]
    assert set(lengths) == {"spherical", "linear"}
    assert lengths["linear"]["detour"] == pytest.approx(1, rel=0.02)  # linear up to the pixels that leave [-1, 1]
    pixels = np.asarray(found.picture)
    assert pixels.shape[0] > 4 * 66
    assert pixels.std() > 0
    cut = truncation(subject, 5).numbers["truncation"]
    varieties = [row["variety"] for row in cut]
    assert varieties == sorted(varieties, reverse=True)
    z = truncnorm(-0.2, 0.2).var()
    assert varieties[-1] == pytest.approx(z, rel=0.3)
    subject.model.prior_distribution = "uniform"
    assert set(interpolation(subject, 4).numbers["path_length"]) == {"linear"}


def test_the_code_plane_is_a_lattice_of_what_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two numbers the dimensions themselves, upwards the second; of more the two that change x most."""
    monkeypatch.setattr("saddle.samples.codes.views.plane.PRIOR", 2_000)
    monkeypatch.setattr("saddle.samples.codes.views.traversal.AVERAGED", 2)
    ways = torch.zeros(64, 5)
    ways[0, 3], ways[9, 1], ways[18, [0, 2, 4]] = 0.4, 0.2, 0.01
    for model, axes in (
        (LinearModel(ways[:, [3, 1]], [1, 8, 8]), torch.eye(2)),
        (FittedModel(ways[:, [3, 1]], [1, 8, 8]), torch.eye(2)),
        (LinearModel(ways, [1, 8, 8]), torch.eye(5)[[3, 1]]),
    ):
        subject = Subject(model=model, data=Toy(), extractor=None, seed=0, label=None, threshold=None)
        drawn: list[Tensor] = []
        monkeypatch.setattr(
            subject, "along", lambda codes, _, drawn=drawn: drawn.append(codes) or torch.zeros(3, 3, 1, 8, 8)
        )
        found = plane(subject, 3)
        middle, width = (1.0, 3.0) if isinstance(model, FittedModel) else (0.0, 1.0)
        torch.testing.assert_close(torch.tensor(found.numbers["axes"]), axes)
        lattice = drawn[0].double() @ axes.T.double()  # [rows, columns, 2]
        ends = torch.tensor([middle - 2.33 * width, middle + 2.33 * width]).double()
        torch.testing.assert_close(lattice[0, [0, 2], 0], ends, atol=0.25 * width, rtol=0)
        torch.testing.assert_close(lattice[[2, 0], 0, 1], ends, atol=0.25 * width, rtol=0)
        assert np.asarray(found.picture).shape[0] > 3 * 66
    with pytest.raises(ValueError, match="one dimension has no plane"):
        plane(
            Subject(
                model=LinearModel(ways[:, :1], [1, 8, 8]),
                data=Toy(),
                extractor=None,
                seed=0,
                label=None,
                threshold=None,
            ),
            3,
        )


def test_nothing_is_said_of_factors_that_nobody_knows(subject: Subject) -> None:
    subject.data = Toy()
    assert subject.reader is None
    assert Factors.of(subject, principal(torch.eye(4, dtype=torch.float64), 64)).strongest(0) == ""
    with pytest.raises(ValueError, match="data=toy: no factors of these samples are known"):
        factors(subject, 2)
    with pytest.raises(ValueError, match="data=toy: no factors"):
        Reader.of(Toy(), Thumbnail())


def test_a_reader_reads_what_is_linear_and_says_how_well() -> None:
    features = codes(600, 5).numpy()
    kinds = features[:, 1].argsort().argsort() * 3 // 600  # thirds
    known = {"number": features[:, 0] * 2 + 1, "kind": kinds.astype(np.int64)}
    reader = Reader(features[:400], {name: values[:400] for name, values in known.items()})
    reader.test(features[400:], {name: values[400:] for name, values in known.items()})
    assert reader.scores["number"] > 0.999
    assert reader.scores["kind"] > 0.8  # a regression on indicators masks the middle one
    read = reader.read(torch.from_numpy(features))
    assert read["number"].dtype == torch.float64
    assert read["kind"].dtype == torch.int64
    assert math.isclose(float(read["number"][0]), float(known["number"][0]), rel_tol=0.05, abs_tol=0.05)

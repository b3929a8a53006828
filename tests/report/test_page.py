"""The page on disk: all runs, all numbers, nothing from elsewhere."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from fake_runs import make_run, make_sweep
from hostile import encoded
from saddle.cli import compare
from saddle.report.frames import frames_of
from saddle.report.run import RunRecord, read_runs
from saddle.runs.folder import RunFolder
from saddle.runs.sweep import runs_of, write_sweep

VOID = {"meta", "link", "img", "input", "br", "wbr"}


class Page(HTMLParser):
    """Tables by the identifier of their figure, addresses, identifiers; refuses tags that are not closed in order.

    Attributes:
        tables: identifier -> rows -> cells, each with its text and the attributes of its tag.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tables: dict[str, list[list[tuple[str, dict[str, str | None]]]]] = {}
        self.addresses: list[str] = []
        self.ids: list[str] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self._broken = False
        self._table = ""
        self.feed(path.read_text(encoding="utf-8"))
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.ids += [value for name, value in attrs if name == "id" and value]
        self.addresses += [value for name, value in attrs if name in ("href", "src", "xlink:href") and value]
        if tag == "img":
            assert given["alt"]
        if tag == "figure" and "sheet" in (given.get("class") or "").split():
            self._table = given["id"] or ""
            self.tables[self._table] = []
        if tag == "tr":
            self.tables[self._table].append([])
        if tag in ("td", "th"):
            self.tables[self._table][-1].append(("", given))
        self._broken = tag == "wbr"  # the word goes on behind it
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(f"{self.texts.pop() if self._broken else ''}{data}")
        if {"td", "th"} & set(self._open):
            text, given = self.tables[self._table][-1].pop()
            between = "" if self._broken else " "
            self.tables[self._table][-1].append((f"{text}{between}{data.strip()}".strip(), given))


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two losses and three seeds, one of which failed, one run of other hands, one folder that is damaged."""
    sweep = make_sweep(tmp_path_factory.mktemp("a place (1)") / "two & <more>", ["minimax", "hinge"], [0, 1, 2])
    make_run(sweep / "loss-hinge_seed-3", loss="hinge", seed=3, ended="failed")
    make_run(sweep / "<script>alert(1)<!--$x_{", loss="'><script>alert(2)", extractor="<b>")
    (sweep / "torn").mkdir()
    (sweep / "torn" / "summary.json").write_text("{")
    (sweep / "line").mkdir()
    (sweep / "line" / "metrics.jsonl").write_text('{"updates": 0, "odd": [1], "long": ' + "9" * 400 + "}\n")
    RunFolder(sweep / "line").mark("failed", error="it is torn")
    compare.main(["compare.py", f"sweep={sweep}"])
    return sweep


@pytest.fixture(scope="module")
def page(sweep: Path) -> Page:
    return Page(sweep / "compare" / "index.html")


def test_every_run_and_every_number_of_its_summary_is_in_the_page(sweep: Path, page: Page) -> None:
    header, *rows = page.tables["runs"]
    by_job = {row[0][0]: row for row in rows}
    assert set(by_job) == {run.job for run in runs_of(sweep)}
    titles = [text.removesuffix(" ↓").removesuffix(" ↑") for text, _ in header]
    checked = 0
    for job, row in by_job.items():
        file = sweep / job / "summary.json"
        metrics = json.loads(file.read_text())["metrics"] if file.is_file() and job != "torn" else {}
        for metric, stored in metrics.items():
            shown = [cell for title, cell in zip(titles, row, strict=True) if title.split(" (")[0] == metric]
            best = [cell for title, cell in zip(titles, row, strict=True) if re.fullmatch(rf"best {metric}.*\*", title)]
            assert [float(given["data-value"] or "") for _, given in shown if "data-value" in given] == [stored["last"]]
            assert [float(given["data-value"] or "") for _, given in best if "data-value" in given] == [stored["best"]]
            assert any(f"@{stored['best_updates']:,}" in text for text, _ in best)
            checked += 1
    assert checked == 7 * 3


def test_the_page_needs_nothing_from_elsewhere(sweep: Path, page: Page) -> None:
    text = (sweep / "compare" / "index.html").read_text()
    for address in page.addresses:
        assert address.startswith(("#", "data:", "../")), address
    assert "default-src 'none'; img-src data:;" in text  # and the browser is told to refuse it
    assert not re.search(r"@import|url\((?!#)|fetch\(|XMLHttpRequest|<script src|<iframe", text)
    found = set(re.findall(r"https?://[^\s\"'<]+", text))
    assert found <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}, found  # names, not addresses
    targets = {address[1:] for address in page.addresses if address.startswith("#")}
    assert targets <= set(page.ids)
    assert len(set(page.ids)) == len(page.ids)


def test_what_folders_say_is_text_never_markup(sweep: Path, page: Page) -> None:
    text = (sweep / "compare" / "index.html").read_text()
    assert text.count("<script>") == 1
    assert any("<script>alert(1)<!--" in part for part in page.texts)


def test_causes_intervals_and_what_there_is_not_are_said(page: Page) -> None:
    unfinished = {row[0][0]: row for row in page.tables["unfinished"]}
    assert unfinished["loss-hinge_seed-3"][3][0].startswith("DivergedError: the loss is not finite")
    assert unfinished["line"][3][0] == "it is torn"
    assert "is not JSON" in unfinished["torn"][3][0]
    results = {row[0][0]: row for row in page.tables["results"]}
    assert results["loss-hinge"][1][0] == "3 of 4"
    assert "n = 3" in results["loss-hinge"][2][0]
    alone = next(row for name, row in results.items() if "alert" in name)
    assert any("one seed: no interval" in text for text, _ in alone)
    differences = {row[0][0]: row for row in page.tables["differences-0"]}
    verdicts = {name: row[-1][0] for name, row in differences.items()}
    assert {"yes: worse", "yes: better", "not shown", "no pair"} & set(verdicts.values())
    assert any("it takes two seeds" in part or "adjusted by Holm" in part for part in page.texts)


def test_tables_and_figures_lie_beside_the_page(sweep: Path) -> None:
    assert {path.name for path in (sweep / "compare").iterdir()} == {
        *("index.html", "table.csv", "effects.csv", "runs.csv", "table.md", "table.tex", "figures")
    }
    names = {path.name for path in (sweep / "compare" / "figures").iterdir()}
    assert "overview.png" in names
    assert {f"values-fd_faces-A.{kind}" for kind in ("png", "svg", "pdf")} <= names
    for axis in ("updates", "seconds"):
        assert {f"curves-fd_faces-A-{axis}.{kind}" for kind in ("png", "svg", "pdf")} <= names
    lines = (sweep / "compare" / "table.md").read_text().splitlines()
    results = [line for line in lines[lines.index("## Results") + 2 :][:5] if line.startswith("|")]
    assert len({line.count("|") for line in results}) == 1


def test_the_page_is_the_same_when_it_is_written_again(sweep: Path) -> None:
    before = (sweep / "compare" / "index.html").read_bytes()
    compare.main(["compare.py", f"sweep={sweep}"])
    assert (sweep / "compare" / "index.html").read_bytes() == before


def test_a_single_run_and_a_run_that_said_nothing_have_a_page(tmp_path: Path) -> None:
    run = make_run(tmp_path / "one")
    compare.main(["compare.py", f"run={run.path}"])
    assert "differences-0" not in Page(run.path / "compare" / "index.html").tables
    RunFolder(tmp_path / "s" / "job").mark("failed", error="E")
    write_sweep(tmp_path / "s", {"jobs": [{"name": "job"}, {"name": "later"}]})
    compare.main(["compare.py", f"sweep={tmp_path / 's'}"])
    page = Page(tmp_path / "s" / "compare" / "index.html")
    assert [row[0][0] for row in page.tables["runs"][1:]] == ["job", "later"]
    with pytest.raises(SystemExit, match="baseline=x: there is no such setting"):
        compare.main(["compare.py", f"sweep={tmp_path / 's'}", "baseline=x"])


@pytest.mark.slow
def test_two_hundred_runs_have_a_page(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path / "many", [f"loss_{number}" for number in range(100)], [0, 1])
    compare.main(["compare.py", f"sweep={sweep}"])
    page = Page(sweep / "compare" / "index.html")
    assert len(page.tables["runs"]) == 201
    assert len(page.tables["results"]) == 101


def names_of(runs: list[RunRecord]) -> dict[str, str]:
    """Job -> setting, by name."""
    return {run.job: run.setting for run in sorted(runs, key=lambda run: run.job)}


def drawn(tmp_path: Path, grids: dict[str, list[int]], size: int) -> list[RunRecord]:
    """Runs with grids of `size` bytes at given updates."""
    picture = encoded(Image.new("L", (7, 5)), "PNG")
    for name, updates in grids.items():
        folder = tmp_path / name
        (folder / "samples").mkdir(parents=True)
        for at in updates:
            (folder / "samples" / f"{at:06d}.png").write_bytes(picture + bytes(size - len(picture)))
        RunFolder(folder).mark("finished")
    return read_runs([RunFolder(tmp_path / name) for name in grids])


def test_grids_stand_side_by_side_at_the_same_updates(tmp_path: Path) -> None:
    runs = drawn(tmp_path, {"a": [*range(0, 6001, 250)], "b": [*range(0, 4001, 250)], "c": [*range(0, 4001, 500)]}, 100)
    frames = frames_of(runs, names_of(runs), 12)
    assert len(frames.positions) == 9
    assert (frames.positions[0], frames.positions[-1]) == ("update 0", "the end of each run")
    assert frames.positions[-2] == "update 4,000"  # the last that most have
    for strip in frames.strips:
        run, pictures = strip.run, strip.pictures
        for picture in pictures:
            assert all(
                frames.positions[p] in (f"update {picture.updates:,}", frames.positions[-1]) for p in picture.positions
            )
        assert pictures[-1].updates == max(run.grids)
        assert 8 in pictures[-1].positions
        assert (pictures[0].width, pictures[0].height) == (7, 5)


def test_of_many_runs_one_seed_of_each_setting_is_shown_and_the_others_can_be_chosen(tmp_path: Path) -> None:
    """A setting that does not have the first seed shows its own first one."""
    runs = drawn(tmp_path, {f"k-{k}_seed-{seed}": [0] for seed in (0, 1, 2) for k in "abcde"}, 100)
    runs = [replace(run, settings={"seed": int(run.job[-1])}) for run in runs if run.job != "k-c_seed-0"]
    frames = frames_of(runs, names_of(runs), 12)
    assert frames.seeds == {"0": True, "1": True, "2": False}
    assert [strip.setting for strip in frames.strips] == sorted(strip.setting for strip in frames.strips)
    assert frames_of(runs, names_of(runs), 14).seeds == {"0": True, "1": True, "2": True}


def test_real_samples_are_shown_once_for_each_data_set(tmp_path: Path) -> None:
    runs = drawn(tmp_path, {name: [0] for name in "abc"}, 100)
    for name, byte in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        RunFolder(tmp_path / name).real.write_bytes((tmp_path / name / "samples" / "000000.png").read_bytes() + byte)
    runs = read_runs([RunFolder(run.folder) for run in runs])
    one, several = (frames_of(some, names_of(some), 12).reals for some in (runs[:2], runs))
    assert [caption for caption, _ in one] == ["real data"]
    assert [caption for caption, _ in several] == ["real data of a and 1 more", "real data of c"]
    assert (one[0][1].width, one[0][1].height) == (7, 5)


def test_grids_stay_within_their_room_and_the_last_runs_are_linked(tmp_path: Path) -> None:
    runs = drawn(tmp_path, {f"run-{k:02d}": [0, 500, 1000] for k in range(10)}, 1000)
    frames = frames_of(runs, names_of(runs), 12, most_bytes=9000)
    stored = sum(1000 * len(strip.pictures) for strip in frames.strips)
    assert stored <= 9000
    assert [strip.run.job for strip in frames.strips] == [run.job for run in runs[: len(frames.strips)]]
    assert [run.job for run in frames.linked] == [run.job for run in runs[len(frames.strips) :]]
    assert frames.linked
    assert frames_of([], {}, 12).positions == ()

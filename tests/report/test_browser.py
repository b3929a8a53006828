"""The page in a real browser, headless: it loads without errors, its slider and its sorting work, it fits."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fake_runs import make_run, make_sweep
from saddle.cli import compare
from saddle.runs.sweep import runs_of

webdriver: Any = pytest.importorskip("selenium.webdriver", reason="selenium is missing: make setup")
WebDriverWait: Any = pytest.importorskip("selenium.webdriver.support.ui").WebDriverWait
BROWSER, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="chromium or chromedriver is missing: make setup-browser"
)
FLAGS = ("--headless=new", "--disable-gpu", "--disable-dev-shm-usage")
LONG = "relativistic_average_penalty-gradient_penalty"
LEAST_CONTRAST = 4.5
"""Of text, in WCAG 2.2, level AA."""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a sweep in which one run failed halfway."""
    sweep = make_sweep(tmp_path_factory.mktemp("a place #1") / "two", ["minimax", "hinge", LONG], [0, 1, 2])
    make_run(sweep / f"loss-hinge_{'long-' * 20}seed-3", loss="hinge", seed=3, ended="failed")
    for run in runs_of(sweep):
        run.save_real(Image.new("RGB", (24, 24)))
    compare.main(["compare.py", f"sweep={sweep}"])
    return sweep / "compare" / "index.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = BROWSER
    for flag in (*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])):  # which refuses to be root's
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=DRIVER))
    yield driver
    driver.quit()


@pytest.fixture
def opened(browser: Any, page: Path) -> Any:
    """The browser, wide and light, with the page as it is first seen."""
    _look(browser, width=1400, dark=False)
    browser.get(page.as_uri())
    return browser


def test_it_loads_without_errors_and_asks_nobody_for_anything(opened: Any) -> None:
    assert opened.get_log("browser") == []
    asked = opened.execute_script("return performance.getEntriesByType('resource').map((one) => one.name)")
    assert [name for name in asked if not name.startswith("data:")] == []
    broken = "return [...document.images].filter((one) => one.offsetParent && one.complete && !one.naturalWidth).length"
    assert opened.execute_script(broken) == 0


def test_the_slider_moves_all_grids_to_the_same_update_by_the_keyboard(opened: Any) -> None:
    slider, keys = opened.find_element("id", "at"), webdriver.Keys
    assert slider.get_attribute("aria-valuetext") == "the end of each run"
    assert set(_shown(opened)) == {"update 1,000", "update 400, failed"}
    slider.send_keys(keys.HOME)
    assert set(_shown(opened)) == {"update 0", "update 0, failed"}
    slider.send_keys(keys.ARROW_RIGHT)
    assert set(_shown(opened)) == {"update 200", "update 200, failed"}
    assert opened.find_element("css selector", "output").text == "update 200"
    slider.send_keys(keys.END, keys.ARROW_LEFT)
    assert _shown(opened).count("update 1,000") == 9
    assert _shown(opened).count("no samples at this update") == 1  # where the run had failed already
    assert slider.get_attribute("aria-valuetext") == "update 1,000"


def test_the_seeds_that_are_chosen_are_shown_next_to_real_data(opened: Any) -> None:
    assert len(_shown(opened)) == 10
    seeds = {one.get_attribute("value"): one for one in opened.find_elements("css selector", ".seeds input")}
    assert list(seeds) == ["0", "1", "2", "3"]
    for seed in ("1", "3"):
        seeds[seed].send_keys(webdriver.Keys.SPACE)
    assert len(_shown(opened)) == 6
    first = opened.find_element("css selector", ".strips figure")
    assert first.find_element("css selector", "figcaption").text == "real data"
    assert first.find_element("css selector", "img").is_displayed()


def test_names_take_two_lines_at_most_and_what_goes_on_to_the_right_fades(browser: Any, page: Path) -> None:
    code = """return [...document.querySelectorAll(".sheet:not(#runs, #unfinished) tbody .name")]
        .filter((one) => one.offsetParent)
        .map((one) => one.offsetHeight / parseFloat(getComputedStyle(one).lineHeight))"""
    fades = "return document.querySelector('#runs .box').classList.contains('more')"
    for width, lines in ((1280, 1), (400, 2)):
        _look(browser, width=width, dark=False)
        browser.get(page.as_uri())
        heights = browser.execute_script(code)
        assert len(heights) > 5
        assert max(heights) < lines + 0.5
        assert WebDriverWait(browser, 5).until(lambda browser: browser.execute_script(fades))


def test_a_click_on_a_title_sorts_by_its_numbers_and_what_has_none_stands_last(opened: Any) -> None:
    (head,) = [one for one in opened.find_elements("css selector", "#runs thead th") if one.text == "fd_faces ↓"]
    for way, sign in (("ascending", 1), ("descending", -1)):
        head.find_element("tag name", "button").click()
        assert head.get_attribute("aria-sort") == way
        values = [sign * float(value) for value in _column(opened, "runs", "fd_faces ↓") if value]
        assert len(values) == 10
        assert values == sorted(values)
    titles = opened.find_elements("css selector", "#runs thead button")
    (best,) = [one for one in titles if one.text == "best fd_faces*"]
    best.send_keys(webdriver.Keys.ENTER)
    for _ in range(2):
        assert _column(opened, "runs", "best fd_faces*")[-1] is None
        best.send_keys(webdriver.Keys.ENTER)
    names = opened.find_element("css selector", "#results thead button")
    names.click()
    rows = [one.text for one in opened.find_elements("css selector", "#results tbody th")]
    assert rows == sorted(rows)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [390, 1400])
def test_it_fits_and_can_be_read(browser: Any, page: Path, width: int, dark: bool) -> None:
    """Nothing is wider than the window but tables, which scroll in their box; words stand out from the paper."""
    _look(browser, width=width, dark=dark)
    browser.get(page.as_uri())
    browser.execute_script("for (const one of document.querySelectorAll('details')) one.open = true")
    whole, seen = browser.execute_script(
        "const root = document.documentElement; return [root.scrollWidth, root.clientWidth]"
    )
    assert whole == seen
    assert seen > width - 20  # but for a scroll bar
    inside, box = browser.execute_script(
        "const b = document.querySelector('#runs .box'); return [b.scrollWidth, b.clientWidth]"
    )
    assert inside > box
    paper = _colour(browser, "body", "backgroundColor")
    assert (sum(paper) < 200) == dark
    for words in ("body", "small", "figcaption", "a", ".dim", ".worse", ".plot text"):
        assert _contrast(_colour(browser, words, "color" if words != ".plot text" else "fill"), paper) >= LEAST_CONTRAST


def test_controls_have_names_and_tables_are_reached_by_the_keyboard(opened: Any) -> None:
    for selector in ("input", "thead button", ".box", ".plot svg", "img"):
        for one in opened.find_elements("css selector", selector):
            assert one.accessible_name.strip() or not one.is_displayed()
    assert all(one.get_attribute("tabindex") == "0" for one in opened.find_elements("css selector", ".box"))


def _look(browser: Any, *, width: int, dark: bool) -> None:
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})


def _shown(browser: Any) -> list[str]:
    """What stands below each grid that is seen, but for its seed, or in its place."""
    code = """return [...document.querySelectorAll(".frame small, .none")]
        .filter((one) => one.offsetParent).map((one) => one.innerText.replace(/^seed \\d+, /, ""))"""
    found: list[str] = browser.execute_script(code)
    return found


def _column(browser: Any, table: str, title: str) -> list[str | None]:
    """The numbers of a column from above, None where there is none."""
    heads = [one.text for one in browser.find_elements("css selector", f"#{table} thead th")]
    code = """return [...document.querySelectorAll(arguments[0])]
        .map((row) => row.cells[arguments[1]].dataset.value ?? null)"""
    found: list[str | None] = browser.execute_script(code, f"#{table} tbody tr", heads.index(title))
    return found


def _colour(browser: Any, selector: str, of: str) -> tuple[int, int, int]:
    code = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
    red, green, blue = browser.execute_script(code, selector, of).removeprefix("rgb(").rstrip(")").split(",")[:3]
    return int(red), int(green), int(blue)


def _contrast(one: tuple[int, int, int], other: tuple[int, int, int]) -> float:
    """(L1 + 0.05) / (L2 + 0.05) of the relative luminances, the lighter above (WCAG 2.2)."""
    low, high = sorted(map(_luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: tuple[int, int, int]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (value / 255 for value in colour)]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

"""Settings renamed for a reader, and tables as LaTeX."""

import re
from pathlib import Path

import pytest

from fake_runs import make_sweep
from saddle import load
from saddle.cli import compare
from saddle.report.export import table_csv, table_markdown
from saddle.report.figures import value_figures
from saddle.report.latex import escaped, latex
from saddle.report.layout import paper_sheets, table_sheets
from saddle.report.names import read_names, renamed
from saddle.report.run import RunRecord
from saddle.report.settings import Setting
from saddle.report.sheet import Cell, Sheet


def setting(name: str, *overrides: str) -> Setting:
    run = RunRecord(job=name, folder=Path(), status="finished", overrides=overrides)
    return Setting(name=name, runs=(run,))


SETTINGS = [
    setting(f"loss-{loss}_penalty-{penalty}", f"loss={loss}", f"penalty={penalty}")
    for loss in ("minimax", "f_kl")
    for penalty in ("r1", "r1_r2")
]


def test_names_are_typed_as_pairs_or_read_from_a_file(tmp_path: Path) -> None:
    assert read_names("loss-a=A, with care,loss-b=B") == {"loss-a": "A, with care", "loss-b": "B"}
    file = tmp_path / "names.txt"
    file.write_text("# for the paper\nloss-a = A = B\n\nloss-b=B\n")
    assert read_names(str(file)) == {"loss-a": "A = B", "loss-b": "B"}
    assert read_names("") == {}
    for text, message in (("a=", "no pair"), ("a=1,a=2", "twice"), ("=x", "no pair")):
        with pytest.raises(ValueError, match=message):
            read_names(text)
    with pytest.raises(LookupError, match=r"names=none\.txt: there is no such file"):
        read_names("none.txt")


def test_settings_are_renamed_as_a_whole_or_by_their_parts() -> None:
    """A part of a part is none: `penalty-r1` does not occur in `penalty-r1_r2`."""
    names = {"loss-minimax": "Minimax", "loss-f_kl": "KL", "penalty-r1": "R1", "penalty-r1_r2": "R1 + R2"}
    assert renamed(SETTINGS, names, []) == ["Minimax, R1", "Minimax, R1 + R2", "KL, R1", "KL, R1 + R2"]
    del names["penalty-r1_r2"]
    assert renamed(SETTINGS, names, [])[1] == "Minimax, penalty-r1_r2"
    assert renamed(SETTINGS, {"loss-f_kl_penalty-r1": "ours"}, [])[2] == "ours"
    assert renamed(SETTINGS, {}, []) == [one.name for one in SETTINGS]


def test_a_name_that_means_nothing_or_two_things_is_refused() -> None:
    with pytest.raises(LookupError, match="loss-minmax is no setting and no part of one; did you mean loss-minimax"):
        renamed(SETTINGS, {"loss-minmax": "M"}, [])
    with pytest.raises(ValueError, match="would both be 'same'"):
        renamed(SETTINGS, {one.name: "same" for one in SETTINGS[:2]}, [])


def test_a_setting_of_which_no_run_has_begun_may_have_a_name_already() -> None:
    later = SETTINGS[3].runs
    names = {"penalty-r1_r2": "R1 + R2", "loss-f_kl": "KL"}
    assert renamed(SETTINGS[:1], names, later) == [SETTINGS[0].name]


def test_the_new_names_are_everywhere_and_the_baseline_may_have_either(tmp_path: Path) -> None:
    sweep = make_sweep(tmp_path / "two", ["minimax", "hinge"], [0, 1])
    for baseline in ("loss-hinge", "Hinge_50%", "loss-hinge_seed-1"):
        comparison = load(sweep).compare(baseline, names={"loss-hinge": "Hinge_50%"})
        assert comparison.baseline == "Hinge_50%"
        assert ("Hinge_50%", "fd_faces") in comparison.last
    sheets = table_sheets(comparison, sweep)
    (figure,) = value_figures(comparison)
    for text in (table_csv(comparison), table_markdown(comparison, sheets), figure.alt):
        assert "Hinge_50%" in text
        assert "loss-hinge," not in text
    assert r"Hinge\_50\%" in latex(paper_sheets(comparison))
    with pytest.raises(SystemExit, match="error: names: hinge is no setting"):
        compare.main(["compare.py", f"sweep={sweep}", "names=hinge=Hinge"])


def test_latex_has_rules_alignment_and_minus_signs() -> None:
    cell = Cell(text="-1.5", value=-1.5, note="-2 to 1e-05, n = 3")
    sheet = Sheet(
        key="r_1", title="T", header=("a", "b ↓"), rows=((Cell(text="x-1_&"), cell),), numeric=frozenset({1}), words=()
    )
    text = latex([sheet])
    assert text.index(r"\toprule") < text.index(r"\midrule") < text.index(r"\bottomrule")
    assert r"\begin{tabular}{lr}" in text
    assert r"    x-1\_\& & $-$1.5 {\footnotesize ($-$2 to 1e-05, n = 3)} \\" in text
    assert r"a & b $\downarrow$ \\" in text
    assert r"\label{tab:r-1}" in text


def test_no_character_of_a_name_is_a_command_to_latex() -> None:
    """What is left after the escapes are taken away holds nothing that LaTeX would read otherwise."""
    text = escaped("".join(map(chr, range(1, 127))) + "\n\\input{/etc/passwd}")
    plain = re.sub(r"\\(text[a-z]+\{\}|[&%$#_{}])", "", text)
    assert not set('&%$#_{}~^\\<>|"\n') & set(plain)
    assert plain.endswith("input/etc/passwd")

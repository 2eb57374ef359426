"""The report of the bench: its place, and the values that it leaves out."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from bench.cases.synthetic import Case
from bench.hosts.interleave import compare
from bench.measures import acceleration
from bench.plan import THOROUGH
from bench.report import readme, sections
from bench.report.results import Results
from bench.report.targets import other_figures
from bench.rivals import GMMX, SKLEARN

CASE = Case(20_000, 8, 16)


def hosts_that_take(theirs, ours):
    """Return hosts whose calls return the given seconds, one after another."""

    def host(library, seconds):
        turns = iter(seconds)
        answer = lambda function, **arguments: {"seconds": next(turns), "result": 1.0}  # noqa: E731
        return SimpleNamespace(library=library, process=SimpleNamespace(call=answer))

    return [host(SKLEARN, theirs), host(GMMX, ours)]


def bayesian_results(theirs, ours):
    """Return results of Bayesian mixtures with the same seconds in every row."""
    row = compare(hosts_that_take(theirs, ours), THOROUGH, "any")
    matrices = [{"case": CASE, "share": row["ratio"], **row}]
    machine = {"processor": "any"}
    found = {"column": row, "columns": row, "matrices": matrices}
    return Results(machine, THOROUGH.name, 1, bayesian=found)


def test_ratios_are_medians_over_turns():
    row = compare(hosts_that_take([8, 9, 4, 5, 6], [2, 3, 4, 5, 1]), THOROUGH, "any")
    assert row["ratio"] == 3.0
    assert row["difference"] == 0.0
    assert [row[library.key]["seconds"] for library in (SKLEARN, GMMX)] == [6, 3]


@pytest.mark.parametrize("failed", [-1.0, 0.0])
@pytest.mark.parametrize("turn", range(THOROUGH.repeats))
def test_a_difference_of_fits_that_is_not_positive_gives_no_figure(failed, turn):
    ours = [1.0] * THOROUGH.repeats
    ours[turn] = failed
    results = bayesian_results([4.0] * THOROUGH.repeats, ours)
    assert "bayesian_share" not in other_figures(results)
    iteration = [line for line in sections.bayesian(results).splitlines() if str(CASE) in line]
    assert iteration == [f"| an iteration of {CASE}, full | 4e+03 | - | - |"]


def test_positive_differences_of_fits_give_a_figure():
    results = bayesian_results([4.0] * THOROUGH.repeats, [1.0] * THOROUGH.repeats)
    assert other_figures(results)["bayesian_share"] == (4.0, str(CASE))


def test_the_summary_goes_between_the_marks_of_the_benchs_readme(tmp_path, monkeypatch):
    assert readme.README.parent.name == "bench"
    for mark in (readme.BEGIN, readme.END):
        assert readme.README.read_text(encoding="utf-8").count(mark) == 1
    page, saved = tmp_path / "README.md", tmp_path / "results.json"
    page.write_text(f"before\n{readme.BEGIN}\nold\n{readme.END}\nafter\n", encoding="utf-8")
    bayesian_results([4.0] * THOROUGH.repeats, [1.0] * THOROUGH.repeats).save(saved)
    monkeypatch.setattr(readme, "README", page)
    text = readme.update_readme([saved])
    expected = f"before\n{readme.BEGIN}\n{text}\n{readme.END}\nafter\n"
    assert page.read_text(encoding="utf-8") == expected
    assert "n_samples, n_features, n_components" in text


def test_the_worst_stationary_stream_counts_and_the_best_forget_factor():
    stationary = [
        {"case": CASE, "covariance_type": kind, "data": "separated", "shortfall": shortfall,
         "n_first": 1000, "n_iter": 9, "fit_seconds": 1.0, "stream_seconds": 2.0}
        for kind, shortfall in (("full", 0.004), ("tied", 0.02))
    ]  # fmt: skip
    drift = [
        {"case": CASE, "forget_factor": forget_factor, "shortfall": shortfall}
        for forget_factor, shortfall in ((None, 3.0), (0.1, 0.003))
    ]
    found = {"stationary": stationary, "drift": drift}
    results = Results({"processor": "any"}, THOROUGH.name, 1, stream=found)
    figures = other_figures(results)
    assert figures["stream"] == (0.02, f"{CASE} tied, separated")
    assert figures["drift"] == (0.003, "forget_factor=0.1")
    assert f"| {CASE} tied, separated | 1000 | 9 | 1 | 2 | 0.0200 |" in sections.stream(results)


def test_the_peak_of_a_large_file_and_the_slowest_mapped_pass_count():
    passes = [
        {"covariance_type": kind, "K": 8, "memory": 0.1, "mapped": 0.1 * ratio, "ratio": ratio}
        for kind, ratio in (("full", 1.02), ("diag", 1.09))
    ]
    found = {"bytes": 8 << 30, "peak": 250 << 20, "seconds": 9.0, "n_iter": 3, "passes": passes}
    results = Results({"processor": "any"}, THOROUGH.name, 1, large_file=found)
    figures = other_figures(results)
    assert figures["large_file_memory"] == (250, "8.0 GiB")
    assert figures["mapped_pass"] == (1.09, "diag, K = 8")
    assert "| diag, 8 | 100 | 109 | 1.09 |" in sections.large_file(results)


@pytest.mark.parametrize("algorithm", ["em", "squarem"])
def test_the_passes_of_a_fit_are_its_iterations(algorithm, tmp_path):
    path = tmp_path / "samples.npy"
    np.save(path, np.random.default_rng(0).normal(size=(200, 2)))
    arguments = {"path": str(path), "n_components": 2, "covariance_type": "full"}
    goal = acceleration.fit("gmmx", algorithm=algorithm, **arguments)
    found = acceleration.fit_to(goal["log_likelihood"], "gmmx", algorithm=algorithm, **arguments)
    assert found["passes"] == goal["n_iter"] > 1
    assert 0 < found["passes_to_goal"] <= found["passes"]

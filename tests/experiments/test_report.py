"""The page: what stands in it, what it needs, and what it says it lacks."""

import csv
import re
import sys
from html.parser import HTMLParser

import numpy as np
import pytest

from skactive.evaluation import Run, paired_difference, penalty_matrix
from skactive.experiments.report import write_report

STRATEGIES = ("random", "margin <&>", "badge")
TWO = (("<b>iris</b>", 10), ("digits", 10))
BUDGET = [10, 20, 30, 40, 50]


def some_runs(strategies=STRATEGIES, n_seeds=4, settings=(("digits", 10),), full=False):
    """Later strategies are better, random learns until the end."""
    rng = np.random.default_rng(0)
    runs = []
    for dataset, batch_size in settings:
        for i, name in enumerate(strategies):
            for seed in range(n_seeds):
                score = np.array([0.3, 0.5, 0.6, 0.7, 0.8]) + 0.05 * i
                timed = {
                    "query_seconds": [1, 2, 3, 4, np.nan],
                    "fit_seconds": [0.5] * 5,
                    "acquired": rng.integers(0, 3, 50),
                }
                score[1:] += rng.uniform(0, 0.02, 4)
                run = (dataset, "mlp", batch_size, name, seed, BUDGET, score)
                runs.append(Run(*run, **(timed if full else {})))
    return runs


class Page(HTMLParser):
    """Text, tables, tags and references of a page, each tag closed in its order."""

    VOID = ("meta", "br", "img")

    def __init__(self, markup):
        super().__init__()
        self.open, self.tables, self.text, self.ids, self.links = [], [], [], [], []
        self.n_figures = 0
        self.outside = []
        self.feed(markup)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag not in self.VOID:
            self.open.append(tag)
        self.n_figures += tag == "svg"
        for key in ("src", "href", "xlink:href"):
            if key in attributes and not attributes[key].startswith(("#", "data:")):
                self.outside.append(attributes[key])
        if tag in ("script", "link", "iframe"):
            self.outside.append(tag)
        if tag in ("h2", "a"):
            self.ids += [attributes["id"]] if "id" in attributes else []
            self.links += [attributes["href"]] if "href" in attributes else []
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.handle_endtag(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "svg" in self.open or "style" in self.open:
            return
        self.text.append(data)
        if self.open and self.open[-1] in ("td", "th"):
            self.tables[-1][-1][-1] += data


def written(tmp_path, runs, **options):
    (path, *_) = write_report(runs, tmp_path / "report.html", title="T", **options)
    markup = path.read_text(encoding="utf-8")
    page = Page(markup)
    page.words = re.sub(r"\s+", " ", " ".join(page.text))
    page.markup = markup
    return page


@pytest.fixture(scope="module")
def standard(tmp_path_factory):
    """A page of two settings, one with a name that is markup, that is only read."""
    folder = tmp_path_factory.mktemp("report")
    return written(folder, some_runs(settings=TWO, full=True))


# ------------------------------------------------------------- what stands in it


def test_the_page_needs_nothing_but_itself(standard):
    page = standard
    assert page.outside == []
    assert set(re.findall(r"url\((.)", page.markup)) <= {"#"}
    assert "<b>" not in page.markup and "<b>iris</b>, mlp, batches of 10" in page.words
    assert "prefers-color-scheme: dark" in page.markup
    assert "#010203" not in page.markup and "currentColor" in page.markup
    assert {link[1:] for link in page.links} == set(page.ids) and len(page.ids) == 4
    # The matrix and the errors; curves, labels, seconds, queries, entropy of each.
    assert page.n_figures == 2 + 2 * 5


def test_ids_inside_the_figures_are_not_shared_for_different_things(standard):
    clips = re.findall(r'<clipPath id="(\w+)"', standard.markup)
    assert len(clips) == len(set(clips)) > 5


def test_the_table_holds_means_differences_and_intervals(standard):
    # The random numbers of the first setting come first, and its table after that of
    # column means.
    runs = some_runs(full=True)
    head, *rows = standard.tables[1]
    assert [row[0] for row in rows] == list(STRATEGIES)
    last = {
        name: [r.score[-1] for r in runs if r.strategy == name] for name in STRATEGIES
    }
    for row in rows:
        cells = dict(zip(head[:5], row[:5], strict=True))
        assert cells["Seeds"] == "4" and cells["Last budget"] == "50"
        assert cells["Last score"] == f"{np.mean(last[row[0]]):.4f}"
        assert row[-2:] == ["2.5", "0.5"]
    assert rows[0][5:13] == ["", "", "", "baseline"] * 2
    found = paired_difference(last["badge"], last["random"])
    assert rows[2][5:9] == [
        f"+{found.mean:.4f}",
        f"+{found.low:.4f} to +{found.high:.4f}",
        f"{found.smallest:.4f}",
        "better",
    ]
    assert head[6] == "95% interval"


def test_the_column_means_are_those_of_the_penalty_matrix(standard):
    found = penalty_matrix(some_runs(settings=TWO, full=True))
    page = standard
    assert found.settings and found.matrix.any()
    expected = dict(zip(found.strategies, found.column_means, strict=True))
    rows = page.tables[0][1:]
    assert {name: float(mean) for name, mean in rows} == pytest.approx(
        expected, abs=1e-3
    )
    means = [float(mean) for _, mean in rows]
    assert means == sorted(means) and len(set(means)) == 3
    assert "digits, mlp, batches of 10 at 20, 30 labels." in page.words


def test_there_are_matrices_by_batch_size_where_there_are_several(tmp_path):
    page = written(tmp_path, some_runs(settings=[("digits", 10), ("digits", 5)]))
    assert "Penalty matrix: batches of 5." in page.words
    assert "Penalty matrix: batches of 10." in page.words
    assert "Penalty matrix: model" not in page.words


def test_entropy_is_bounded_by_the_classes_seen(standard):
    assert f"At most {np.log(3):.3f} with 3 classes seen." in standard.words


def test_the_same_runs_give_the_same_page(tmp_path):
    runs = [run for run in some_runs() if run.seed < 2]
    first, second = (written(tmp_path, runs).markup for _ in range(2))
    assert first == second


def test_notes_and_the_level_to_reach_are_taken_over(tmp_path):
    notes = ["Seed 3 of <margin> failed."]
    page = written(tmp_path, some_runs(), notes=notes, reach=0.75, level=0.9)
    assert "Seed 3 of <margin> failed." in page.words
    assert "Labels until a score of 0.7500, the given level" in page.words
    assert page.tables[-1][0][6] == "90% interval"
    assert "of those between equals 10% are found better or worse" in page.words
    page = written(tmp_path, some_runs(), level=0.995)
    assert page.tables[-1][0][6] == "99.5% interval"
    assert "of those between equals 0.5% are found better or worse" in page.words
    assert "in a paired t test at 99.5%, each setting with" in page.words


# ------------------------------------------------------------- what it says it lacks


def test_one_seed_has_no_tests(tmp_path):
    page = written(tmp_path, some_runs(n_seeds=1))
    assert "A single seed: no standard errors, no intervals and no tests." in page.words
    assert "No penalty matrix: every setting was left out" in page.words
    assert "margin <&>: fewer than two repeats." in page.words
    assert page.tables[-1][2][5:9][1:] == ["", "", "one seed"]


def test_one_strategy_has_nothing_to_compare(tmp_path):
    page = written(tmp_path, some_runs(["random"]))
    assert "A single strategy: nothing to compare." in page.words
    assert "No penalty matrix: there is a single strategy." in page.words
    assert "No normalised errors: there is a single strategy." in page.words


def test_without_a_baseline_there_are_no_differences(tmp_path):
    page = written(tmp_path, some_runs(["margin", "badge"]))
    assert "No run here is of the baseline 'random': no differences." in page.words
    assert "No penalty matrix: no run is of the baseline 'random'" in page.words
    assert "No normalised errors: no run is of the baseline 'random'." in page.words
    assert not any("Δ" in cell for cell in page.tables[-1][0])
    with_budgets = written(tmp_path, some_runs(["margin", "badge"]), budgets=[20])
    assert "No penalty matrix" not in with_budgets.words


def test_a_baseline_missing_in_one_setting_is_said_there(tmp_path):
    runs = some_runs() + some_runs(["badge", "margin <&>"], settings=[("iris", 10)])
    page = written(tmp_path, runs)
    assert "iris, mlp, batches of 10: the whole setting: the baseline was" in page.words
    assert page.words.count("No run here is of the baseline 'random'") == 1


def test_a_strategy_that_could_not_lose_everywhere_is_named(tmp_path, standard):
    assert "could not lose in all" not in standard.words
    runs = some_runs() + some_runs(["random", "margin <&>"], settings=[("iris", 10)])
    page = written(tmp_path, runs)
    assert "could not lose in all: badge." in page.words


@pytest.mark.parametrize("labels", [np.linspace(0, 1, 50), np.arange(25.0, 75.0)])
def test_negative_scores_of_a_regression_are_taken(tmp_path, labels):
    runs = [
        Run(
            r.dataset,
            r.model,
            10,
            r.strategy,
            r.seed,
            BUDGET,
            r.score - 5,
            acquired=labels,
        )
        for r in some_runs()
    ]
    page = written(tmp_path, runs)
    assert "is no level below it; rule '002' takes a difference instead." in page.words
    assert "No normalised errors: no score is above 0" in page.words
    assert "No class entropy: the labels are numbers and no classes." in page.words
    assert "No query times: no run has them." in page.words
    assert page.tables[-1][1][-2:] == ["", ""]
    better = written(tmp_path, runs, perfect=0, budgets="002")
    assert "No normalised errors" not in better.words
    assert "No penalty matrix" not in better.words


def test_scores_above_the_best_are_said(tmp_path):
    page = written(tmp_path, some_runs(), perfect=0.5)
    assert re.search(r"No normalised errors: a run scores 0\.9\d*, above", page.words)


def test_runs_that_share_no_budget_or_seed_are_not_comparable(tmp_path):
    runs = [
        Run("d", "m", 5, "random", 0, [5], [0.5]),
        Run("d", "m", 5, "a", 0, [10], [0.5]),
        Run("d", "m", 5, "b", 7, [5], [0.5], acquired=np.zeros((5, 2))),
    ]
    page = written(tmp_path, runs)
    assert [row[8] for row in page.tables[-1][1:]] == [
        "baseline",
        *["not comparable"] * 2,
    ]
    assert "Runs end at 5 to 10 labels" in page.words
    assert "No class entropy: not all runs kept the labels they acquired." in page.words


def test_differences_are_taken_over_budgets_that_both_have(tmp_path):
    runs = [
        Run("d", "m", 5, "random", s, [5, 10, 15], [0.1, 0.2, 0.9]) for s in range(2)
    ] + [Run("d", "m", 5, "a", s, [5, 10], [0.1, 0.5]) for s in range(2)]
    row = written(tmp_path, runs).tables[-1][2]
    # 0.5 − 0.2 at 10 labels, and half of it over the curve from 5 to 10 labels.
    assert row[5:9] == ["+0.3000", "+0.3000 to +0.3000", "0.0000", "better"]
    assert row[9] == "+0.1500"


# ------------------------------------------------------------- files


def test_files_stand_beside_on_request(tmp_path):
    runs = some_runs(full=True)
    path = tmp_path / "new" / "page.html"
    paths = write_report(runs, path, title="T", png=True, csv=True)
    assert paths[0] == path
    assert sorted(path.parent.iterdir()) == sorted(paths)
    assert all(p.name.startswith("page-") for p in paths[1:])
    pictures = [p for p in paths if p.suffix == ".png"]
    assert len(pictures) == 7
    assert all(p.read_bytes().startswith(b"\x89PNG") for p in pictures)
    with (path.parent / "page-curves.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3 * 4 * 5
    assert float(rows[7]["score"]) == runs[1].score[2] and rows[7]["budget"] == "30"
    assert rows[4]["query_seconds"] == "" and rows[3]["query_seconds"] == "4"
    with (path.parent / "page-scores.csv").open(newline="") as file:
        scores = {row["strategy"]: row for row in csv.DictReader(file)}
    last = [[r.score[-1] for r in runs if r.strategy == n] for n in ("badge", "random")]
    found = paired_difference(*last)
    numbers = [
        float(scores["badge"][f"last_{name}"]) for name in ("n", "difference", "low")
    ]
    assert numbers == pytest.approx(found[:3])
    assert scores["random"]["last_n"] == ""
    with (path.parent / "page-penalties.csv").open(newline="") as file:
        *matrix, means = list(csv.reader(file))[1:]
    expected = penalty_matrix(runs)
    assert np.array([row[1:] for row in matrix], float) == pytest.approx(
        expected.matrix
    )
    assert means[0] == "column mean"


def test_the_page_alone_is_written_by_default(tmp_path):
    runs = some_runs(["random"])
    assert write_report(runs, tmp_path / "a.html", title="T") == [tmp_path / "a.html"]
    assert [p.name for p in tmp_path.iterdir()] == ["a.html"]


# ------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("changed", "error", "sentence"),
    [
        ({"runs": []}, ValueError, "'runs' parameter must hold at least one run"),
        ({"runs": ["run"]}, TypeError, "list of skactive.evaluation.Run. Got str"),
        ({"path": "report.pdf"}, ValueError, r"'path' parameter.*\.html.*report.pdf"),
        ({"level": 2}, ValueError, "'level' parameter.*Got 2"),
        ({"budgets": "001"}, ValueError, "'budgets' parameter.*Got '001'"),
        ({"perfect": None}, ValueError, "'perfect' parameter.*Got None"),
        ({"reach": np.nan}, ValueError, "'reach' parameter.*Got nan"),
        ({"notes": "one"}, TypeError, "'notes' parameter.*list of sentences"),
    ],
)
def test_bad_input_gets_one_sentence_and_no_file(tmp_path, changed, error, sentence):
    given = {"runs": some_runs(), "path": "report.html", "title": "T", **changed}
    given["path"] = tmp_path / given["path"]
    with pytest.raises(error, match=sentence):
        write_report(**given)
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match=r'pip install "skactive\[plot\]"'):
        write_report(some_runs(), tmp_path / "a.html", title="T")
    assert list(tmp_path.iterdir()) == []


def test_a_baseline_reaches_its_own_mean_last_score(tmp_path):
    # The mean of five times 39 / 45 is more than 39 / 45, by rounding.
    runs = [
        Run("d", "m", 10, name, seed, [10, 20], [0.5, 39 / 45])
        for name in ("random", "margin")
        for seed in range(5)
    ]
    assert np.mean([39 / 45] * 5) > 39 / 45
    (page, *_) = write_report(runs, tmp_path / "a.html", title="t", baseline="random")
    assert "reached by 0 of 5" not in page.read_text()

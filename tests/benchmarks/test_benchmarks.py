"""Rivals reproduce the published answers before they race."""

import math
import re

import pytest
from benchmarks import bench_scale
from benchmarks.bench_selection import main


def rows(text, title):
    block = text.split(title)[1].split("csv-table")[0]
    return {
        cells[0]: cells[1:]
        for line in block.splitlines()
        if (cells := re.findall(r'"([^"]*)"', line)) and ":header:" not in line
    }


@pytest.mark.slow
def test_core_set_rivals_take_the_same_points(capsys, golden):
    golden("coreset.npz")
    main(["core_set", "--check", "--threads", "1"])
    printed = capsys.readouterr().out
    found = rows(printed, "picks on the published inputs")
    assert {"skactive", "published form"} <= set(found)
    assert all(cells == ["100 of 100"] for cells in found.values())


@pytest.mark.slow
def test_badge_rivals_reach_the_published_potential(capsys, golden):
    golden("badge.npz")
    main(["badge", "--check", "--threads", "1"])
    found = rows(capsys.readouterr().out, "published inputs")
    # The published form draws as the published code did: the very same batches.
    assert found["published form"] == found["published"]
    mean, spread = map(float, found["published"])
    for name in ("skactive", "torch, matrix-vector"):
        assert abs(float(found[name][0]) - mean) < 3 * spread


@pytest.mark.slow
def test_batchbald_rival_takes_the_published_points(capsys, golden):
    golden("batchbald.npz")
    main(["batchbald", "--check", "--threads", "1"])
    found = rows(capsys.readouterr().out, "exact picks on the published inputs")
    assert len(found) == 3 and set(map(tuple, found.values())) == {("5 of 5",)}


@pytest.mark.slow
def test_the_posterior_variances_agree(capsys):
    main(["posterior_variance", "--check", "--threads", "1"])
    found = rows(capsys.readouterr().out, "Posterior variance, 500 rows")
    assert float(found["scikit-learn"][0]) < 1e-8


@pytest.mark.slow
def test_a_small_race(capsys):
    main(["core_set", "--scale", "500", "--threads", "1"])
    printed = capsys.readouterr().out
    assert "Measured with 1 threads" in printed and "Time grows as n" in printed


def test_unknown_benchmark(capsys):
    with pytest.raises(SystemExit):
        main(["bagde"])
    assert "no benchmark is called bagde" in capsys.readouterr().err


@pytest.mark.slow
def test_bait_rivals_take_the_published_points(capsys, golden):
    golden("bait_regression.npz")
    main(["bait", "--check", "--threads", "1"])
    printed = capsys.readouterr().out
    for title in ("regression: picks on", "classification: picks on"):
        found = rows(printed, title)
        assert len(found) >= 2
        for cells in found.values():
            same, of = map(int, cells[0].split(" of "))
            assert same == of


@pytest.mark.slow
def test_a_small_pool_on_workers(capsys, tmp_path):
    pytest.importorskip("distributed", reason="needs dask: pip install skactive[dask]")
    folder = ["--folder", str(tmp_path), "--threads", "2"]
    bench_scale.main(["kill", "--rows", "60000", *folder])
    found = rows(capsys.readouterr().out, "killed (SIGKILL)")
    assert set(found) == {"BADGE", "core-set"}
    for _, lost, picks in found.values():
        assert (lost, picks) == ("1", "1000 of 1000 the same")


@pytest.mark.slow
def test_growth_with_workers(capsys, tmp_path, monkeypatch):
    pytest.importorskip("distributed", reason="needs dask: pip install skactive[dask]")
    monkeypatch.setattr(bench_scale, "WORKERS", (1, 2))
    monkeypatch.setattr(bench_scale, "LARGE", ("badge",))
    folder = ["--folder", str(tmp_path), "--threads", "2"]
    bench_scale.main(["workers", "--rows", "60000", *folder])
    printed = capsys.readouterr().out
    cells = rows(printed, "idle round against workers")["BADGE"]
    assert len(cells) == 2
    for cell in cells:
        numbers, units = zip(*(part.split() for part in cell.split(", ")), strict=True)
        assert units == ("s", "GB", "ms") and min(map(float, numbers)) > 0
    power = printed.split("Grows with workers as the power")[1]
    exponents = re.findall(r'"BADGE", "(.+)", "(.+)"', power)
    assert [what for what, _ in exponents] == ["time", "memory", "an idle round"]
    assert all(math.isfinite(float(exponent)) for _, exponent in exponents)

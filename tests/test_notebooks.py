"""The gallery's notebooks, as the site offers them, run from above to below."""

import re
from pathlib import Path

import pytest

_EXTRA = 'pip install ".[notebooks]"'
nbformat = pytest.importorskip("nbformat", reason=_EXTRA)
nbclient = pytest.importorskip("nbclient", reason=_EXTRA)
gallery = pytest.importorskip("sphinx_gallery.notebook", reason=_EXTRA)

EXAMPLES = Path(__file__).parents[1] / "examples"
SAID = {
    "plot_labelling": [
        r"^True$",
        r"0\.[89]\d with 89 labels",
        r"^89 labels, 92 events",
    ],
    "plot_own_strategy": [r"^all checks passed$", r"dense doubt"],
}


@pytest.mark.slow
@pytest.mark.parametrize("name", SAID)
def test_example_runs_as_a_notebook(name, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    script = tmp_path / f"{name}.py"
    script.write_bytes((EXAMPLES / script.name).read_bytes())
    gallery.python_to_jupyter_cli([str(script)])
    notebook = nbformat.read(script.with_suffix(".ipynb"), as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=300, resources=resources).execute()

    outputs = [
        output
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    ]
    printed = "".join(o.text for o in outputs if o.output_type == "stream")
    for pattern in SAID[name]:
        assert re.search(pattern, printed, re.MULTILINE), printed
    assert any("image/png" in o.get("data", {}) for o in outputs)

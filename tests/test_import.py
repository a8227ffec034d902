import subprocess
import sys

BLOCKED = """
import sys
for name in (
    *("matplotlib", "pandas", "dask", "pyarrow", "pytest", "IPython"),
    *("ipywidgets", "anywidget", "skops"),
):
    sys.modules[name] = None  # importing it now raises
import skactive
"""


def test_importing_needs_none_of_the_extras():
    # scikit-learn imports pandas by itself where it is installed, so what counts is
    # that we do not.
    subprocess.run([sys.executable, "-c", BLOCKED], check=True, timeout=120)


def test_public_names_are_all_there():
    import skactive

    for name in skactive.__all__:
        assert getattr(skactive, name).__doc__

"""How the site is built: see README.md in this folder."""

import importlib
import inspect
import re
import shutil
import warnings
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

import skactive
from skactive import inspection

# Two threads that wait for each other on a busy machine take ten times as long.
torch.set_num_threads(1)
threadpool_limits(1)
HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"

project = "skactive"
author = "The skactive developers"
copyright = author
version = release = skactive.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "_gallery", "gallery_header.rst", "README.md"]
default_role = "py:obj"
nitpicky = True
# The gallery's settings hold an object that cannot be pickled: built anew each time.
suppress_warnings = ["config.cache"]

# ------------------------------------------------------------------ the API

# Each object has one page: in the first module of api.rst that has it in __all__.
MODULES = re.findall(
    r"^   (skactive[\w.]*)$", (HERE / "api.rst").read_text(), flags=re.MULTILINE
)


def public(module):
    """Give the public names of a module: __all__, or what is defined in it."""
    names = getattr(module, "__all__", None)
    if names is not None:
        return sorted(names)
    return sorted(
        name
        for name, thing in vars(module).items()
        if not name.startswith("_")
        and callable(thing)
        and getattr(thing, "__module__", None) == module.__name__
    )


def listing():
    """Give the names to be documented, by module."""
    seen, found = set(), {}
    for path in MODULES:
        module = importlib.import_module(path)
        things = {name: getattr(module, name) for name in public(module)}
        found[path] = [
            name
            for name, thing in things.items()
            if callable(thing) and id(thing) not in seen
        ]
        seen.update(id(thing) for thing in things.values())
    return found


LISTING = listing()
PAGES = {}  # full names by short ones; None where two objects share a name
for _module, _names in LISTING.items():
    for _name in _names:
        PAGES[_name] = None if _name in PAGES else f"{_module}.{_name}"
autosummary_generate = True
autosummary_generate_overwrite = True
autosummary_context = {"listing": LISTING}
autodoc_typehints = "none"
autodoc_member_order = "bysource"
autoclass_content = "class"
numpydoc_show_class_members = False
toc_object_entries_show_parents = "hide"  # the side bar is narrow
numpydoc_xref_param_type = False


def skip_foreign(app, what, name, thing, skip, options):
    """Leave out what scikit-learn, skorch and torch add to our classes."""
    thing = getattr(thing, "fget", None) or getattr(thing, "fn", None) or thing
    module = getattr(inspect.unwrap(thing), "__module__", None) or ""
    return skip or not module.startswith("skactive")


def resolve_backticks(app, env, node, contnode):
    """
    Find what a docstring means by single backticks: ours, or a parameter.

    Explicit roles (``:class:`` and so on) stay strict.
    """
    if node.get("reftype") != "obj":
        return None
    target = node["reftarget"]
    full = PAGES.get(target)
    if full is not None:
        domain = env.domains["py"]
        return domain.resolve_xref(
            env, node["refdoc"], app.builder, "obj", full, node, contnode
        )
    return contnode if target.isidentifier() and target not in PAGES else None


# Else autodoc writes one signature for each class of models that is registered.
for _question in (
    inspection.embed,
    inspection.predict_proba,
    inspection.sample_posterior,
):
    _question.dispatch.__module__ = inspection.__name__


# -------------------------------------------------------------- the gallery

ORDER = [
    "plot_first_loop.py",
    "plot_catastrophe.py",
    "plot_badge_gradients.py",
    "plot_core_sets.py",
    "plot_fair_comparison.py",
    "plot_own_strategy.py",
    "plot_labelling.py",
]


def gather_examples():
    """Copy the scripts beside the gallery's heading; forget those that are gone."""
    target = HERE / "_gallery"
    target.mkdir(exist_ok=True)
    for old in target.iterdir():
        old.unlink() if old.is_file() else shutil.rmtree(old)
    shutil.copy2(HERE / "gallery_header.rst", target / "GALLERY_HEADER.rst")
    for path in [*EXAMPLES.glob("plot_*.py"), *EXAMPLES.glob("*.toml")]:
        shutil.copy2(path, target)


class FirstThingsFirst:
    """Order of the examples: the named ones, then the others by name."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, name):
        place = ORDER.index(name) if name in ORDER else len(ORDER)
        return place, name


gather_examples()
warnings.filterwarnings("ignore", "FigureCanvasAgg is non-interactive")
sphinx_gallery_conf = {
    "examples_dirs": "_gallery",
    "gallery_dirs": "auto_examples",
    "within_subsection_order": FirstThingsFirst,
    "abort_on_example_error": True,
    "only_warn_on_example_error": False,
    "remove_config_comments": True,
    "write_computation_times": False,
    "show_signature": False,
    "thumbnail_size": (400, 280),
    "image_srcset": ["2x"],
    "download_all_examples": True,
}

# ----------------------------------------------------------------- the page

html_theme = "pydata_sphinx_theme"
html_title = "skactive"
html_static_path = ["_static"]
html_css_files = ["skactive.css"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "logo": {"text": "skactive"},
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "navbar_end": ["theme-switcher"],
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "show_toc_level": 2,
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars = {
    name: [] for name in ("index", "getting_started", "extending", "whats_new")
}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True


def setup(app):
    """Hook in what has no option."""
    app.connect("autodoc-skip-member", skip_foreign)
    app.connect("missing-reference", resolve_backticks)

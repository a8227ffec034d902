"""The part of the widget that lives in the browser, and its traits."""

import functools
from pathlib import Path

_HERE = Path(__file__).parent


@functools.cache
def panel_class():
    """
    Give the class of the panel, which needs the packages of the extra ``labeling``.

    Returns
    -------
    type
        A subclass of ``anywidget.AnyWidget``.

    Raises
    ------
    ImportError
        ipywidgets or anywidget is missing.
    """
    try:
        import anywidget
        import traitlets
    except ImportError as error:
        raise ImportError(
            "The labelling widget needs ipywidgets and anywidget. Install them: pip "
            'install "skactive[labeling]".'
        ) from error

    class LabelingPanel(anywidget.AnyWidget):
        _esm = (_HERE / "panel.js").read_text(encoding="utf-8")
        _css = (_HERE / "panel.css").read_text(encoding="utf-8")
        classes = traitlets.List().tag(sync=True)
        item = traitlets.Dict().tag(sync=True)
        stage = traitlets.Dict().tag(sync=True)
        curve = traitlets.Dict().tag(sync=True)

    return LabelingPanel

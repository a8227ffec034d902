"""Estimators that say so when another version of this library has kept them."""

import functools
import warnings
from importlib.metadata import version

from skactive.exceptions import OtherVersionWarning

_KEY = "_skactive_version"


class Versioned:
    """Mixin: pickles carry the version, and warn when another one opens them."""

    def __getstate__(self):
        """Add the version to what is kept."""
        return {**super().__getstate__(), _KEY: _current()}

    def __setstate__(self, state):
        """Take the state; warn if another version has kept it."""
        state = dict(state)
        kept = state.pop(_KEY, "unknown")
        if kept != _current():
            warnings.warn(
                f"{type(self).__name__} was kept by skactive {kept} and is opened by "
                f"{_current()}: it may answer otherwise or break. Fit it anew, or open "
                f"it with the version that kept it.",
                OtherVersionWarning,
                stacklevel=2,
            )
        super().__setstate__(state)


@functools.cache
def _current():
    return version("skactive")

"""A labelling widget for notebooks; it needs the extra ``labeling`` when it is made."""

from skactive.labeling.widget.labeling_widget import LabelingWidget

__all__ = ["LabelingWidget"]

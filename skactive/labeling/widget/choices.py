"""The classes of the widget: their labels, their names and their keys."""

from skactive.labeling.values import check_label


def check_choices(classes, declared):
    """
    Check the classes to choose from.

    Parameters
    ----------
    classes : array-like, dict or None
        Labels, or labels and their names; None takes those declared.
    declared : list or None
        The labels that the store takes; None where it takes any.

    Returns
    -------
    labels : list of str, bool, int or float
        What is stored, in the order of the buttons.
    names : list of str
        What stands on the buttons.
    """
    given = declared if classes is None else classes
    if given is None:
        raise ValueError(
            "The 'classes' parameter of LabelingWidget must list the labels, because "
            "the session declares none. Give them here, or to the session."
        )
    if isinstance(given, str) or not hasattr(given, "__iter__"):
        raise TypeError(
            "The 'classes' parameter of LabelingWidget must be a list of labels, or a "
            f"dict of labels and names. Got {given!r} instead."
        )
    labels = [check_label(label) for label in given]
    names = [str(n) for n in (given.values() if isinstance(given, dict) else labels)]
    if not labels or len(set(labels)) < len(labels) or len(set(names)) < len(names):
        raise ValueError(
            "The 'classes' parameter of LabelingWidget must have distinct labels and "
            f"names, one or more. Got {given!r} instead."
        )
    foreign = [label for label in labels if declared and label not in declared]
    if foreign:
        raise ValueError(
            f"The 'classes' parameter of LabelingWidget has {foreign}, which the store "
            f"does not take: its classes are {declared}. Leave them out, or declare "
            "them with store.declare_classes."
        )
    return labels, names


def keys_of(names):
    """
    Give each class a key.

    Parameters
    ----------
    names : list of str
        What stands on the buttons.

    Returns
    -------
    list of str
        If the names are digits, each its own; else 1 to 9, then 0, then none ("").
    """
    if all(len(name) == 1 and name in "0123456789" for name in names):
        return list(names)
    keys = [*"1234567890"][: len(names)]
    return keys + [""] * (len(names) - len(keys))

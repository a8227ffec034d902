"""Tasks and annotations of Label Studio, in the form its servers read and write."""

import json
from pathlib import Path
from xml.sax.saxutils import quoteattr

from skactive.labeling.importing import (
    FileAnswer,
    import_answers,
    read_answers,
    whole_file,
)
from skactive.labeling.values import check_time, from_text, is_word

_KEY = "skactive_key"  # beside the user's data: comes back from a server as it was
_TAGS = {"text": "Text", "image": "Image", "audio": "Audio", "html": "HyperText"}


def export_label_studio(
    store,
    path,
    *,
    data="text",
    control="label",
    unlabeled=True,
    predictions=None,
    model_version="skactive",
):
    """
    Write items and labels as tasks of Label Studio.

    Parameters
    ----------
    store : LabelStore
        The store. A payload that is a dict becomes the task's ``data`` as it is; any
        other, or the key where there is none, stands in ``data`` under the name that
        the ``data`` parameter gives.
    path : str or Path
        The file, to be imported into a project; one of this name is replaced.
    data : str, default="text"
        Name under which the labelling configuration finds text, address of the image,
        and so on: the part after ``$`` in ``value="$text"``.
    control : str, default="label"
        Name of the ``Choices`` tag in the configuration.
    unlabeled : bool, default=True
        Whether items without an answer are written too: the work to be done.
    predictions : dict or None, default=None
        For the keys of some items ``(label, score)``: what a model thinks, to be shown
        to the annotators.
    model_version : str, default="skactive"
        Name of that model.

    Notes
    -----
    Labels become texts, as choices are. A skipped item becomes a cancelled annotation.
    What the label was and who gave it stand in the task's ``meta``; not in
    ``completed_by``, where a server takes members of its own only and refuses the whole
    file otherwise.
    """
    predictions = {} if predictions is None else dict(predictions)
    tasks = []
    for row in read_answers(store, unlabeled):
        values = _data(row, data)
        task = {"data": {**values, _KEY: row["key"]}}
        if row["annotator"] is not None:
            task["annotations"] = [_annotation(row, control, data)]
            told = ("label", "annotator", "at", "strategy", "round")
            task["meta"] = {name: row[name] for name in told}
        if row["key"] in predictions:
            label, score = predictions[row["key"]]
            result = [_choice(label, control, data)]
            task["predictions"] = [
                {
                    "model_version": model_version,
                    "score": float(score),
                    "result": result,
                }
            ]
        tasks.append(task)
    with whole_file(Path(path)) as file:
        json.dump(tasks, file, ensure_ascii=False, indent=1)


def import_label_studio(
    store, path, *, control=None, key=None, annotator=None, add_items=False
):
    """
    Read labels from an export of Label Studio in the format "JSON", all or none.

    Parameters
    ----------
    store : LabelStore
        The store.
    path : str or Path
        The file: a list of tasks with ``data`` and ``annotations``. Of several
        annotations of a task the latest one counts (the last one, unless all tell their
        time), and those before stand in the history. A cancelled annotation is a skip;
        drafts and predictions are no labels.
    control : str or None, default=None
        Name of the ``Choices`` tag to read; needed where a task has several.
    key : str or None, default=None
        Name in ``data`` of what is the item's key. None takes the key that
        ``export_label_studio`` wrote.
    annotator : str or None, default=None
        Who, where the file does not tell; None is the annotator of the store.
    add_items : bool, default=False
        Whether items that the store does not have are added, with ``data`` as their
        payload; else they are errors.

    Returns
    -------
    ImportReport
        How many labels were new, revised or there already.

    Raises
    ------
    ValueError
        A task cannot be imported, and is named by its number; or the file is of
        another format.

    Notes
    -----
    Choices are texts. They become the store's declared classes or present labels that
    are written like this, and numbers where the store's labels are numbers. A store
    without either takes both from the file, where ``export_label_studio`` told them.
    """
    path = Path(path)
    try:
        tasks = json.loads(path.read_text(encoding="utf-8-sig"))
    except (UnicodeDecodeError, ValueError) as error:
        raise ValueError(f"{path} is no JSON file: {error}.") from error
    if not isinstance(tasks, list):
        raise ValueError(
            f"{path} holds no list of tasks. Export from Label Studio in the format "
            "JSON."
        )
    known = store.classes or list(store.labels().values()) or _labels_told(tasks)
    answers = _answers(tasks, control, key or _KEY, known)
    return import_answers(
        store,
        path,
        answers,
        annotator=annotator,
        add_items=add_items,
        unit="task",
    )


def label_studio_config(classes, *, data="text", control="label", tag="text"):
    """
    Give the labelling configuration that goes with the exported tasks.

    Parameters
    ----------
    classes : array-like of shape (n_classes,)
        The labels there are.
    data : str, default="text"
        As in ``export_label_studio``.
    control : str, default="label"
        As in ``export_label_studio``.
    tag : {"text", "image", "audio", "html"}, default="text"
        What is shown.

    Returns
    -------
    str
        XML, to be pasted into the project's settings.

    Examples
    --------
    >>> from skactive.labeling import label_studio_config
    >>> print(label_studio_config(["cat", "dog"], data="image", tag="image"))
    <View>
      <Image name="image" value="$image"/>
      <Choices name="label" toName="image" choice="single">
        <Choice value="cat"/>
        <Choice value="dog"/>
      </Choices>
    </View>
    """
    if tag not in _TAGS:
        raise ValueError(
            f"The 'tag' parameter must be one of {tuple(_TAGS)}. Got {tag!r} instead."
        )
    shown, name = quoteattr(data), quoteattr(control)
    lines = [
        "<View>",
        f"  <{_TAGS[tag]} name={shown} value={quoteattr('$' + data)}/>",
        f'  <Choices name={name} toName={shown} choice="single">',
        *(f"    <Choice value={quoteattr(str(label))}/>" for label in classes),
        "  </Choices>",
        "</View>",
    ]
    return "\n".join(lines)


def _data(row, name):
    payload = row["payload"]
    if isinstance(payload, dict):
        return payload
    return {name: str(row["key"]) if payload is None else payload}


def _choice(label, control, data):
    return {
        "from_name": control,
        "to_name": data,
        "type": "choices",
        "value": {"choices": [str(label)]},
    }


def _annotation(row, control, data):
    return {
        "result": [] if row["skipped"] else [_choice(row["label"], control, data)],
        "was_cancelled": row["skipped"],
        "ground_truth": False,  # a server takes annotations without it for the truth
    }


def _labels_told(tasks):
    """Labels as they were before they became choices."""
    metas = (task.get("meta") for task in tasks if isinstance(task, dict))
    told = (meta.get("label") for meta in metas if isinstance(meta, dict))
    return [label for label in told if isinstance(label, str | bool | int | float)]


def _answers(tasks, control, key, known):
    words = {str(label): label for label in known}
    are_numbers = bool(known) and not is_word(known[0])
    for number, task in enumerate(tasks, start=1):
        try:
            yield from _task_answers(number, task, control, key, words, are_numbers)
        except _WrongTaskError as error:
            yield FileAnswer(number, problem=str(error))


class _WrongTaskError(Exception):
    """A task that cannot be read."""


def _task_answers(number, task, control, key, words, are_numbers):
    if not isinstance(task, dict) or not isinstance(task.get("data"), dict):
        raise _WrongTaskError(
            "it has no 'data'; of Label Studio's formats only JSON is read, not "
            "JSON_MIN"
        )
    data = dict(task["data"])
    if key not in data:
        raise _WrongTaskError(
            f"its data have no {key!r}; tell in the 'key' parameter which of "
            f"{sorted(data)} is the key"
        )
    told = {"key": data[key], "payload": _payload(data)}
    annotations = task.get("annotations") or []
    if not isinstance(annotations, list):
        raise _WrongTaskError("its annotations are no list")
    if not annotations:
        yield FileAnswer(number, **told)
    for annotation in _by_time(annotations):
        if not isinstance(annotation, dict):
            raise _WrongTaskError("an annotation is no object (only its number?)")
        who = _who(annotation.get("completed_by"))
        meta = task.get("meta")
        ours = meta if isinstance(meta, dict) and who is None else {}
        given = {
            **told,
            "annotator": who or ours.get("annotator"),
            "at": _time(annotation) or ours.get("at"),
            "strategy": ours.get("strategy"),
            "round": ours.get("round"),
        }
        if annotation.get("was_cancelled"):
            yield FileAnswer(number, skipped=True, **given)
            continue
        text = _chosen(annotation.get("result"), control)
        label = words.get(text, from_text(text) if are_numbers and text else text)
        yield FileAnswer(number, label=label, **given)


def _time(annotation):
    return annotation.get("updated_at") or annotation.get("created_at")


def _by_time(annotations):
    try:
        return sorted(annotations, key=lambda one: check_time(_time(one)))
    except (AttributeError, TypeError, ValueError):  # one tells none, or none that is
        return annotations


def _payload(data):
    rest = {name: value for name, value in data.items() if name != _KEY}
    return rest or None


def _chosen(result, control):
    """Find the one choice of an annotation; None where the annotator chose none."""
    if not isinstance(result, list):
        raise _WrongTaskError("an annotation has no 'result'")
    found = {}
    for part in result:
        if isinstance(part, dict) and part.get("type") == "choices":
            name = part.get("from_name")
            if control is None or name == control:
                value = part.get("value")
                choices = value.get("choices") if isinstance(value, dict) else None
                found.setdefault(name, []).extend(choices or [])
    if len(found) > 1:
        raise _WrongTaskError(
            f"it has choices of {sorted(map(str, found))}; tell in the 'control' "
            "parameter which one is the label"
        )
    choices = next(iter(found.values()), [])
    if len(choices) > 1 or not all(isinstance(choice, str) for choice in choices):
        raise _WrongTaskError(f"it has the choices {choices}; one label is taken only")
    return choices[0] if choices else None


def _who(completed_by):
    """Name the annotator: a number in exports, an object with an address in others."""
    if isinstance(completed_by, dict):
        completed_by = completed_by.get("email") or completed_by.get("id")
    if completed_by is None:
        return None
    if isinstance(completed_by, str):
        return completed_by
    return f"Label Studio user {completed_by}"

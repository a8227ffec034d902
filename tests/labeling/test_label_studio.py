"""Tasks and annotations of Label Studio."""

import json
from xml.etree import ElementTree

import pytest

from skactive.labeling import (
    LabelStore,
    export_label_studio,
    import_label_studio,
    label_studio_config,
)


def choice(label, name="label"):
    return {
        "id": "Dx_aB91ISN",
        "from_name": name,
        "to_name": "text",
        "type": "choices",
        "origin": "manual",
        "value": {"choices": [label]},
    }


def exported(key, *annotations, **more):
    """Give a task as a server writes it, in the format JSON."""
    return {
        "id": 1041,
        "inner_id": 3,
        "project": 83,
        "file_upload": "0-tasks.json",
        "created_at": "2021-03-09T21:52:49.513742Z",
        "updated_at": "2021-03-09T22:16:08.746926Z",
        "data": {"text": "…", "skactive_key": key},
        "meta": {},
        "drafts": [],
        "predictions": [],
        "annotations": list(annotations),
        **more,
    }


def annotation(*result, by=10, at="2021-03-09T22:16:08.728378Z", **more):
    return {
        "id": 1001,
        "completed_by": by,
        "result": list(result),
        "was_cancelled": False,
        "ground_truth": False,
        "created_at": at,
        "updated_at": at,
        "lead_time": 4.288,
        "result_count": 1,
        "task": 1041,
        **more,
    }


@pytest.fixture
def read(store, tmp_path):
    def read(*tasks, **options):
        path = tmp_path / "export.json"
        path.write_text(json.dumps(tasks))
        return import_label_studio(store, path, **options)

    return read


# ------------------------------------------------------------------- there and back


@pytest.mark.parametrize("labels", [["cat", "3"], [3, 4], [0.5, 2], [True, False]])
def test_a_round_trip_changes_nothing(store, tmp_path, labels):
    for key, label in zip("ab", labels, strict=True):
        store.submit(key, label, annotator="bob")
    store.skip("c")
    path = tmp_path / "tasks.json"
    export_label_studio(store, path)
    before = store.history()
    assert import_label_studio(store, path).n_unchanged == 3
    assert store.history() == before

    with LabelStore(tmp_path / "other.db", annotator="eve") as other:
        other.declare_classes(labels)
        assert import_label_studio(other, path, add_items=True).n_new == 3
        assert repr(other.labels()) == repr(store.labels())
        assert other.skipped() == ["c"] and other.keys() == ["a", "b", "c", "d"]
        assert other.payload("d") == {"text": "d"}
        assert [(e.annotator, e.at) for e in other.history()] == [
            (e.annotator, e.at) for e in before
        ]


@pytest.mark.parametrize("labels", [[3, 4], [0.5, 2], [True, False], ["3", "cat"]])
def test_a_new_store_gets_numbers_as_numbers(store, tmp_path, labels):
    for key, label in zip("ab", labels, strict=True):
        store.submit(key, label)
    store.skip("c")
    export_label_studio(store, tmp_path / "tasks.json")
    with LabelStore(tmp_path / "other.db", annotator="eve") as other:
        import_label_studio(other, tmp_path / "tasks.json", add_items=True)
        assert repr(other.labels()) == repr(store.labels())


def test_the_tasks_are_what_a_server_takes(store, tmp_path):
    store.add_items(["e"], [{"image": "https://example.com/e.png", "page": 3}])
    store.submit("e", "cat", annotator="bob")
    path = tmp_path / "tasks.json"
    predictions = {"d": ("dog", 0.75)}
    export_label_studio(
        store, path, data="image", control="animal", predictions=predictions
    )
    tasks = json.loads(path.read_text())
    assert [task["data"]["skactive_key"] for task in tasks] == list("abcde")
    assert tasks[0] == {"data": {"image": "a", "skactive_key": "a"}}
    result = {"from_name": "animal", "to_name": "image", "type": "choices"}
    assert tasks[3]["predictions"] == [
        {
            "model_version": "skactive",
            "score": 0.75,
            "result": [{**result, "value": {"choices": ["dog"]}}],
        }
    ]
    assert tasks[4]["data"]["image"] == "https://example.com/e.png"
    assert tasks[4]["data"]["page"] == 3
    assert tasks[4]["annotations"] == [
        {
            # Without completed_by: servers refuse names that they do not know.
            "result": [{**result, "value": {"choices": ["cat"]}}],
            "was_cancelled": False,
            "ground_truth": False,
        }
    ]
    export_label_studio(store, path, unlabeled=False)
    assert len(json.loads(path.read_text())) == 1


def test_the_configuration_names_what_the_tasks_name():
    config = label_studio_config(["a<b", 'say "x"'], data="txt", control="kind")
    view = ElementTree.fromstring(config)
    (text,) = view.findall("Text")
    (choices,) = view.findall("Choices")
    assert text.attrib == {"name": "txt", "value": "$txt"}
    assert choices.attrib == {"name": "kind", "toName": "txt", "choice": "single"}
    assert [tag.attrib["value"] for tag in choices] == ["a<b", 'say "x"']
    with pytest.raises(ValueError, match="'tag' parameter must be one of"):
        label_studio_config(["a", "b"], tag="video")


# ------------------------------------------------------------------- a server's export


def test_an_export_of_a_server_is_imported(store, read):
    report = read(
        exported("a", annotation(choice("cat"))),
        exported("b", annotation(was_cancelled=True, by={"email": "b@example.com"})),
        exported("c"),
        exported("d", annotation(choice("dog"), by=None)),
    )
    assert report.n_new == 3
    assert store.labels() == {"a": "cat", "d": "dog"} and store.skipped() == ["b"]
    events = store.history()
    who = ["Label Studio user 10", "b@example.com", "ada"]
    assert [event.annotator for event in events] == who
    assert events[0].at == "2021-03-09T22:16:08.728+00:00"
    assert {event.source for event in events} == {"export.json"}


def test_several_annotations_of_a_task_are_a_history(store, read):
    task = exported(
        "a",
        annotation(choice("cat"), by=1),
        annotation(choice("dog"), by=2, at="2021-03-10T10:00:00Z"),
    )
    report = read(task)
    assert (report.n_new, report.n_revised) == (1, 1)
    assert [event.label for event in store.history("a")] == ["cat", "dog"]
    assert read(task).n_unchanged == 2
    assert store.labels() == {"a": "dog"}


def test_the_latest_annotation_counts_in_whatever_order(store, read):
    late = annotation(choice("dog"), by=2, at="2021-03-10T10:00:00Z")
    early = annotation(choice("cat"), by=1, at="2021-03-10T11:30:00+02:00")
    read(exported("a", late, early))
    assert store.labels() == {"a": "dog"}
    untimed = [{**early, "created_at": None, "updated_at": None}]
    read(exported("b", late, *untimed))  # here only the order is known
    assert store.labels()["b"] == "cat"


def test_choices_become_the_labels_of_the_store(store, read):
    store.submit("d", 7)
    read(exported("a", annotation(choice("7"))), exported("b", annotation(choice("8"))))
    assert store.labels() == {"a": 7, "b": 8, "d": 7}


def test_own_data_may_hold_the_key(store, read):
    task = exported(None, annotation(choice("cat")))
    task["data"] = {"file": "a", "text": "…"}
    read(task, key="file")
    assert store.labels() == {"a": "cat"}


def test_one_of_several_controls_is_read(store, read):
    task = exported("a", annotation(choice("cat"), choice("sharp", "quality")))
    with pytest.raises(ValueError, match=r"choices of \['label', 'quality'\]; tell in"):
        read(task)
    read(task, control="quality")
    assert store.labels() == {"a": "sharp"}


def test_other_results_and_predictions_are_no_labels(store, read):
    box = {"type": "rectanglelabels", "value": {"rectanglelabels": ["x"]}}
    prediction = {"model_version": "m", "result": [choice("cat")]}
    assert read(exported("a", annotation(box), predictions=[prediction])).n_new == 0
    assert store.history() == []


BAD_TASKS = {
    "JSON_MIN": ({"id": 1, "text": "…", "label": "cat"}, "it has no 'data'.*JSON_MIN"),
    "no key": ({"data": {"text": "…"}}, r"no 'skactive_key'; tell.*\['text'\]"),
    "unknown key": (exported("z", annotation(choice("x"))), "no item .* key 'z'"),
    "two choices": (
        exported("a", annotation({**choice("x"), "value": {"choices": ["x", "y"]}})),
        r"the choices \['x', 'y'\]; one label is taken only",
    ),
    "nested": (
        exported("a", annotation({**choice("x"), "value": {"choices": [["x", "y"]]}})),
        "one label is taken only",
    ),
    "numbers only": (exported("a", 1001), "an annotation is no object"),
    "no result": (exported("a", {"was_cancelled": False}), "has no 'result'"),
    "no list": (exported("a", annotations=3), "annotations are no list"),
    "no task": (7, "it has no 'data'"),
}


@pytest.mark.parametrize(("task", "told"), BAD_TASKS.values(), ids=BAD_TASKS)
def test_a_bad_task_is_named_and_nothing_imported(store, read, task, told):
    good = exported("b", annotation(choice("cat")))
    with pytest.raises(ValueError, match=rf"Nothing of .*\(task 2: .*{told}"):
        read(good, task)
    assert store.history() == []


@pytest.mark.parametrize(
    ("text", "told"), [("{}", "holds no list of tasks"), ("key,label", "no JSON file")]
)
def test_another_file_is_told(store, tmp_path, text, told):
    (tmp_path / "other.txt").write_text(text)
    with pytest.raises(ValueError, match=told):
        import_label_studio(store, tmp_path / "other.txt")

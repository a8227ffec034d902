"""The widget end to end, in a browser: clicks and keys in three kinds of notebook."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

import pytest
from sklearn.datasets import load_digits

from skactive import MarginSampling
from skactive.labeling import LabelingSession, LabelStore

playwright = pytest.importorskip(
    "playwright.sync_api", reason='pip install ".[notebooks]"'
)
pytestmark = pytest.mark.slow
WIDGET = ".skactive-labeling"
IDLE = ".jp-Notebook-ExecutionIndicator[data-status=idle]"
FRONTS = {
    "jupyterlab": "lab/tree/label.ipynb?reset",
    "notebook": "notebooks/label.ipynb",
    "voila": "",
}
NAMES = ("chromium", "chromium-browser", "google-chrome")
X, Y = load_digits(return_X_y=True)

OPEN = """
import os
from pathlib import Path

Path("kernel.pid").write_text(str(os.getpid()))
from sklearn.datasets import load_digits

from skactive import MarginSampling
from skactive.labeling import LabelingSession, LabelingWidget

X, y = load_digits(return_X_y=True)
session = LabelingSession(
    MarginSampling(), X[:300], "labels.db", batch_size=5, classes=range(10),
    annotator="ada", random_state=0, score_on=(X[1000:], y[1000:]),
)
LabelingWidget(session, image_shape=(8, 8))
"""
SHOW = """
import ipywidgets

names = {"cat": "Cat", "dog": "Dog <b>"}
pool = [[float(k)] for k in range(6)]
others = LabelingSession(
    MarginSampling(), pool, "others.db", classes=list(names), annotator="ada", initial=6
)

def show(position):
    if position == others.next_batch()[0] and others.store.n_labeled == 0:
        return ipywidgets.HTML("<em>a widget within</em>")
    raise OSError("the disk with the pictures is not there")

LabelingWidget(others, show=show, classes=names)
"""


@pytest.fixture(scope="module")
def browser():
    named = os.environ.get("SKACTIVE_BROWSER")
    if named and shutil.which(named) is None:
        pytest.fail(f"SKACTIVE_BROWSER is {named}, which is no program")
    found = [path for path in map(shutil.which, [named] if named else NAMES) if path]
    if not found:
        pytest.skip(f"no browser: set SKACTIVE_BROWSER, or install one of {NAMES}")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found[0])
        yield browser
        browser.close()


@pytest.fixture(params=FRONTS)
def front(request):
    """What shows the notebook."""
    pytest.importorskip(request.param, reason=f"pip install {request.param}")
    return request.param


@pytest.fixture
def served(front, tmp_path_factory):
    """A server of its own with a notebook; gives the folder and the address."""
    folder, own = tmp_path_factory.mktemp("notebook"), tmp_path_factory.mktemp("own")
    cells = [
        {"cell_type": "code", "id": f"cell-{k}", "source": source.strip()}
        | {"metadata": {}, "outputs": [], "execution_count": None}
        for k, source in enumerate((OPEN, SHOW))
    ]
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook = {"nbformat": 4, "nbformat_minor": 5, "cells": cells}
    notebook["metadata"] = {"kernelspec": kernel}
    (folder / "label.ipynb").write_text(json.dumps(notebook))
    settings = own / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        **os.environ,
        "JUPYTER_CONFIG_DIR": str(own / "config"),
        "JUPYTER_DATA_DIR": str(own / "data"),
        "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
        "IPYTHONDIR": str(own / "ipython"),
        "OMP_NUM_THREADS": "1",
    }
    with open(own / "log", "w") as log:
        server = subprocess.Popen(
            _command(front, port, folder),
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait_for(port, server, own / "log")
        yield folder, f"http://127.0.0.1:{port}/{FRONTS[front]}"
    finally:
        for path in folder.glob("kernel.pid"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(path.read_text()), signal.SIGKILL)
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()


def _command(front, port, folder):
    command = [sys.executable, "-m", front, "--no-browser"]
    if front == "voila":
        return [*command, "label.ipynb", f"--port={port}", "--Voila.ip=127.0.0.1"]
    command += [f"--ServerApp.port={port}", "--ServerApp.ip=127.0.0.1", "--allow-root"]
    command += [f"--ServerApp.root_dir={folder}", "--IdentityProvider.token="]
    return [*command, "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]


def _wait_for(port, server, log):
    end = time.monotonic() + 90
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        time.sleep(0.3)
    pytest.fail(f"The server did not start: {log.read_text()}")


class Person:
    """Does what a person does, and waits for what a person waits for."""

    def __init__(self, browser, front, served):
        self.front = front
        self.folder, self.address = served
        self.page = browser.new_page(viewport={"width": 1100, "height": 1000})
        self.page.set_default_timeout(60_000)
        self.widget = self.page.locator(WIDGET)

    def open_notebook(self):
        for name in ("kernel.pid", "others.db"):  # what a cell writes tells that it ran
            (self.folder / name).unlink(missing_ok=True)
        self.page.goto(self.address)
        if self.front != "voila":
            self.page.locator(IDLE).wait_for()

    def run_cell(self, k, writes):
        """Run a cell, seen by the file it writes: Jupyter may not listen yet."""
        written, cell = self.folder / writes, self.page.locator(".jp-CodeCell").nth(k)
        prompt, end = cell.locator(".jp-InputPrompt"), time.monotonic() + 90
        while not written.exists():
            assert time.monotonic() < end, "the cell does not run"
            # Voilà has run them all.
            if self.front != "voila" and prompt.inner_text() != "[*]:":
                cell.locator(".cm-content").click()
                self.page.keyboard.press("Control+Enter")
            self.page.wait_for_timeout(1000)
        self.widget = self.page.locator(WIDGET).nth(k)
        self.widget.wait_for()

    def row(self):
        """Which row is shown."""
        told = self.widget.get_by_text(re.compile(r"Now row \d+\."))
        told.wait_for()
        return int(re.search(r"Now row (\d+)\.", told.inner_text())[1])

    def sees(self, text):
        self.widget.get_by_text(text).wait_for()

    def click(self, name):
        self.widget.get_by_role("button", name=name, exact=True).click()

    def answer(self, by):
        """Label what is shown, and find it on the disk as soon as it is said saved."""
        row = self.row()
        name = str(Y[row])
        if by == "click":
            self.click(name)
        for _ in range({"click": 0, "key": 1, "held key": 4}[by]):
            self.page.keyboard.down(name)
            self.page.wait_for_timeout(100)
        self.page.keyboard.up(name)
        self.sees(f"Saved: row {row} is {name}.")
        assert self.labels()[row] == Y[row]
        return row

    def labels(self):
        with LabelStore(self.folder / "labels.db", annotator="test") as store:
            return store.labels()

    def batch(self):
        """What a session of the same person is asked for."""
        with LabelingSession(
            MarginSampling(), X[:300], self.folder / "labels.db", annotator="ada"
        ) as session:
            return session.next_batch().tolist()


@pytest.fixture
def person(browser, front, served):
    person = Person(browser, front, served)
    yield person
    person.page.close()


def test_ten_digits_by_keys_and_clicks_through_a_killed_kernel(person):
    person.open_notebook()
    person.run_cell(0, "kernel.pid")
    first = person.row()
    assert person.widget.get_by_role("img").first.get_attribute("alt") == (
        f"Row {first}, an image of 8 by 8 pixels"
    )
    done = [person.answer("click")]
    done += [person.answer("held key")]  # one answer, and not one for each row
    done += [person.answer("key") for _ in range(4)]  # into the second round
    assert person.labels() == {row: Y[row] for row in done} and len(done) == 6
    assert person.widget.get_by_role("img", name="Learning curve").count() == 1

    row = person.row()
    person.page.keyboard.press("s")
    person.sees(f"Skipped: row {row}.")
    person.click("Undo")
    person.sees(f"Undone: row {row}.")
    assert person.row() == row
    person.click("Skip")
    person.sees(f"Skipped: row {row}.")
    wrong = person.answer("key")
    person.page.keyboard.press("u")
    person.sees(f"Undone: row {wrong}.")
    assert person.row() == wrong and wrong not in person.labels()

    # Jupyter's own keys are off within: DD would delete the cell, 1 make it a heading.
    cells = person.page.locator(".jp-CodeCell")
    n_cells = cells.count()
    for key in "dd":
        person.page.keyboard.press(key)
    assert cells.count() == n_cells

    batch, before = person.batch(), person.labels()
    assert batch[0] == wrong
    os.kill(int((person.folder / "kernel.pid").read_text()), signal.SIGKILL)
    person.page.keyboard.press(str(Y[wrong]))
    person.sees("Your last answer is not known to be saved.")
    assert person.widget.get_by_text("Saved:").count() == 0
    assert person.labels() == before

    person.open_notebook()
    person.run_cell(0, "kernel.pid")
    assert person.row() == batch[0]
    person.sees(f"{len(before)} labelled")
    again = [person.answer("click"), person.answer("key"), person.answer("key")]
    assert again == batch[:3] and person.batch()[: len(batch) - 3] == batch[3:]
    done += again
    while len(person.labels()) < 10:
        done.append(person.answer("key"))
    assert person.labels() == {row: Y[row] for row in done} and len(done) == 10


def test_other_things_to_show_and_errors_at_phone_width(person):
    person.open_notebook()
    person.run_cell(0, "kernel.pid")
    person.row()
    if person.front == "jupyterlab":
        person.page.locator(".jp-CodeCell .cm-content").nth(1).click()
        person.page.keyboard.press("Control+b")  # the list of files takes all the width
    person.run_cell(1, "others.db")
    person.row()
    person.sees("a widget within")
    person.click("Dog <b>")
    person.sees("failed: OSError: the disk with the pictures is not there")
    cat = person.widget.get_by_role("button", name="Cat", exact=True)
    assert cat.get_attribute("aria-disabled") == "true"
    assert cat.get_attribute("aria-keyshortcuts") == "1"
    person.page.set_viewport_size({"width": 390, "height": 800})
    visible, whole = person.widget.evaluate("e => [e.clientWidth, e.scrollWidth]")
    assert 200 < visible < 390 and whole == visible
    heights = person.widget.get_by_role("button").evaluate_all(
        "all => all.map(one => one.offsetHeight)"
    )
    assert min(heights) >= 44

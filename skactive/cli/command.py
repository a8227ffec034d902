"""From the command line to the exit code."""

import sys
import time

from skactive.cli import _grids, _report
from skactive.cli._options import UsageError, make_plan, parse
from skactive.cli._runs import play
from skactive.cli._words import say, warnings_as_notes

_SUCCESS, _FAILURE, _USAGE = 0, 1, 2


def main(argv=None):
    """
    Compare query strategies on a data set, or on a grid; the command ``skactive``.

    Parameters
    ----------
    argv : list of str or None, default=None
        Arguments after the command's name; None takes those of the process.

    Returns
    -------
    int
        The exit code: 0 all went well, 1 a run failed or was interrupted, 2 wrong
        usage.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        if words and words[0] in _grids.COMMANDS:
            return _grids.main(words)
        args = parse(words)
        with warnings_as_notes():
            plan = make_plan(args)
    except SystemExit as stop:  # argparse: 0 after --help, 2 after a wrong option
        return stop.code or _SUCCESS
    except UsageError as error:
        say(f"skactive: {error}")
        return _USAGE
    return _run(plan)


def _run(plan):
    print(_report.header(plan), flush=True)
    start, is_written = time.perf_counter(), True
    finished, failed, ended = play(plan)
    seconds = time.perf_counter() - start
    if finished:
        print(f"\n{_report.table(plan, finished)}\n", flush=True)
        is_written = _write(plan, finished)
        print(f"{len(finished)} of {plan.n_runs} runs in {seconds:.0f} seconds")
    for sentence in _report.troubles(plan, finished, failed, ended):
        say(sentence)
    return _FAILURE if failed or ended or not is_written else _SUCCESS


def _write(plan, finished):
    """Write the files; say whether that went well."""
    try:
        print(f"Written: {_report.write_csv(plan, finished)}", flush=True)
        print(f"Written: {_report.write_png(plan, finished)}")
    except OSError as error:
        say(f"skactive: {error.filename} was not written: {error.strerror}.")
        return False
    except ImportError:
        print(
            "No picture was drawn, for want of matplotlib. To have one: "
            'pip install "skactive[plot]"'
        )
    return True

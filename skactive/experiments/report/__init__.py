"""One page that says what the runs of an experiment come to."""

from skactive.experiments.report.writing import write_report

__all__ = ["write_report"]

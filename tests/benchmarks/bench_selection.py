"""
Time the selections against their rivals: one process, one run, equal threads.

    pip install ".[benchmarks]"
    python tests/benchmarks/bench_selection.py            # all
    python tests/benchmarks/bench_selection.py badge --threads 2
    python tests/benchmarks/bench_selection.py gpu        # where there is a card

Prints reStructuredText; doc/benchmarks.rst holds a run of it.
"""

import argparse
import sys
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import badge, bait, batchbald, core_set, posterior_variance
from benchmarks.harness import machine

BENCHMARKS = {
    "badge": badge,
    "core_set": core_set,
    "bait": bait,
    "batchbald": batchbald,
    "posterior_variance": posterior_variance,
}
ON_GPU = (badge.run_on_gpu, bait.run_on_gpu)


def main(arguments=None):
    """Run the benchmarks that are named."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"of {', '.join([*BENCHMARKS, 'gpu'])}; all but gpu by default",
    )
    parser.add_argument("--threads", type=int, default=2, help="for every rival")
    parser.add_argument(
        "--scale", type=int, default=1, help="divide n by this, for a trial"
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="only hold the rivals against the published answers",
    )
    options = parser.parse_args(arguments)
    unknown = set(options.names) - {*BENCHMARKS, "gpu"}
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    if "gpu" in options.names and not torch.cuda.is_available():
        parser.error("the gpu benchmarks need a CUDA device, and torch finds none")
    torch.set_num_threads(options.threads)
    with threadpool_limits(limits=options.threads):
        if options.check:
            for name in options.names or BENCHMARKS:
                if name in BENCHMARKS:
                    BENCHMARKS[name].check()
            return
        print(f"Measured with {machine()}.")
        for name in options.names or BENCHMARKS:
            runs = ON_GPU if name == "gpu" else [BENCHMARKS[name].run]
            for run in runs:
                run(options.scale)


if __name__ == "__main__":
    main()

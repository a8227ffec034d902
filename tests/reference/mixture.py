"""Information of a batch on the component, answer by answer, in float64."""

import itertools
import math


def mixture_information(rows):
    """
    Sum p(θ) p(y | θ) ln(p(y | θ) / p(y)) over all components θ and all answers y.

    Each row holds P(y = 1 | x, θ = c) for the components c, which are equally likely.
    """
    n_components = len(rows[0])
    total = 0.0
    for answers in itertools.product((0, 1), repeat=len(rows)):
        likelihood = [
            math.prod(
                row[c] if y == 1 else 1 - row[c]
                for y, row in zip(answers, rows, strict=True)
            )
            for c in range(n_components)
        ]
        evidence = sum(likelihood) / n_components
        total += sum(p * math.log(p / evidence) for p in likelihood if p > 0)
    return total / n_components

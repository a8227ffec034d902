"""A learning curve as a small SVG, in the colours of the page around it."""

_WIDTH, _HEIGHT = 360, 150
_MOST_POINTS = 60  # of a longer curve only the last one is marked
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 12, 34


def curve_svg(budget, score):
    """
    Draw a learning curve.

    Parameters
    ----------
    budget : array-like of int of shape (n_rounds,)
        Labels known at each training.
    score : array-like of float of shape (n_rounds,)
        The score then.

    Returns
    -------
    svg : str
        The picture; empty where there is no point yet.
    text : str
        The same in words, for those who do not see it.
    """
    points = [(int(n), float(s)) for n, s in zip(budget, score, strict=True)]
    if not points:
        return "", "The learning curve begins with the first training."
    n_last, s_last = points[-1]
    n_first, s_first = points[0]
    text = f"Score {s_last:.3f} with {_labels(n_last)}"
    if len(points) > 1:
        text += f"; {s_first:.3f} with {_labels(n_first)}"
    return _svg(points, f"Learning curve. {text}."), f"{text}."


def _labels(n):
    return f"{n} label" if n == 1 else f"{n} labels"


def _svg(points, text):
    budgets, scores = zip(*points, strict=True)
    x, x_ticks = _axis(0, max(budgets), _LEFT, _WIDTH - _RIGHT, ".0f")
    low, high = min(scores), max(scores)
    room = 0.1 * (high - low) or 0.05
    y, y_ticks = _axis(low - room, high + room, _HEIGHT - _BOTTOM, _TOP, ".2f")
    path = " ".join(f"{x(n):.1f},{y(s):.1f}" for n, s in points)
    bottom, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    lines = [
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{text}" '
        'font-size="11" fill="currentColor" xmlns="http://www.w3.org/2000/svg">',
        f'<path d="M{_LEFT},{_TOP}V{bottom}H{right}" fill="none" '
        'stroke="currentColor" opacity=".5"/>',
        *(_text(x(at), bottom + 14, "middle", told) for at, told in x_ticks),
        *(_text(_LEFT - 6, y(at) + 4, "end", told) for at, told in y_ticks),
        _text(right, _HEIGHT - 5, "end", "labels"),
        _text(_LEFT + 6, _TOP + 4, "start", "score"),
        f'<polyline points="{path}" fill="none" class="line" stroke-width="2"/>',
        *(
            f'<circle cx="{x(n):.1f}" cy="{y(s):.1f}" r="3" class="point"/>'
            for n, s in (points if len(points) <= _MOST_POINTS else points[-1:])
        ),
        "</svg>",
    ]
    return "".join(lines)


def _text(x, y, anchor, text):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text}</text>'


def _axis(low, high, start, end, form):
    """Give the way from values to places, and two ticks with their texts."""
    width = (high - low) or 1.0

    def place(value):
        return start + (value - low) / width * (end - start)

    return place, [(low, format(low, form)), (high, format(high, form))]

"""What a reader of finished runs should know: their warnings, and mixed versions."""

import collections
import json

_MOST = 3


def remarks(rows):
    """
    Put in sentences what was warned of, and which versions played.

    Parameters
    ----------
    rows : list of (str, str)
        For each finished run its warnings, a list, and its versions, a dict, as JSON.

    Returns
    -------
    list of str
        One sentence for each of the most frequent warnings, and one for each package
        of which more than one version played; empty where there is nothing to say.
    """
    warned, played = collections.Counter(), collections.defaultdict(collections.Counter)
    for warnings, versions in rows:
        warned.update({_first_line(text) for text in json.loads(warnings)})
        for package, version in json.loads(versions).items():
            played[package][version] += 1
    told = [
        f"Warned in {count} of {len(rows)} runs: {text}"
        for text, count in warned.most_common(_MOST)
    ]
    if len(warned) > _MOST:
        told.append(f"{len(warned) - _MOST} other warnings were given.")
    for package, counts in sorted(played.items()):
        if len(counts) > 1:
            each = ", ".join(f"{v} ({n} runs)" for v, n in sorted(counts.items()))
            told.append(
                f"Runs by different versions of {package} stand side by side: {each}. "
                "They may differ for that alone."
            )
    return told


def _first_line(text):
    line = text.strip().splitlines()[0] if text.strip() else ""
    return line if len(line) <= 160 else f"{line[:157]}..."

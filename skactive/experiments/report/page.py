"""The page's frame: markup, style, and tables."""

from html import escape

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --faint: #5c6670; --page: #fff;
  --card: #f6f7f9; --line: #d7dce1; --good: #00664d; --bad: #a33b00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e7eb; --faint: #9aa5b1;
  --page: #14171a; --card: #1c2024; --line: #363d45;
  --good: #5fd3b0; --bad: #ff9d6b; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink);
  background: var(--page); max-width: 84rem; margin: 0 auto; padding: 1.5rem; }
h1 { margin-bottom: .2rem; } h2 { margin-top: 2.5rem;
  border-bottom: 1px solid var(--line); }
p.lead, figcaption, .note { color: var(--faint); }
nav ul { columns: 20rem; padding-left: 1.2rem; }
a { color: inherit; }
.figures { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
figure { margin: 0; padding: .8rem; background: var(--card); border-radius: .4rem;
  flex: 0 1 auto; max-width: min(100%, 41rem); box-sizing: border-box; }
figure svg { display: block; max-width: 100%; height: auto; }
figcaption { font-size: .85rem; max-width: 34rem; margin-top: .4rem; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums;
  font-size: .9rem; }
th, td { padding: .25rem .6rem; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th:first-child, td:first-child { text-align: left; }
thead th { vertical-align: bottom; }
.better { color: var(--good); font-weight: 600; }
.worse { color: var(--bad); font-weight: 600; }
"""


def frame(title, body):
    """
    Put what a page says into a page.

    Parameters
    ----------
    title : str
        Title of the page, as plain text.
    body : str
        Markup of the body.

    Returns
    -------
    str
        The page.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def table(heads, rows):
    """
    Lay out a table.

    Parameters
    ----------
    heads : sequence of str
        Names of the columns, as plain text.
    rows : list of sequences of str or tuple
        Cells, as plain text, or as (text, class).

    Returns
    -------
    str
        Markup.
    """
    head = "".join(f'<th scope="col">{escape(text)}</th>' for text in heads)
    body = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def _cell(content):
    text, kind = content if isinstance(content, tuple) else (content, "")
    mark = f' class="{kind}"' if kind else ""
    return f"<td{mark}>{escape(text)}</td>"


def figures(pairs):
    """
    Lay out figures beside one another.

    Parameters
    ----------
    pairs : list of (str, str)
        Markup of each figure, and its caption as plain text.

    Returns
    -------
    str
        Markup; empty without figures.
    """
    if not pairs:
        return ""
    cards = "\n".join(
        f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>"
        for svg, caption in pairs
    )
    return f'<div class="figures">\n{cards}\n</div>'


def paragraph(text, kind=""):
    """
    Set a paragraph.

    Parameters
    ----------
    text : str
        Plain text.
    kind : str, default=""
        Its class.

    Returns
    -------
    str
        Markup.
    """
    return f"<p{f' class={chr(34)}{kind}{chr(34)}' if kind else ''}>{escape(text)}</p>"


def bullets(items):
    """
    Set a list.

    Parameters
    ----------
    items : list of str
        Plain text of each item.

    Returns
    -------
    str
        Markup.
    """
    return (
        "<ul>\n" + "\n".join(f"<li>{escape(item)}</li>" for item in items) + "\n</ul>"
    )

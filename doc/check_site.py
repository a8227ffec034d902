"""
Check the built site: each link inside it leads somewhere, each page is well made.

python doc/check_site.py doc/_build/html
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What is checked of one page."""

    def __init__(self, path):
        super().__init__()
        self.ids, self.links, self.n_h1, self.without_alt = set(), [], 0, []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attrs):
        """Note anchors, links, headings and pictures."""
        attrs = dict(attrs)
        self.ids.update(filter(None, [attrs.get("id"), attrs.get("name")]))
        self.n_h1 += tag == "h1"
        if tag == "img" and "alt" not in attrs:  # empty: decoration
            self.without_alt.append(attrs.get("src"))
        for name in ("href", "src"):
            if attrs.get(name):
                self.links.append(attrs[name])


def problems(root):
    """Give a line for each thing that is wrong."""
    pages = {path.resolve(): Page(path) for path in sorted(root.rglob("*.html"))}
    pages = {k: v for k, v in pages.items() if "_static" not in k.parts}
    if not pages:
        yield f"{root}: no pages there"
    for path, page in pages.items():
        name = path.relative_to(root.resolve())
        if page.n_h1 != 1 and name.name != "search.html":
            yield f"{name}: {page.n_h1} headings of the first level"
        for source in page.without_alt:
            yield f"{name}: no alternative text for {source}"
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = path
            if parts.path:
                target = (path.parent / unquote(parts.path)).resolve()
            if target.is_dir():
                target /= "index.html"
            if not target.exists():
                yield f"{name}: {link} leads nowhere"
            elif target in pages and parts.fragment:
                fragment = unquote(parts.fragment)
                if fragment not in pages[target].ids:
                    yield f"{name}: {link} has no such place"


if __name__ == "__main__":
    found = list(problems(Path(sys.argv[1])))
    print(*found, sep="\n")
    sys.exit(f"{len(found)} problem(s)" if found else 0)

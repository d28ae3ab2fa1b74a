"""HTML pages taken apart without a browser, for tests of their structure."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Element:
    """One element: its name, attributes, the elements that it lies in, and its text."""

    tag: str
    attributes: dict[str, str]
    ancestors: tuple["Element", ...]
    text: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    void = ("meta", "img", "br", "input", "link")

    def __init__(self):
        super().__init__()
        self.elements, self.open = [], []

    def handle_starttag(self, tag, attrs):
        found = Element(tag=tag, attributes=dict(attrs), ancestors=tuple(self.open))
        self.elements.append(found)
        if tag not in self.void:
            self.open.append(found)

    def handle_startendtag(self, tag, attrs):
        self.elements.append(Element(tag=tag, attributes=dict(attrs), ancestors=tuple(self.open)))

    def handle_endtag(self, tag):
        assert self.open and self.open[-1].tag == tag, f"</{tag}> closes {[one.tag for one in self.open[-3:]]}"
        self.open.pop()

    def handle_data(self, data):
        for element in self.open:
            element.text.append(data)


def elements_of(page: str) -> list[Element]:
    """All elements of a page in their order; AssertionError where one is not closed as it was opened."""
    reader = _Reader()
    reader.feed(page)
    assert not reader.open, f"never closed: {[one.tag for one in reader.open]}"
    return reader.elements


def policy_of(page: str) -> str:
    """The page's Content-Security-Policy."""
    [policy] = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', page)
    return policy

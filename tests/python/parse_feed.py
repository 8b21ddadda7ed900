"""Reads an Atom feed from standard input with feedparser, and writes what it holds as JSON."""

import json
import sys

import feedparser

feed = feedparser.parse(sys.stdin.buffer.read())
if feed.bozo:
    sys.exit(f"not well-formed: {feed.bozo_exception}")
entries = [
    {
        "id": entry.id,
        "title": entry.title,
        "updated": entry.updated,
        "author": entry.author,
        "tags": [tag.term for tag in entry.get("tags", [])],
        "content": entry.content[0].value if "content" in entry else "",
    }
    for entry in feed.entries
]
links = {link.rel: link.href for link in feed.feed.links}
json.dump({"version": feed.version, "title": feed.feed.title, "links": links, "entries": entries}, sys.stdout)

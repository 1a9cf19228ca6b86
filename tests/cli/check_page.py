#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Holds pages of snapreport against what they promise.

    check_page.py [--show] PAGE...

Markup that can run or fetch nothing, a Content-Security-Policy whose hashes are those of the page's
style and script, data that is whole, trees in which every node adds up, no character that a name could
disturb with, fewer than 5,000,000 bytes. Prints a line for each breach; with --show the page's sections,
its tables' captions and the numbers of rows, and what the data holds. Exit status 1 for a breach.
"""
import base64
import hashlib
import html.parser
import json
import re
import sys

TAGS = set("""html head meta title style body a header h1 h2 h3 span dl div dt dd nav ul ol li main
section p b code pre kbd details summary article table caption thead tbody tr th td svg rect noscript
footer script""".split())
EMPTY = {"meta", "rect"}
ATTRIBUTES = set("""lang charset http-equiv content name class href id hidden scope aria-labelledby
aria-label aria-hidden data-v data-kind data-rule data-object viewbox preserveaspectratio x width
height type""".split())
POLICY = ("default-src 'none'; script-src 'sha256-%s'; style-src 'sha256-%s'; base-uri 'none'; "
          "form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'")
HOSTILE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069"
                     "\ufeff\U000e0000-\U000e007f]")


class Page(html.parser.HTMLParser):
    def __init__(self, path):
        super().__init__(convert_charrefs=True)
        self.path, self.breaches, self.open = path, [], []
        self.texts = {"style": [], "script": [], "data": [], "title": []}
        self.sections, self.tables, self.policy, self.ids = [], [], None, set()
        self.caption = False
        with open(path, "rb") as file:
            self.bytes = file.read()
        self.feed(self.bytes.decode("utf-8"))
        self.close()
        if self.open:
            self.breach("left open: %s" % self.open)

    def breach(self, text):
        self.breaches.append(text)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag not in TAGS:
            self.breach("an element <%s>" % tag)
        for name in attributes:
            if name not in ATTRIBUTES:
                self.breach("an attribute %s of <%s>" % (name, tag))
        if not attributes.get("href", "#").startswith("#"):
            self.breach("a link to %s" % attributes["href"])
        if "id" in attributes:
            if attributes["id"] in self.ids:
                self.breach("two elements %s" % attributes["id"])
            self.ids.add(attributes["id"])
        if attributes.get("http-equiv"):
            self.policy = attributes["content"]
        if tag == "section":
            self.sections.append(attributes["id"])
        if tag == "table":
            self.tables.append([attributes["id"], "", 0, 0])
        if tag == "tr" and "tbody" in self.open:
            self.tables[-1][2] += 1
        if tag not in EMPTY:
            kind = tag
            if tag == "script" and attributes.get("type") == "application/json":
                kind = "data"
            self.open.append(kind)

    def handle_endtag(self, tag):
        if tag in EMPTY:
            return
        if not self.open or self.open.pop() not in (tag, "data"):
            self.breach("</%s> out of place" % tag)

    def handle_decl(self, decl):
        if decl != "DOCTYPE html":
            self.breach("a declaration %s" % decl)

    def handle_comment(self, text):
        self.breach("a comment")

    def handle_data(self, text):
        kind = self.open[-1] if self.open else ""
        if kind in self.texts:
            self.texts[kind].append(text)
        elif HOSTILE.search(text):
            self.breach("a character that must not be shown: %r" % text[:80])
        if kind == "caption":
            self.tables[-1][1] += text

    def check(self):
        if len(self.bytes) >= 5000000:
            self.breach("%d bytes" % len(self.bytes))
        hashes = tuple(base64.b64encode(hashlib.sha256("".join(self.texts[x]).encode()).digest())
                       .decode() for x in ("script", "style"))
        if self.policy != POLICY % hashes:
            self.breach("another policy: %s" % self.policy)
        text = "".join(self.texts["data"])
        if re.search("[<>&]", text):
            self.breach("markup in the data")
        self.data = json.loads(text)
        for name in self.data["names"]:
            if HOSTILE.search(name):
                self.breach("a name that must not be shown: %r" % name[:80])
        for name in "tree", "sites", "native":
            if name in self.data:
                self.check_tree(name, self.data[name])
        self.check_paths(self.data["paths"])
        types = self.data["types"]
        if self.data["tree"]["parent"]:
            live = sum(types["shallow"]) + types["rest_shallow"]
            if live != self.data["live"]:
                self.breach("types add up to %d of %d" % (live, self.data["live"]))
        return self.breaches

    def check_tree(self, name, tree):
        below = {column: [0] * len(tree["parent"]) for column in ("bytes", "count")}
        if {len(x) for x in tree.values()} != {len(tree["parent"])}:
            self.breach("%s: columns of several lengths" % name)
        for node in range(len(tree["parent"]) - 1, -1, -1):
            parent = tree["parent"][node]
            for total, here in ("bytes", "own"), ("count", "n"):
                got = below[total][node] + tree[here][node] + tree["rest_" + total][node]
                if got != tree[total][node]:
                    self.breach("%s: node %d: %d %s, not %d" % (name, node, got, total,
                                                               tree[total][node]))
                if parent >= 0:
                    below[total][parent] += tree[total][node]
            if not (parent < node and (parent == -1) == (node == 0)):
                self.breach("%s: node %d below %d" % (name, node, parent))
            if tree["type"][node] >= len(self.data["names"]):
                self.breach("%s: node %d without a type" % (name, node))

    def check_paths(self, paths):
        for step, up in enumerate(paths["up"]):
            if up >= step:
                self.breach("step %d after %d" % (step, up))

    def show(self):
        for section in self.sections:
            print("section", section)
        for name, caption, rows, _ in self.tables:
            print("table %s: %s: %d rows" % (name, caption, rows))
        for name in "tree", "sites", "native":
            if name in self.data:
                tree = self.data[name]
                print("%s: %d bytes in %d objects; folded %d" % (
                    name, tree["bytes"][0], tree["count"][0], sum(tree["rest_bytes"])))
                for node in range(min(12, len(tree["parent"]))):
                    self.show_node(tree, node)
        print("%d types, %d folded; %s" % (len(self.data["types"]["name"]),
                                           self.data["types"]["rest"],
                                           "paths" if self.data["paths"]["id"] else "no paths"))

    def show_node(self, tree, node):
        names, depth, parent = self.data["names"], 0, tree["parent"][node]
        while parent >= 0:
            depth, parent = depth + 1, tree["parent"][parent]
        label = tree["label"][node]
        print("  %s%s%s x %d: %d bytes" % ("  " * depth, names[label] + ": " if label >= 0 else "",
                                           names[tree["type"][node]], tree["n"][node],
                                           tree["bytes"][node]))


def main():
    paths = [x for x in sys.argv[1:] if x != "--show"]
    bad = 0
    for path in paths:
        page = Page(path)
        for breach in page.check()[:20]:
            print("%s: %s" % (path, breach))
            bad = 1
        if "--show" in sys.argv:
            page.show()
    return bad


if __name__ == "__main__":
    sys.exit(main())

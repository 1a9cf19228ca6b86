# SPDX-License-Identifier: MIT
"""The page of snapreport in a headless Chromium, used by mouse and keys: its numbers are those of the
other tools, the tree can be walked down, what is searched is found, names stay text, and nothing is
asked of the network, said on the console or stopped by the page's own policy.

Screenshots go to the folder SNAP_SCREENSHOTS; with SNAP_PICTURE=FILE the picture of README.md alone is
made, into that file (`ninja update-picture`)."""

import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import unittest

from page_chromium import Browser, program

TOOLS = os.environ.get("SNAP_TOOLS", "")
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LEAKY = os.path.join(ROOT, "corpora", "leaky")
SCREENSHOTS = os.environ.get("SNAP_SCREENSHOTS")
PICTURE = os.environ.get("SNAP_PICTURE")
KEPT_PICTURE = os.path.join("tools", "page", "page.png")
# Names that are markup, of classes that are held by a global; a chain; garbage.
HOSTILE = r"""
import sys, heapsnap
NAMES = ["</script><script>document.title = 'broken'</script>", "<img src=x onerror=document.title='broken'>",
         "<!--<script>", "'\"&amp;", "a\u202egnp.exe"]
HELD = {name[:60]: [type(name, (), {})() for _ in range(300)] for name in NAMES}
heapsnap.dump(sys.argv[1], names="keys")
"""
# The contrast of two colours as WCAG 2 counts it, of all elements with text of their own.
CONTRAST = r"""(() => {
  const parts = (c) => c.match(/[\d.]+/g).map(Number);
  const light = (c) => { const [r, g, b] = parts(c).slice(0, 3).map((x) => {
    x /= 255; return x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4; });
    return .2126 * r + .7152 * g + .0722 * b; };
  const back = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (parts(c)[3] !== 0) return c; } return "rgb(255, 255, 255)"; };
  const poor = [];
  for (const e of document.querySelectorAll("body *")) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) continue;
    if (!e.checkVisibility() || e.matches("script, style, noscript, noscript *")) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(back(e))].sort((x, y) => y - x);
    const ratio = (a + .05) / (b + .05);
    if (ratio < 4.5) poor.push(`${e.tagName} ${e.className} ${ratio.toFixed(2)} ${e.textContent.slice(0, 40)}`);
  }
  return poor;
})()"""


def run(name, *arguments):
    done = subprocess.run([os.path.join(TOOLS, name), *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=120)
    if done.returncode not in (0, 1):
        raise AssertionError("%s %s: %s" % (name, arguments, done.stderr.decode()))
    return done.stdout.decode()


def answer(name, *arguments):
    return json.loads(run(name, "--json", "--quiet", *arguments))


def png_measures(path):
    """Width and height of a picture."""
    with open(path, "rb") as f:
        head = f.read(24)
    if head[:8] != b"\x89PNG\r\n\x1a\n" or head[12:16] != b"IHDR":
        raise AssertionError("%s is not a PNG" % path)
    return struct.unpack(">II", head[16:])


def service(folder):
    """Two captures of the shop that leaks, the later first."""
    files = [os.path.join(folder, name) for name in ("before.snap", "after.snap")]
    kinds = {"PYTHONTRACEMALLOC": "6"}
    shop = subprocess.Popen([sys.executable, "-m", "heapsnap", "run",
                             os.path.join(LEAKY, "registry_service.py")],
                            stdout=subprocess.PIPE, env=dict(os.environ, **kinds))
    try:
        port = re.search(r":(\d+)", shop.stdout.readline().decode()).group(1)
        for file, n in zip(files, (1000, 3000)):
            subprocess.run([sys.executable, os.path.join(LEAKY, "send_requests.py"),
                            "http://127.0.0.1:" + port, str(n)], check=True,
                           stdout=subprocess.DEVNULL)
            subprocess.run([sys.executable, "-m", "heapsnap", "ask", str(shop.pid), "-o", file],
                           check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    finally:
        shop.send_signal(signal.SIGTERM)
        shop.wait(30)
        shop.stdout.close()
    return files[1], files[0]


class PageCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if SCREENSHOTS:
            os.makedirs(SCREENSHOTS, exist_ok=True)
        cls.scratch = tempfile.TemporaryDirectory(prefix="snap-page.")
        folder = cls.scratch.name
        cls.later, cls.earlier = service(folder)
        cls.page = os.path.join(folder, "page.html")
        run("snapreport", "-q", cls.later, cls.earlier, "-o", cls.page)
        hostile = os.path.join(folder, "hostile.snap")
        subprocess.run([sys.executable, "-c", HOSTILE, hostile], check=True,
                       stderr=subprocess.DEVNULL)
        cls.hostile = os.path.join(folder, "hostile.html")
        run("snapreport", "-q", hostile, "-o", cls.hostile)

    @classmethod
    def tearDownClass(cls):
        cls.scratch.cleanup()

    def browser(self, path=None, **more):
        """The page, open; at the end of the test it must have kept quiet."""
        browser = Browser(**more)
        browser.__enter__()
        self.addCleanup(browser.__exit__)
        self.addCleanup(self.check_quiet, browser, path or self.page)
        browser.open("file://" + (path or self.page))
        return browser

    def check_quiet(self, browser, path):
        browser.settle()
        self.assertEqual(browser.console, [])
        self.assertEqual(browser.violations, [])
        self.assertEqual({url.split("#")[0] for url in browser.requests}, {"file://" + path})

    def values(self, browser, table, column):
        """The exact numbers in a column, folded rows left out."""
        return browser.evaluate(
            "[...document.querySelectorAll('#%s tbody tr:not(.rest)')]"
            ".map((row) => Number(row.cells[%d].dataset.v))" % (table, column))

    # ---- numbers ----

    def test_numbers(self):
        browser = self.browser()
        diff = answer("snapdiff", "-n", "1000000", self.earlier, self.later)
        leaks = answer("snapleak", "--all", self.later, self.earlier)
        self.assertIn("REGISTRY", diff["verdict"]["sentence"])
        self.assertEqual(browser.texts(".verdict .sentence"), [diff["verdict"]["sentence"]])
        growth = [x["retained_delta"] + x["native_delta"] for x in diff["owners"]]
        shown = self.values(browser, "owners", 0)
        self.assertEqual(shown, growth[:len(shown)])
        self.assertEqual(sum(browser.evaluate(
            "[...document.querySelectorAll('#owners tbody tr')].map((x) => Number(x.cells[0].dataset.v))"
        )), sum(growth))
        self.assertEqual(self.values(browser, "grown-types", 0),
                         [x["growth"] for x in diff["types"]][:60])
        for part, now in zip(diff["memory_map"], self.values(browser, "memory-map", 3)):
            self.assertEqual(part["b"], now)
        found = {x["sentence"] for x in leaks["findings"]}
        self.assertTrue(set(browser.texts(".found-what")) <= found)
        own = [x for x in leaks["findings"] if not x["explained_by"]]
        self.assertEqual({x["rule"] for x in own}, set(browser.evaluate(
            "[...document.querySelectorAll('article')].map((x) => x.dataset.rule)")))
        self.assertGreater(len(leaks["findings"]), len(own))
        for said in browser.texts(".also"):
            self.assertTrue(any(x["sentence"] in said for x in leaks["findings"]
                                if x["explained_by"]), said)
        self.assertTrue(browser.texts(".also"))
        top = answer("snaptop", "--by", "type", "-n", "100", self.later)["lists"][0]["rows"]
        self.assertEqual(self.values(browser, "type-table", 0), [x["retained_size"] for x in top])
        self.assertEqual(browser.texts("#type-table tr:not(.rest) td.name"),
                         [x["name"] for x in top])
        objects = answer("snaptop", "--by", "object", "-n", "50", self.later)["lists"][0]["rows"]
        self.assertEqual(self.values(browser, "object-table", 1),
                         [x["retained_size"] for x in objects])

    # ---- the tree ----

    def detail(self, browser):
        """What the table below the tree shows, and the size of the node that it is about."""
        return browser.evaluate("""(() => {
          const t = icicle.tree, n = icicle.selected;
          return { name: icicle.fullName(n), bytes: t.bytes[n], own: t.own[n], rest: t.rest_bytes[n],
                   below: icicle.children[n].map((x) => t.bytes[x]), top: icicle.top, node: n,
                   focus: document.activeElement.dataset.node,
                   heading: document.querySelector("#tree-view .detail h3").textContent }; })()""")

    def test_walk_by_mouse(self):
        browser = self.browser()
        start = self.detail(browser)
        snapshot = answer("snaptop", "-n", "1", self.later)["snapshot"]
        self.assertEqual(browser.evaluate("icicle.tree.bytes[0] >= %d" % snapshot["live_size"]), True)
        depth = 0
        while True:
            here = self.detail(browser)
            self.assertEqual(here["bytes"], here["own"] + here["rest"] + sum(here["below"]))
            self.assertEqual(here["heading"], here["name"])
            if not here["below"]:
                break
            browser.click("#tree-view .icicle [data-node='%d'] > .row > .cell > .label" % here["node"])
            depth += 1
            self.assertEqual(self.detail(browser)["bytes"], max(here["below"]))
            self.assertEqual(len(browser.texts("#tree-view .crumbs li")), depth + 1)
        self.assertGreater(depth, 3)
        browser.click("#tree-view .crumbs button")
        self.assertEqual(self.detail(browser)["name"], start["name"])
        browser.click("#tree-view .detail td.name button")  # the table walks as well
        self.assertEqual(self.detail(browser)["bytes"], max(start["below"]))

    def test_walk_by_keys(self):
        browser = self.browser()
        browser.evaluate("document.querySelector('#tree-view [role=treeitem]').focus()")
        start = self.detail(browser)
        browser.key("ArrowDown")
        first = self.detail(browser)
        self.assertEqual(first["bytes"], max(start["below"]))
        self.assertEqual(int(first["focus"]), first["node"])
        browser.key("ArrowRight")
        self.assertEqual(self.detail(browser)["bytes"], sorted(start["below"])[-2])
        browser.key("ArrowLeft")
        browser.key("ArrowUp")
        self.assertEqual(self.detail(browser)["node"], start["node"])
        browser.key("ArrowDown")
        browser.key("Enter")
        inside = self.detail(browser)
        self.assertEqual((inside["top"], int(inside["focus"])), (first["node"], first["node"]))
        browser.key("ArrowDown")
        browser.key("Home")
        self.assertEqual(self.detail(browser)["node"], first["node"])
        browser.key("Escape")
        self.assertEqual(self.detail(browser)["top"], 0)
        one = browser.evaluate("document.querySelectorAll('#tree-view [role=treeitem][tabindex=\"0\"]').length")
        self.assertEqual(one, 1)  # one stop for the tab key

    def test_sites(self):
        browser = self.browser()
        total = browser.evaluate("sitesIcicle.tree.bytes[0]")
        snapshot = answer("snaptop", "-n", "1", self.later)["snapshot"]
        self.assertEqual(total, snapshot["live_size"])
        browser.click("#sites-view .row > .cell > .label")
        self.assertGreater(browser.evaluate("sitesIcicle.top"), 0)

    # ---- paths and search ----

    def test_path(self):
        browser = self.browser()
        id = browser.texts("#owners button.object")[0]
        browser.click("#owners button.object")
        shown = browser.texts("#path-table td:nth-child(3) > button.object")
        path = answer("snappath", self.later, id)
        steps = ["#" + step["id"] for step in path["targets"][0]["paths"][0]["steps"]]
        self.assertEqual(shown, steps)
        self.assertEqual(shown[-1], id)
        browser.evaluate("(() => { pathInput.value = '#999999999'; pathInput.focus(); })()")
        browser.key("Enter")
        self.assertIn("does not hold", browser.texts(".path-result")[0])
        browser.click("#path-view button[type=submit]")
        browser.evaluate("history.back()")
        browser.settle(0.5)
        other = browser.texts("#object-table button.object")[5]
        browser.open("about:blank")
        browser.open("file://%s#object-%s" % (self.page, other[1:]))
        self.assertEqual(browser.texts("#path-table td:nth-child(3) > button.object")[-1], other)

    def test_search(self):
        browser = self.browser()
        browser.key("/", text="/")
        self.assertEqual(browser.evaluate("document.activeElement.id"), "search-words")
        browser.type("main request")
        found = browser.texts("#found button")
        self.assertIn("__main__.Request", found)
        self.assertEqual(browser.texts("#search .said"), ["%d results" % len(found)])
        browser.key("Enter")
        self.assertEqual(browser.evaluate("document.activeElement.textContent"), found[0])
        browser.key("Enter")
        self.assertIn("__main__.Request",
                      browser.evaluate("document.activeElement.textContent"))
        self.assertFalse(browser.evaluate("document.querySelector('#search').matches('.open')"))
        browser.click("#search-words")
        browser.key("Escape")
        browser.type("no such thing at all")
        self.assertEqual(browser.texts("#search .said"), ["0 results"])
        browser.key("Escape")
        browser.type("finished")
        browser.evaluate("document.querySelector('#found button[data-kind=object]').click()")
        self.assertIn("finished", self.detail(browser)["name"])

    def test_types(self):
        browser = self.browser()
        live = browser.evaluate("data.live")
        column = "[...document.querySelectorAll('#type-table tbody tr')]" \
                 ".reduce((sum, row) => sum + Number(row.cells[2].dataset.v), 0)"
        self.assertEqual(browser.evaluate(column), live)
        browser.click("#more-types")
        self.assertEqual(browser.evaluate(column), live)
        rows = browser.evaluate("document.querySelectorAll('#type-table tbody tr').length")
        self.assertEqual(rows, browser.evaluate("data.types.name.length + (data.types.rest ? 1 : 0)"))
        browser.click("#type-table th button", 2)
        counts = self.values(browser, "type-table", 3)
        self.assertEqual(counts, sorted(counts, reverse=True))
        browser.click("#type-table th button", 2)
        counts = self.values(browser, "type-table", 3)
        self.assertEqual(counts, sorted(counts))

    # ---- what must not happen ----

    def test_hostile_names(self):
        browser = self.browser(self.hostile)
        self.assertNotEqual(browser.evaluate("document.title"), "broken")
        self.assertEqual(browser.evaluate("[document.scripts.length, document.images.length]"), [2, 0])
        browser.click("#search-words")
        browser.type("script document.title")
        self.assertIn("</script><script>document.title = 'broken'</script>",
                      " ".join(browser.texts("#found button")))
        browser.key("Enter")
        browser.key("Enter")
        text = browser.evaluate("document.body.innerText")
        self.assertTrue("<img src=x onerror=" in text)
        self.assertTrue("\\u202e" in text and "\u202e" not in text)
        self.assertNotEqual(browser.evaluate("document.title"), "broken")

    def test_policy(self):
        """The policy holds: markup out of text, scripts and requests are refused."""
        with Browser() as browser:
            browser.open("file://" + self.page)
            said = browser.evaluate("""(async () => {
              const said = [];
              try { document.body.innerHTML = "<b>x</b>"; } catch (e) { said.push(e.name); }
              try { await fetch("https://snap.invalid/"); } catch (e) { said.push(e.name); }
              try { document.createElement("script").text = "0"; } catch (e) { said.push(e.name); }
              const image = new Image();
              await new Promise((done) => { image.onerror = done; image.src = "https://snap.invalid/x.png"; });
              said.push("no image");
              return said; })()""")
            self.assertEqual(said, ["TypeError", "TypeError", "TypeError", "no image"])
            browser.settle()
            self.assertTrue(browser.violations)

    # ---- looks ----

    def test_without_script(self):
        browser = self.browser()
        browser.script(False)
        browser.open("file://" + self.page)
        browser.script(True)  # to be able to ask; what is there is what was there without
        self.assertFalse(browser.evaluate("document.documentElement.matches('.ready')"))
        for table in "owners", "memory-map", "object-table", "type-table":
            self.assertTrue(browser.evaluate(
                "document.querySelector('#%s tbody tr').checkVisibility()" % table))
        self.assertEqual(browser.evaluate("document.querySelector('#tree-view').checkVisibility()"),
                         False)
        self.assertIn("REGISTRY", browser.evaluate("document.querySelector('#findings').innerText"))

    def test_screens(self):
        browser = self.browser()
        for scheme in "light", "dark":
            browser.scheme(scheme)
            self.assertEqual(browser.evaluate(CONTRAST), [])
            self.shot(browser, scheme)
        self.assertEqual(browser.evaluate("getComputedStyle(document.body).backgroundColor"),
                         "rgb(20, 23, 27)")
        browser.scheme("light")
        browser.resize(400, 800)
        browser.settle()
        self.assertLessEqual(browser.evaluate("document.documentElement.scrollWidth"), 400)
        self.shot(browser, "narrow")
        browser.resize(800, 1100)
        browser.scheme("dark", media="print")
        self.assertEqual(browser.evaluate("getComputedStyle(document.body).backgroundColor"),
                         "rgb(255, 255, 255)")
        self.assertFalse(browser.evaluate("document.querySelector('nav').checkVisibility()"))
        self.shot(browser, "print")

    def test_readme(self):
        """The picture in README.md is made here: the leak is in its middle, selected, and what is in
        the repository has the measures of what this run makes."""
        browser = self.browser(width=1000, height=700)
        browser.scheme("light")
        browser.click("#tree-view .row > .cell > .label")
        browser.evaluate("icicle.select(icicle.children[icicle.children[icicle.top][0]][0])")
        self.assertEqual(self.detail(browser)["heading"], ".finished: list")
        self.assertIn("__main__.Request", browser.evaluate(
            "document.querySelector('#tree-view .detail table').innerText"))
        x, y, width, height = browser.box("#tree")
        made = PICTURE or os.path.join(SCREENSHOTS or self.scratch.name, "readme.png")
        browser.screenshot(made, (x - 10, y - 5, width + 20, min(height + 15, 560)))
        with open(os.path.join(ROOT, "README.md")) as f:
            self.assertIn("](%s)" % KEPT_PICTURE, f.read())
        kept, now = (png_measures(x) for x in (os.path.join(ROOT, KEPT_PICTURE), made))
        self.assertEqual(kept[0], now[0])
        self.assertLessEqual(abs(kept[1] - now[1]), 40, "ninja update-picture")

    def shot(self, browser, name):
        if not SCREENSHOTS:
            return
        browser.evaluate("scrollTo(0, 0)")
        browser.screenshot(os.path.join(SCREENSHOTS, name + ".png"))
        browser.evaluate("document.querySelector('#tree').scrollIntoView()")
        browser.settle()
        browser.screenshot(os.path.join(SCREENSHOTS, name + "-tree.png"))
        browser.evaluate("scrollTo(0, 0)")

    def test_reading_aloud(self):
        """What a screen reader is told: every table has a name, every part a heading, every node of
        the tree a sentence; the tab key begins with the way past the contents."""
        browser = self.browser()
        nodes = browser.send("Accessibility.getFullAXTree")["nodes"]
        by_role = {}
        for node in nodes:
            if not node.get("ignored"):
                by_role.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value"))
        self.assertEqual([x for x in by_role["table"] if not x], [])
        self.assertEqual([x for x in by_role["treeitem"] if not x], [])
        self.assertEqual([x for x in by_role["button"] if not x], [])
        self.assertEqual([x for x in by_role["region"] if not x], [])
        for wanted in "Verdict", "Findings", "What grew", "What keeps what alive":
            self.assertIn(wanted, by_role["heading"])
        self.assertIn("Search", by_role["searchbox"])
        browser.key("Tab")
        self.assertEqual(browser.evaluate("document.activeElement.className"), "skip")
        order = []
        for _ in range(14):
            browser.key("Tab")
            order.append(browser.evaluate("document.activeElement.textContent.slice(0, 20) || "
                                          "document.activeElement.id"))
        self.assertEqual(order[:2], ["Verdict", "Findings"])
        self.assertIn("search-words", order)


if __name__ == "__main__":
    if not program():
        print("skipped: there is no Chromium here (Debian: chromium-headless-shell)")
        sys.exit(77)
    if not TOOLS:
        print("skipped: the offline tools were not built")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1] + ["PageCase.test_readme"] if PICTURE else sys.argv)

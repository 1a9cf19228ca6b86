"""Arrays of numpy: their elements where these are objects, views, sizes. Skipped without numpy; with
pandas within reach, what a data frame refers to as well."""

import importlib.util
import os
import subprocess
import sys
import unittest

from agent_support import ATTRIBUTE, ELEMENT, AgentCase

TOOLS = os.environ.get("SNAP_TOOLS")

#: Every way in which an array of objects may lie in memory, with what `flat` says of it.
LAYOUTS = """
import ctypes, heapsnap, json, numpy as np
def box(n): return ["element %d" % n]
def fill(array):
    for i in range(array.size): array.flat[i] = box(i)
    return array
turned = fill(np.empty((3, 4), dtype=object))
turned.shape = (4, 3)
turned.strides = (8, 32)                        # the array's own data, read the other way round
arrays = {
    "line": fill(np.empty(7, dtype=object)),
    "table": fill(np.empty((3, 4), dtype=object)),
    "columns": fill(np.empty((3, 4), dtype=object, order="F")),
    "cube": fill(np.empty((2, 3, 4), dtype=object, order="F")),
    "thin": fill(np.empty((1, 5, 1), dtype=object)),
    "point": fill(np.empty((), dtype=object)),
    "nothing": np.empty((3, 0, 2), dtype=object),
    "long": fill(np.empty(5000, dtype=object)),
    "turned": turned,
}
flat = {name: [id(o) for o in a.flat] for name, a in arrays.items()}
where = {name: id(a) for name, a in arrays.items()}
"""


class Numpy(AgentCase):
    def elements(self, snap, row):
        """The elements of an array, by their numbers."""
        return {e["index"]: snap.objects[e["ordinal"]]["id"] for e in snap.out[row["ordinal"]]
                if e["kind"] == ELEMENT}

    def test_elements_are_told(self):
        for mode in ("inline", "fork"):
            (flat, where), snap = self.capture(LAYOUTS + """
heapsnap.self_check()
heapsnap.dump(PATH, mode=%r)
print(json.dumps([flat, where]))
""" % mode)
            for name, expected in flat.items():
                row = snap.by_id[where[name]]
                self.assertEqual(snap.type(row), "numpy.ndarray")
                self.assertEqual(self.elements(snap, row), dict(enumerate(expected)), name)
                self.assertTrue(all(e["owns"] for e in snap.out[row["ordinal"]]), name)

    def test_counts_balance(self):
        """Each element is owned once, by the array, and by nothing that is not told."""
        (flat, where), snap = self.capture(LAYOUTS + """
views = [arrays["table"][1:], arrays["line"][::-2], arrays["cube"].T, np.asarray(arrays["long"])]
heapsnap.dump(PATH)
print(json.dumps([flat, where]))
""")
        rest = {o["id"]: n for o, n in snap.unexplained()}
        self.assertEqual([snap.type(snap.by_id[i]) for i, n in rest.items() if n < 0], [])
        for name, expected in flat.items():
            self.assertEqual([rest[i] for i in expected + [where[name]] if i in rest], [], name)
        kinds = {snap.type(snap.by_id[i]) for i in rest}
        self.assertFalse({k for k in kinds if k.startswith("numpy.dtype") and "Object" in k}, kinds)

    def test_views_hold_the_owner_only(self):
        facts, snap = self.capture("""
            import heapsnap, json, numpy as np
            own = np.array([["a"], ["b"], ["c"], None], dtype=object)
            own[3] = ["d"]
            view = own[1:3]
            numbers = np.zeros(1000)
            part = numbers[100:]
            outside = np.frombuffer(bytearray(800))
            heapsnap.dump(PATH)
            print(json.dumps([id(x) for x in (own, view, numbers, part, outside)]))
        """)
        own, view, numbers, part, outside = (snap.by_id[i] for i in facts)
        self.assertEqual(len(self.elements(snap, own)), 4)
        self.assertEqual(self.elements(snap, view), {})
        self.assertEqual(snap.follow(view, "base", ATTRIBUTE), own)
        self.assertEqual(snap.follow(part, "base", ATTRIBUTE), numbers)
        self.assertIn(snap.type(snap.follow(outside, "base", ATTRIBUTE)),
                      ("builtins.bytearray", "builtins.memoryview"))
        self.assertIn("dtype", snap.type(snap.follow(own, "dtype", ATTRIBUTE)))
        self.assertEqual(own["native"], 32)
        self.assertEqual(numbers["native"], 8000)
        for one in (view, part, outside):
            self.assertIn(one.get("native"), (None, 0))

    def test_holes(self):
        """Places that were never written hold no object."""
        facts, snap = self.capture("""
            import ctypes, heapsnap, json, numpy as np
            array = np.array([[i] for i in range(9)] + [None], dtype=object)[:9].copy()
            words = (ctypes.c_void_p * 9).from_address(array.ctypes.data)
            kept = list(array)
            for i in (0, 3, 4, 8): words[i] = None   # the lists' counts stay one too high
            heapsnap.dump(PATH)
            print(json.dumps([id(array), {i: id(kept[i]) for i in (1, 2, 5, 6, 7)}]))
        """)
        row = snap.by_id[facts[0]]
        self.assertEqual(self.elements(snap, row), {int(k): v for k, v in facts[1].items()})

    def test_subclasses_and_other_types(self):
        facts, snap = self.capture("""
            import datetime, heapsnap, json, numpy as np
            class Mine(np.ndarray):
                pass
            mine = np.array([["x"], ["y"], 3], dtype=object).view(Mine).copy()
            mine.note = ["note"]
            masked = np.ma.array([["p"], ["q"], 0], dtype=object)
            others = [np.zeros(5, dtype=t) for t in ("f8", "S8", "U4", "V16", "M8[s]", "?", "c16")]
            others.append(np.zeros(3, dtype=[("number", "i4"), ("object", object)]))
            others[-1]["object"][1] = ["inside a structure"]
            fake = type("numpy.ndarray", (), {"__slots__": tuple("abcdefghijkl")})()
            for name in "abcdefghijkl": setattr(fake, name, [name])
            heapsnap.dump(PATH)
            print(json.dumps([[id(x) for x in (mine, mine[1], mine.note)], id(masked), id(fake),
                              [id(x) for x in others]]))
        """)
        mine, second, note = (snap.by_id[i] for i in facts[0])
        self.assertEqual(snap.type(mine), "__main__.Mine")
        self.assertEqual(self.elements(snap, mine)[1], second["id"])
        self.assertIn(note["ordinal"], {e["ordinal"] for r in
                                        [mine] + [snap.objects[e["ordinal"]] for e in
                                                  snap.out[mine["ordinal"]]]
                                        for e in snap.out[r["ordinal"]]})
        for other in facts[3] + [facts[2]]:
            self.assertEqual(self.elements(snap, snap.by_id[other]), {})

    def test_path_names_the_array(self):
        """What only an array holds is found through it, not held from outside."""
        if not TOOLS:
            self.skipTest("the offline tools were not built")
        self.run_python("""
            import heapsnap, numpy as np
            class Row:
                pass
            table = np.empty(100, dtype=object)
            table[3] = Row()
            heapsnap.dump(PATH)
        """)
        path = os.path.join(self.folder, "out.snap")
        done = subprocess.run([os.path.join(TOOLS, "snappath"), path, "--type", "__main__.Row"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=100,
                              universal_newlines=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("__main__.table", done.stdout)
        self.assertNotIn("external", done.stdout)

    def test_strings_are_there(self):
        """Elements that the collector does not know either are met through the array alone."""
        facts, snap = self.capture("""
            import heapsnap, json, numpy as np
            kept = [np.array(["r%d.%d" % (n, i) for i in range(1000)], dtype=object)
                    for n in range(20)]
            heapsnap.dump(PATH)
            print(json.dumps([id(s) for a in kept for s in a]))
        """)
        self.assertEqual([i for i in facts if i not in snap.by_id], [])

    @unittest.skipUnless(importlib.util.find_spec("pandas"), "pandas is not installed")
    def test_data_frames(self):
        facts, snap = self.capture("""
            import heapsnap, json, numpy as np, pandas as pd
            class Cell:
                pass
            frame = pd.DataFrame({"number": np.arange(100), "name": pd.Series([Cell() for i in
                                  range(100)], dtype=object)})
            series = pd.Series([Cell() for i in range(50)], dtype=object)
            heapsnap.dump(PATH)
            print(json.dumps([id(frame), id(series)]))
        """)
        for start, n in zip(facts, (100, 50)):
            met = {snap.by_id[start]["ordinal"]}
            queue = list(met)
            while queue:  # what the frame reaches without its classes
                for edge in snap.out[queue.pop()]:
                    target = snap.objects[edge["ordinal"]]
                    if edge["ordinal"] not in met and snap.type(target) != "builtins.type":
                        met.add(edge["ordinal"])
                        queue.append(edge["ordinal"])
            self.assertGreaterEqual(sum(snap.type(snap.objects[o]) == "__main__.Cell" for o in met),
                                    n)
        cells = [(o, n) for o, n in snap.unexplained() if snap.type(o) == "__main__.Cell"]
        self.assertEqual(cells, [])


if __name__ == "__main__":
    if importlib.util.find_spec("numpy") is None:
        print("skipped: this Python has no numpy")
        sys.exit(77)
    unittest.main(verbosity=2)

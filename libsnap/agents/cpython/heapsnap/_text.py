"""Numbers, sizes and tables as people read them; names from other processes made harmless."""

import json
import sys


def size(n):
    """Bytes with a binary unit: 0 B, 1.5 KiB, 12.3 MiB."""
    value, sign = abs(n), "-" if n < 0 else ""
    if value < 1024:
        return "%s%d B" % (sign, value)
    for unit in ("KiB", "MiB", "GiB", "TiB", "PiB"):
        value /= 1024
        if value < 1023.95:
            break
    return "%s%.1f %s" % (sign, value, unit)


def growth(n):
    """A signed size: +1.5 KiB, -3 B, 0 B."""
    return ("+" if n > 0 else "") + size(n)


def count(n):
    """A count with the thousands apart: 1,234,567."""
    return format(n, ",d")


def duration(ns):
    """Nanoseconds as 950 us, 12 ms, 3.4 s or 2 min 5 s."""
    if ns < 1e6:
        return "%.0f us" % (ns / 1e3)
    if ns < 1e9:
        return "%.0f ms" % (ns / 1e6)
    if ns < 99.95e9:
        return "%.1f s" % (ns / 1e9)
    seconds = round(ns / 1e9)
    return "%d min %d s" % (seconds // 60, seconds % 60)


def harmless(text):
    """Text of another process, safe on a terminal: what is not printable is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def table(rows, right):
    """Lines of aligned columns; `right` holds the numbers of the columns that align right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        cells = [c.rjust(w) if i in right else c.ljust(w)
                 for i, (c, w) in enumerate(zip(row, widths))]
        yield "  ".join(cells).rstrip()


def print_json(document):
    """One JSON document on standard output. What is not printable in it stands in texts, and is
    escaped."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    sys.stdout.write("".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1]
                             for c in text) + "\n")

// SPDX-License-Identifier: MIT
// A tree of sizes as an icicle that can be walked down: the dominator tree, and stacks of calls.
// A click or Enter makes a node the whole width; beside the chart stands what is known of the node,
// and a table of what it holds, with which one can walk as well.

const LEVELS = 14;      // drawn below the node that is the whole width
const NARROW = 0.0025;  // of the whole width: drawn as a remainder
const CHILD_ROWS = 25;

class Icicle {
  // words: { what, own, below, unit, holds } are what things are called.
  constructor(place, tree, words) {
    this.tree = tree;
    this.words = words;
    this.children = tree.parent.map(() => []);
    tree.parent.forEach((parent, node) => { if (parent >= 0) this.children[parent].push(node); });
    for (const list of this.children) list.sort((a, b) => tree.bytes[b] - tree.bytes[a] || a - b);
    this.top = this.selected = 0;
    this.crumbs = make("ol", { class: "crumbs", "aria-label": "From the top" });
    this.chart = make("div", { class: "icicle", role: "tree", "aria-label": words.what });
    this.detail = make("div", { class: "detail" });
    place.append(this.crumbs, this.chart, this.detail);
    place.hidden = false;
    this.chart.addEventListener("keydown", (event) => this.key(event));
    this.chart.addEventListener("click", (event) => {
      const item = event.target.closest("[role=treeitem]");
      if (item) this.goIn(Number(item.dataset.node));
    });
    this.draw();
  }

  typeOf(node) {
    return names[this.tree.type[node]];
  }

  // ".cache", "Session x 4,711", "live heap"
  nameOf(node) {
    const { label, n, object } = this.tree;
    if (label[node] >= 0) return names[label[node]];
    return n[node] > 1 && object[node] !== "0" ? `${this.typeOf(node)} \u00d7 ${count(n[node])}`
                                               : this.typeOf(node);
  }

  // The same with its type, where the name is not that.
  fullName(node) {
    const name = this.nameOf(node);
    return this.tree.label[node] >= 0 ? `${name}: ${this.typeOf(node)}` : name;
  }

  share(node) {
    return percent(this.tree.bytes[node], this.tree.bytes[0]);
  }

  sentence(node) {
    const { bytes, count: objects } = this.tree;
    return `${this.fullName(node)}, ${size(bytes[node])}, ${this.share(node)} of all, ` +
      plural(objects[node], this.words.unit);
  }

  above(node) {
    const list = [];
    for (; node >= 0; node = this.tree.parent[node]) list.unshift(node);
    return list;
  }

  // ---- drawing ----

  draw() {
    this.items = new Map();
    this.chart.replaceChildren(this.cell(this.top, 0, 1));
    this.crumbs.replaceChildren(...this.above(this.top).map((node) => {
      const here = node === this.top;
      const text = `${this.nameOf(node)}`;
      return make("li", null, here ? make("span", { "aria-current": "true" }, text)
                                   : button(text, () => this.goIn(node)));
    }));
    this.select(this.items.has(this.selected) ? this.selected : this.top);
  }

  // A node and what is drawn below it; `width` is its part of the whole.
  cell(node, depth, width) {
    const { bytes } = this.tree;
    const text = this.nameOf(node);
    const item = make("div", {
      role: "treeitem", class: "cell", tabindex: "-1", "aria-level": depth + 1,
      "aria-label": this.sentence(node), "aria-selected": "false", title: this.sentence(node),
      "data-node": node,
    }, make("div", { class: `label c${colour(this.typeOf(node))}`, "aria-hidden": "true" },
            make("span", { class: "text" }, text), make("span", { class: "size" },
                                                        size(bytes[node]))));
    this.items.set(node, item);
    if (depth < LEVELS && bytes[node] > 0) this.below(item, node, depth, width);
    return item;
  }

  below(item, node, depth, width) {
    const { bytes, rest_bytes: rest, rest_count: restCount } = this.tree;
    const row = make("div", { role: "group", class: "row" });
    let small = rest[node], smallCount = restCount[node];
    for (const child of this.children[node]) {
      const part = bytes[child] / bytes[node];
      if (part * width < NARROW) {
        small += bytes[child];
        smallCount += this.tree.count[child];
        continue;
      }
      const cell = this.cell(child, depth + 1, part * width);
      cell.style.width = `${100 * part}%`;
      row.append(cell);
    }
    if (row.childElementCount) item.setAttribute("aria-expanded", "true");
    if (small > 0) {
      const folded = make("div", {
        class: "folded", "aria-hidden": "true",
        title: `${plural(smallCount, this.words.unit)} that are smaller, ${size(small)}`,
      });
      folded.style.width = `${100 * small / bytes[node]}%`;
      row.append(folded);
    }
    if (row.childNodes.length) item.append(row);
  }

  // ---- walking ----

  select(node, focus) {
    const old = this.items.get(this.selected);
    if (old) {
      old.setAttribute("aria-selected", "false");
      old.tabIndex = -1;
    }
    this.selected = node;
    const item = this.items.get(node);
    item.setAttribute("aria-selected", "true");
    item.tabIndex = 0;
    if (focus) item.focus();
    this.describe(node);
  }

  goIn(node) {
    this.top = this.selected = node;
    this.draw();
    this.items.get(node).focus({ preventScroll: true });
  }

  // To a node from elsewhere on the page: what stands above it stays to be seen.
  show(node) {
    this.selected = node;
    this.top = Math.max(this.tree.parent[node], 0);
    this.draw();
    goTo(this.items.get(this.selected));
  }

  // The next node drawn beside this one, which need not have the same parent.
  beside(node, step) {
    const level = this.items.get(node).getAttribute("aria-level");
    const row = [...this.chart.querySelectorAll(`[aria-level="${level}"]`)];
    const next = row[row.indexOf(this.items.get(node)) + step];
    return next ? Number(next.dataset.node) : node;
  }

  key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const node = this.selected, { parent } = this.tree;
    const drawn = (list) => list.find((child) => this.items.has(child));
    let next = null;
    switch (event.key) {
      case "ArrowDown": next = drawn(this.children[node]); break;
      case "ArrowUp": next = node === this.top ? null : parent[node]; break;
      case "ArrowRight": next = this.beside(node, 1); break;
      case "ArrowLeft": next = this.beside(node, -1); break;
      case "Home": next = this.top; break;
      case "Enter":
      case " ": this.goIn(node); break;
      case "Escape":
      case "Backspace": if (this.top > 0) this.goIn(parent[this.top]); break;
      default: return;
    }
    event.preventDefault();
    if (next !== null && next !== undefined) this.select(next, true);
  }

  // ---- what is known of a node ----

  describe(node) {
    const { bytes, own, count: objects, n, object } = this.tree;
    const facts = make("dl", { class: "facts" });
    const fact = (name, value) => {
      facts.append(make("div", null, make("dt", null, name), make("dd", null, value)));
    };
    fact(this.words.total, `${size(bytes[node])} (${this.share(node)})`);
    fact(this.words.own, size(own[node]));
    fact(this.words.unit + "s", `${count(n[node])} here, ${count(objects[node])} in all`);
    if (object[node] !== "0") fact(n[node] > 1 ? "largest" : "object", objectButton(object[node]));
    this.detail.replaceChildren(make("h3", null, this.fullName(node)), facts,
                                this.childTable(node));
  }

  childTable(node) {
    const { bytes, count: objects, rest_bytes: rest, rest_count: restCount } = this.tree;
    const list = this.children[node];
    if (!list.length && !rest[node]) return "";
    const body = make("tbody", null);
    const add = (name, amount, n, kind) => body.append(make("tr", { class: kind },
      make("td", { class: "n" }, size(amount)), make("td", { class: "n" }, percent(amount, bytes[node])),
      make("td", { class: "n" }, count(n)), make("td", { class: "name" }, name)));
    const shown = list.slice(0, CHILD_ROWS);
    for (const child of shown)
      add(button(this.fullName(child), () => this.goIn(child)), bytes[child], objects[child], null);
    const others = list.slice(CHILD_ROWS);
    const sum = (column) => others.reduce((total, child) => total + column[child], 0);
    if (others.length) add(`${count(others.length)} smaller ones`, sum(bytes), sum(objects), "rest");
    if (rest[node]) add("smaller still, folded", rest[node], restCount[node], "rest");
    const head = ["size", "share", this.words.unit + "s", this.words.holds].map((title, i) =>
      make("th", { scope: "col", class: i < 3 ? "n" : null }, title));
    return make("div", { class: "wide" }, make("table", null,
      make("caption", null, `${this.words.below} ${this.fullName(node)}`),
      make("thead", null, make("tr", null, ...head)), body));
  }
}

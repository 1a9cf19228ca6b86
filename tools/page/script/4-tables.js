// SPDX-License-Identifier: MIT
// Tables that can be sorted, and the types that the HTML has no rows for.

function valueOf(row, column) {
  const cell = row.cells[column];
  return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
}

function sortBy(table, head, column) {
  const body = table.tBodies[0];
  const down = head.getAttribute("aria-sort") !== "descending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = [...body.rows].map((row) => [row, valueOf(row, column)]);
  rows.sort(([rowA, a], [rowB, b]) => {
    const last = rowA.classList.contains("rest") - rowB.classList.contains("rest");
    if (last) return last; // what is folded stays below
    const order = a < b ? -1 : a > b ? 1 : 0;
    return typeof a === "number" && down || typeof a === "string" && !down ? -order : order;
  });
  body.append(...rows.map(([row]) => row));
}

function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const text = head.textContent;
    if (!text || text === "share") return;
    head.replaceChildren(button(text, () => sortBy(table, head, column), { class: "sort" }));
  });
}

// ---- types ----

const typeTable = document.getElementById("type-table");
let typeRows = typeTable.tBodies[0].querySelectorAll("tr:not(.rest)").length;

function number(value, text) {
  return make("td", { class: "n", "data-v": value }, text);
}

function typeRow(k) {
  const { name, n, shallow, retained, native } = data.types;
  const all = data.live + data.live_native, outside = native ? native[k] : 0;
  const bar = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  for (const [key, value] of [["class", "bar"], ["viewBox", "0 0 100 1"], ["aria-hidden", "true"],
                              ["preserveAspectRatio", "none"]]) bar.setAttribute(key, value);
  rect.setAttribute("width", all ? Math.min(100, 100 * (retained[k] + outside) / all) : 0);
  rect.setAttribute("height", "1");
  bar.append(rect);
  return make("tr", null, number(retained[k], size(retained[k])),
    ...(native ? [number(outside, size(outside))] : []), make("td", { class: "share" }, bar),
    number(shallow[k], size(shallow[k])), number(n[k], count(n[k])),
    make("td", { class: "name" }, names[name[k]]));
}

// The rows for all types that are in the page; what is left is one row still.
function allTypes() {
  const body = typeTable.tBodies[0], types = data.types;
  const rest = body.querySelector(".rest");
  for (; typeRows < types.name.length; typeRows++) body.insertBefore(typeRow(typeRows), rest);
  document.getElementById("more-types")?.remove();
  if (!rest) return;
  rest.remove();
  if (!types.rest) return;
  body.append(make("tr", { class: "rest" }, make("td", { class: "n" }), make("td"),
    ...(types.native ? [make("td")] : []), number(types.rest_shallow, size(types.rest_shallow)),
    number(types.rest_n, count(types.rest_n)),
    make("td", { class: "name" }, plural(types.rest, "more type"))));
}

function startTables() {
  for (const table of document.querySelectorAll("main table")) makeSortable(table);
  const more = data.types.name.length - typeRows;
  if (more > 0)
    typeTable.parentElement.after(button(`Show ${plural(more, "more type")}`, allTypes,
                                         { id: "more-types" }));
}

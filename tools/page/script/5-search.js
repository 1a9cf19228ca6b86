// SPDX-License-Identifier: MIT
// Search in all that the page holds: types, objects of the tree, owners, findings, places.

const FOUND_MOST = 40;

// What can be found: kind, text, and how to get there.
function searchIndex() {
  const found = [];
  data.types.name.forEach((name, k) => found.push(["type", names[name], () => {
    if (k >= typeRows) allTypes();
    const row = [...typeTable.tBodies[0].rows].find((x) => x.cells[4].textContent === names[name]);
    if (row) goTo(row);
  }]));
  data.tree.label.forEach((label, node) => {
    const kind = label >= 0 ? "object" : data.tree.n[node] > 1 ? "group" : null;
    if (kind) found.push([kind, icicle.fullName(node), () => icicle.show(node)]);
  });
  for (const item of document.querySelectorAll("#findings li"))
    found.push(["finding", item.querySelector(".found-what").textContent, () => goTo(item)]);
  for (const [kind, id] of [["owner", "owners"], ["variable", "global-table"]])
    for (const row of document.querySelectorAll(`#${id} tbody tr:not(.rest)`))
      found.push([kind, row.querySelector(".name > code, .name > span").textContent,
                  () => goTo(row)]);
  for (const chart of [sitesIcicle, nativeIcicle])
    if (chart) chart.tree.type.forEach((name, node) => {
      if (node) found.push(["place", names[name], () => chart.show(node)]);
    });
  return found;
}

function find(index, words) {
  const wanted = words.toLowerCase().split(/\s+/).filter((word) => word);
  if (!wanted.length) return [];
  const seen = new Set();
  return index.filter(([kind, text]) => {
    const low = text.toLowerCase(), key = kind + text;
    if (seen.has(key) || !wanted.every((word) => low.includes(word))) return false;
    seen.add(key);
    return true;
  });
}

function startSearch() {
  const place = document.getElementById("search");
  const input = make("input", { id: "search-words", type: "search", autocomplete: "off",
                                placeholder: "Search types, objects, findings" });
  const said = make("p", { class: "said", role: "status" });
  const list = make("ul", { id: "found", "aria-label": "Found" });
  let index = null, timer = 0;
  const run = () => {
    index ||= searchIndex();
    const found = find(index, input.value);
    list.replaceChildren(...found.slice(0, FOUND_MOST).map(([kind, text, go]) => make("li", null,
      button(text, () => { place.classList.remove("open"); go(); }, { "data-kind": kind }))));
    said.textContent = !input.value.trim() ? "" : found.length > FOUND_MOST
      ? `${plural(found.length, "result")}, the first ${FOUND_MOST} are shown`
      : plural(found.length, "result");
    place.classList.toggle("open", input.value.trim() !== "");
  };
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(run, 80); });
  place.addEventListener("keydown", (event) => {
    const buttons = [...list.querySelectorAll("button")];
    const at = buttons.indexOf(document.activeElement);
    if (event.key === "Escape") { input.value = ""; run(); input.focus(); }
    else if (event.key === "ArrowDown") (buttons[at + 1] || buttons[0])?.focus();
    else if (event.key === "ArrowUp") (at > 0 ? buttons[at - 1] : input).focus();
    else if (event.key === "Enter" && at < 0) { run(); list.querySelector("button")?.focus(); }
    else return;
    event.preventDefault();
  });
  place.append(make("label", { for: "search-words", class: "heard" }, "Search"), input,
               make("div", { class: "results" }, said, list));
  place.hidden = false;
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || event.target.closest("input")) return;
    event.preventDefault();
    input.focus();
  });
}

// SPDX-License-Identifier: MIT
// Why an object is alive: the shortest path to it from a root, step by step.

const paths = data.paths;
const stepOf = new Map(paths.id.map((id, step) => [id, step]));
const nodeOf = new Map(); // object -> node of the dominator tree
data.tree.object.forEach((id, node) => {
  if (id !== "0" && data.tree.n[node] === 1) nodeOf.set(id, node);
});
const pathPlace = document.getElementById("path-view");
const pathInput = make("input", { id: "path-object", inputmode: "numeric", autocomplete: "off",
                                  size: "12" });
const pathResult = make("div", { class: "path-result", tabindex: "-1" });

// The path of an object has an address of its own: page.html#object-4711.
const ADDRESS = /^#object-(\d+)$/;

function objectButton(id) {
  const go = () => {
    if (location.hash === `#object-${id}`) showPath(id, true);
    else location.hash = `object-${id}`;
  };
  return button("#" + id, go, { class: "object", title: "why it is alive" });
}

function pathRow(step, number) {
  const id = paths.id[step];
  const place = nodeOf.has(id)
    ? button("in the tree", () => icicle.show(nodeOf.get(id)), { class: "link" }) : "";
  return make("tr", null, make("td", { class: "n" }, count(number)),
    make("td", { class: "name" }, make("code", null, names[paths.edge[step]])),
    make("td", { class: "name" }, names[paths.type[step]], " ", objectButton(id), " ", place),
    make("td", { class: "n" }, size(paths.shallow[step])),
    make("td", { class: "n" }, size(paths.retained[step])));
}

function pathTable(id) {
  const steps = [];
  for (let step = stepOf.get(id); step >= 0; step = paths.up[step]) steps.unshift(step);
  const body = make("tbody", null);
  let number = 0;
  for (const step of steps) {
    if (paths.gap[step])
      body.append(make("tr", { class: "rest" }, make("td", { class: "n" }, "\u2026"),
        make("td", { colspan: "4" }, plural(paths.gap[step], "step") + " left out")));
    number += paths.gap[step] + 1;
    body.append(pathRow(step, number));
  }
  const head = ["step", "reference", "object", "shallow", "retained"].map((title, i) =>
    make("th", { scope: "col", class: i === 0 || i > 2 ? "n" : null }, title));
  return make("div", { class: "wide" }, make("table", { id: "path-table" },
    make("caption", null, `The shortest path from a root to #${id}`),
    make("thead", null, make("tr", null, ...head)), body));
}

function showPath(id, move) {
  pathInput.value = "#" + id;
  pathResult.replaceChildren(stepOf.has(id) ? pathTable(id) : make("p", null,
    `The page does not hold the path of #${id}; ask for it with `,
    make("code", null, `snappath FILE '#${id}'`), "."));
  if (move) goTo(pathResult);
}

function askForPath(event) {
  event.preventDefault();
  showPath(pathInput.value.trim().replace(/^#/, ""), true);
}

function startPaths() {
  const form = make("form", { class: "ask" },
    make("label", { for: "path-object" }, "Object number"), pathInput,
    make("button", { type: "submit" }, "Show path"));
  form.addEventListener("submit", askForPath);
  pathPlace.append(form, pathResult);
  pathPlace.hidden = false;
  for (const span of document.querySelectorAll("span.object"))
    span.replaceWith(objectButton(span.dataset.object));
  const first = document.querySelector("#object-table button.object");
  const asked = () => location.hash.match(ADDRESS)?.[1];
  if (asked()) showPath(asked(), true);
  else if (first) showPath(first.textContent.slice(1), false);
  window.addEventListener("hashchange", () => { if (asked()) showPath(asked(), true); });
}

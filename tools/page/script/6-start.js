// SPDX-License-Identifier: MIT
// Fills the parts of the page that are not HTML already.

const siteWords = { what: "Calls by what they allocated", own: "here", total: "allocated",
                    below: "Called by", unit: "object", holds: "call" };

function siteChart(id, tree, unit) {
  return tree ? new Icicle(document.getElementById(id), tree, { ...siteWords, unit }) : null;
}

const icicle = new Icicle(document.getElementById("tree-view"), data.tree, {
  what: "Dominator tree by retained size", own: "own size", total: "retained",
  below: "Kept alive by", unit: "object", holds: "what it keeps alive",
});
const sitesIcicle = siteChart("sites-view", data.sites, "object");
const nativeIcicle = siteChart("native-view", data.native, "block");
startPaths();
startTables();
startSearch();
document.documentElement.classList.add("ready");

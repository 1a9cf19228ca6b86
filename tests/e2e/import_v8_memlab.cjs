// SPDX-License-Identifier: MIT
//
// What memlab says about a heap snapshot: one line a node, "id self_size retained_size".
//
//     node import_v8_memlab.cjs FILE OUT       (run where @memlab/core is installed)
const fs = require('node:fs');
const path = require('node:path');
const {utils, analysis} =
    require(require.resolve('@memlab/core', {paths: [path.resolve(process.cwd())]}));

(async () => {
  const [file, out] = process.argv.slice(2);
  const snapshot = await utils.getSnapshotFromFile(file, {buildNodeIdIndex: false});
  analysis.preparePathFinder(snapshot);
  const lines = [];
  snapshot.nodes.forEach(n => { lines.push(`${n.id} ${n.self_size} ${n.retainedSize}`); });
  fs.writeFileSync(out, lines.join('\n') + '\n');
})();

// SPDX-License-Identifier: MIT
//
// What Chrome DevTools says about a heap snapshot, by its own worker run under Node: one line a
// node, "id self_size retained_size distance", after a line "nodes N". Bundled by import_v8.py.
//
//     node devtools.mjs plain|folded|traces FILE
//
// `folded` is DevTools as it is: it moves the sizes of internal nodes that have one owner to the
// owner. `plain` leaves sizes where they are, as DevTools does for snapshots with internals. `traces`
// prints its table of allocations instead: functions with what they allocated and is alive.
import * as fs from 'node:fs';
import {MessageChannel} from 'node:worker_threads';
import {HeapSnapshotLoader} from
  'chrome-devtools-frontend/front_end/entrypoints/heap_snapshot_worker/HeapSnapshotLoader.ts';
import * as Snapshot from
  'chrome-devtools-frontend/front_end/entrypoints/heap_snapshot_worker/HeapSnapshot.ts';

Promise.withResolvers ??= function() {
  let resolve, reject;
  const promise = new Promise((a, b) => { resolve = a; reject = b; });
  return {promise, resolve, reject};
};

async function load(path) {
  const dispatcher = {sendEvent() {}};
  const loader = new HeapSnapshotLoader(dispatcher);
  const file = fs.openSync(path, 'r');
  const chunk = Buffer.alloc(1 << 20);
  const decoder = new TextDecoder();
  for (let n; (n = fs.readSync(file, chunk)) > 0;) {
    loader.write(decoder.decode(chunk.subarray(0, n), {stream: true}));
    await new Promise(setImmediate);
  }
  loader.close();
  await loader.parsingComplete;
  const {port1, port2} = new MessageChannel();
  new Snapshot.SecondaryInitManager(port2);
  const snapshot = await loader.buildSnapshot(port1);
  port1.close();
  port2.close();
  return snapshot;
}

const [mode, path, quiet] = process.argv.slice(2);
// Some stacks of calls that Node writes stop the worker.
const initialize = Snapshot.JSHeapSnapshot.prototype.initialize;
Snapshot.JSHeapSnapshot.prototype.initialize = function(port) {
  if (mode !== 'traces') this.profile.snapshot.trace_function_count = 0;
  return initialize.call(this, port);
};

if (mode === 'plain') Snapshot.JSHeapSnapshot.prototype.calculateShallowSizes = function() {};
const s = await load(path);
if (mode === 'traces') {
  fs.writeSync(1, JSON.stringify(s.allocationTracesTops().slice(0, 300)));
  process.exit(0);
}
const lines = [`nodes ${s.nodeCount}`];
for (let i = 0; i < s.nodeCount && !quiet; i++) {
  const node = s.createNode(i * s.nodeFieldCount);
  lines.push(`${node.id()} ${node.selfSize()} ${s.retainedSizes[i]} ${s.nodeDistances[i]}`);
  if (lines.length === 65536) process.stdout.write(lines.splice(0).join('\n') + '\n');
}
process.stdout.write(lines.join('\n') + '\n');

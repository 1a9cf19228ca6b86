/* SPDX-License-Identifier: MIT */
/*
 * A small HTTP service with routes, a table of constants, a cache that fills and stays, keep-alive
 * connections and timers; two snapshots of its heap after as many requests each.
 *
 *   node --expose-gc service.js clean|leaks PREFIX     writes PREFIX-a and -b.heapsnapshot
 *
 * With `leaks` it never forgets a session, and leaves a listener for every request.
 */
'use strict';
const http = require('node:http'), v8 = require('node:v8'), crypto = require('node:crypto');
const { EventEmitter } = require('node:events');

const [kind, prefix] = process.argv.slice(2);
const REQUESTS = 1800, CACHED = 200;

class Session {
  constructor(id) { this.id = id; this.seen = new Date(); this.basket = [id, 'x'.repeat(20) + id]; }
}

class Router {
  constructor() { this.routes = new Map(); }
  get(path, handle) { this.routes.set('GET ' + path, handle); }
  serve(request, response) {
    const handle = this.routes.get(request.method + ' ' + request.url.split('?')[0]);
    if (handle) return handle(request, response);
    response.statusCode = 404;
    response.end('no such page');
  }
}

const sessions = new Map(), pages = new Map(), bus = new EventEmitter();
const COUNTRIES = Array.from({ length: 300 }, (_, i) => ({ code: i, name: 'country ' + i }));
const app = new Router();
bus.setMaxListeners(0);

app.get('/page', (request, response) => {
  const key = request.url;
  if (!pages.has(key)) pages.set(key, 'page ' + key);
  if (pages.size > CACHED) pages.delete(pages.keys().next().value);
  response.end(pages.get(key));
});
app.get('/login', (request, response) => {
  const id = crypto.createHash('md5').update(request.url).digest('hex'), session = new Session(id);
  sessions.set(id, session);
  const visit = { when: new Date(), words: Array.from({ length: 20 }, (_, i) => id + i) };
  bus.on('logout', () => visit.words.length);
  if (kind !== 'leaks') {
    sessions.delete(id);
    bus.removeAllListeners('logout');
  }
  response.end(JSON.stringify({ id, country: COUNTRIES[id.charCodeAt(0) % 300] }));
});

const server = http.createServer((request, response) => app.serve(request, response));
const agent = new http.Agent({ keepAlive: true });
let asked = 0;

const ask = path => new Promise((done, failed) => {
  http.get({ port: server.address().port, path, agent }, answer => {
    answer.resume();
    answer.on('end', done);
  }).on('error', failed);
});

server.listen(0, '127.0.0.1', async () => {
  for (const part of ['a', 'b']) {
    for (let i = 0; i < REQUESTS; i++, asked++)
      await ask(['/page?' + asked % 1000, '/login?' + asked, '/nothing'][i % 3]);
    gc();
    v8.writeHeapSnapshot(`${prefix}-${part}.heapsnapshot`);
  }
  process.exit(0);
});

#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A small web shop that leaks the way services do.

A registry follows the requests in progress, so that an operator can see what the service is doing
(``/status``). It moves each request to ``finished`` when it is over, "to look at later", and
nothing ever takes them out again: every finished request stays, with its headers, its body, its
session and its rendered answer. All else is as it should be: the catalogue is loaded once, the page
cache is bounded, sessions expire.

    python3 registry_service.py [--port N]     prints the address, serves until SIGTERM or SIGINT
"""

import argparse
import functools
import itertools
import json
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PRODUCTS = 500
SESSION_SECONDS = 5.0


class Product:
    """One thing for sale."""

    __slots__ = ("number", "name", "price", "description")

    def __init__(self, number):
        self.number = number
        self.name = "Product %d" % number
        self.price = 100 + 7 * number
        self.description = " ".join("word%d" % (number * k % 991) for k in range(40))


class Catalogue:
    """All products, read once when the service starts."""

    def __init__(self):
        self.by_number = {n: Product(n) for n in range(PRODUCTS)}

    @functools.lru_cache(maxsize=100)
    def page(self, number):
        product = self.by_number[number % PRODUCTS]
        return "<h1>%s</h1><p>%s</p><p>%d</p>" % (product.name, product.description, product.price)


class Session:
    """What the service remembers of a visitor between requests."""

    def __init__(self, visitor):
        self.visitor = visitor
        self.basket = []
        self.last_seen = time.monotonic()


class Sessions:
    """Sessions by visitor; one that was not seen for a while goes."""

    def __init__(self):
        self.by_visitor = {}
        self.lock = threading.Lock()

    def get(self, visitor):
        now = time.monotonic()
        with self.lock:
            for other, session in list(self.by_visitor.items()):
                if now - session.last_seen > SESSION_SECONDS:
                    del self.by_visitor[other]
            session = self.by_visitor.setdefault(visitor, Session(visitor))
            session.last_seen = now
        return session


class Request:
    """One request while it is served."""

    def __init__(self, number, method, path, headers, body):
        self.number = number
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
        self.started = time.time()
        self.session = None
        self.answer = None


class RequestRegistry:
    """Which requests are being served, and which were."""

    def __init__(self):
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.active = {}
        self.finished = []

    def begin(self, method, path, headers, body):
        request = Request(next(self.numbers), method, path, headers, body)
        with self.lock:
            self.active[request.number] = request
        return request

    def end(self, request):
        with self.lock:
            del self.active[request.number]
            self.finished.append(request)  # and here they stay


CATALOGUE = Catalogue()
SESSIONS = Sessions()
REGISTRY = RequestRegistry()


def answer(request):
    """The page for a request."""
    parts = urlsplit(request.path)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    if parts.path == "/status":
        return json.dumps({"active": len(REGISTRY.active), "finished": len(REGISTRY.finished)})
    request.session = SESSIONS.get(query.get("visitor", "nobody"))
    number = int(query.get("product", "0"))
    if parts.path == "/buy":
        request.session.basket.append(number)
        return "%d in the basket" % len(request.session.basket)
    return CATALOGUE.page(number)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = REGISTRY.begin(self.command, self.path, dict(self.headers), body)
        try:
            request.answer = answer(request)
            data = request.answer.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        finally:
            REGISTRY.end(request)

    do_GET = do_POST = serve

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="0 (default): any free one")
    server = Server(("127.0.0.1", parser.parse_args().port), Handler)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    print("http://127.0.0.1:%d" % server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

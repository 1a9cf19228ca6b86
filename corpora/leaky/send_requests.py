#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Visitors for registry_service.py: send requests from several threads, then say what it answered.

    python3 send_requests.py http://127.0.0.1:PORT COUNT
"""

import http.client
import sys
import threading
from urllib.parse import urlsplit

THREADS = 4


def visit(host, numbers, problems):
    """Send a request for each number over one connection."""
    connection = http.client.HTTPConnection(host, timeout=60)
    try:
        for n in numbers:
            path = "?product=%d&visitor=v%d" % (n % 500, n % 50)
            if n % 5 == 0:
                connection.request("POST", "/buy" + path, body=b"note: " + b"please hurry " * 20)
            else:
                connection.request("GET", "/product" + path)
            response = connection.getresponse()
            response.read()
            if response.status != 200:
                problems.append("status %d for %s" % (response.status, path))
    except OSError as error:
        problems.append(str(error))
    finally:
        connection.close()


def main():
    host, count = urlsplit(sys.argv[1]).netloc, int(sys.argv[2])
    problems = []
    threads = [threading.Thread(target=visit, args=(host, range(i, count, THREADS), problems))
               for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems:
        sys.exit("send_requests.py: %s" % problems[0])
    print("%d requests sent, all answered" % count)


if __name__ == "__main__":
    main()

# SPDX-License-Identifier: MIT
"""A Flask service keeps each request in a list, for a report that nobody reads."""

import flask

app = flask.Flask(__name__)
history = []


@app.route("/item/<int:n>")
def item(n):
    history.append({"path": flask.request.path, "headers": dict(flask.request.headers)})
    return "item %d" % n


client = app.test_client()


def work(n):
    assert client.get("/item/%d" % n).status_code == 200

VERDICT = "managed-leak"
OWNER = "flask_requests.history"
FINDING = "growing-owners", "history"
NEEDS = "flask"

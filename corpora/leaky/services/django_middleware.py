# SPDX-License-Identifier: MIT
"""A Django middleware keeps something of each request on itself: there is one of it, for ever."""

import io

import django
from django.conf import settings

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="x", LOGGING_CONFIG=None,
                   MIDDLEWARE=[__name__ + ".Audit"])
django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402
from django.http import HttpResponse  # noqa: E402
from django.urls import path  # noqa: E402


class Audit:
    def __init__(self, get_response):
        self.get_response, self.trail = get_response, []

    def __call__(self, request):
        response = self.get_response(request)
        self.trail.append((request, response.status_code))
        return response


urlpatterns = [path("item/<int:n>", lambda request, n: HttpResponse("item %d" % n))]
application = WSGIHandler()


def work(n):
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/item/%d" % n, "SERVER_NAME": "localhost",
               "SERVER_PORT": "80", "wsgi.input": io.BytesIO(), "wsgi.url_scheme": "http"}
    response = application(environ, lambda status, headers: None)
    b"".join(response)
    response.close()


VERDICT = "managed-leak"
OWNER = "django_middleware"
FINDING = "growing-owners", "trail"
NEEDS = "django"

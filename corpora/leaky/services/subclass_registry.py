# SPDX-License-Identifier: MIT
"""A class is made for each request; its base keeps a list of them in a registry."""

class Model:
    registry = {}

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Model.registry[cls.__name__] = cls


def work(n):
    if n % 4 == 0:
        type("Row%d" % n, (Model,), {"n": n})

VERDICT = "managed-leak"
OWNER = "subclass_registry.Model.registry"
FINDING = "growing-owners", "registry"

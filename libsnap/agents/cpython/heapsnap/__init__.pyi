import os
import typing

__version__: str
__all__: typing.List[str]

class HeapsnapError(RuntimeError): ...

class DumpResult(typing.NamedTuple):
    path: typing.Optional[str]
    objects: int
    edges: int
    bytes: int
    pause: float
    total: float
    mode: str
    why: str
    sites: typing.Optional[bool]

class Plan(typing.NamedTuple):
    mode: str
    why: str
    rss: int
    objects: int
    pause: float
    total: float
    extra_bytes: int

class _HasFileno(typing.Protocol):
    def fileno(self) -> int: ...

def dump(path_or_fd: typing.Union[int, str, bytes, "os.PathLike[str]", _HasFileno], *,
         mode: str = ..., names: str = ..., values: bool = ..., gc_collect: bool = ...,
         labels: typing.Optional[typing.Mapping[str, str]] = ...,
         reason: typing.Optional[str] = ...) -> DumpResult: ...
def plan(mode: str = ...) -> Plan: ...
def listen(*, role: typing.Optional[str] = ..., signal: typing.Union[int, str, None] = ...,
           directory: typing.Union[str, bytes, "os.PathLike[str]", None] = ...) -> str: ...
def listening() -> typing.Optional[str]: ...
def stop_listening() -> None: ...
def self_check() -> int: ...

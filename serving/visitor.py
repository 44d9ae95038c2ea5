"""Who asks: the address a request came from, seen through the proxies the operator trusts, and the visitor's cookie."""

import os
import secrets
from functools import cache
from ipaddress import IPv6Address, ip_address, ip_network
from typing import NamedTuple

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.types import Scope

VARIABLE = "TORCH_EXPLORABLES_PROXIES"  # how many proxies in front append to X-Forwarded-For
COOKIE = "explorables_visitor"


def proxies_from_environment() -> int:
    """TORCH_EXPLORABLES_PROXIES, else 1 on a Space and 0 elsewhere; raises ValueError when it is no count."""
    given = os.environ.get(VARIABLE, "").strip()
    if not given:
        return 1 if os.environ.get("SPACE_ID") else 0
    if not given.isdigit():
        raise ValueError(f"{VARIABLE} must be a whole number from 0, not {given!r}.")
    return int(given)


@cache
def proxies() -> int:
    """The same, read once."""
    return proxies_from_environment()


def address_of(scope: Scope) -> str:
    """The address that the outermost trusted proxy saw; what a visitor writes into the header himself is further left."""
    peer = scope["client"][0] if scope.get("client") else ""
    said = forwarded_for(scope)
    return _household(said[-proxies()] if 0 < proxies() <= len(said) else peer)


def forwarded_for(scope: Scope) -> list[str]:
    """The addresses in X-Forwarded-For, that of the nearest proxy's peer last."""
    return [part.strip() for line in Headers(scope=scope).getlist("x-forwarded-for") for part in line.split(",")]


def _household(address: str) -> str:
    """An IPv6 customer has 2**64 addresses at least: they count as one."""
    try:
        read = ip_address(address)
    except ValueError:
        return address[:64]
    return str(ip_network((read, 64), strict=False)) if isinstance(read, IPv6Address) else address


def cookie_of(scope: Scope) -> str:
    """The visitor's cookie, or an empty string."""
    return cookie_parser(Headers(scope=scope).get("cookie", "")).get(COOKIE, "")[:64]


class Visitor(NamedTuple):
    """Who asks. The cookie may be invented or left out, so what one may do is also bounded for all of an address together."""

    cookie: str  # "" without one
    address: str


def visitor_of(scope: Scope) -> Visitor:
    return Visitor(cookie_of(scope), address_of(scope))


def new_cookie(scope: Scope) -> str:
    """A Set-Cookie header that ends with the browser session; over https it also works inside another site's frame."""
    site = "SameSite=None; Secure; Partitioned" if is_https(scope) else "SameSite=Lax"
    return f"{COOKIE}={secrets.token_urlsafe(16)}; Path=/; HttpOnly; {site}"


def is_https(scope: Scope) -> bool:
    """Whether the visitor's browser speaks https; serving/forwarded.py leaves only what trusted proxies say of it."""
    return (Headers(scope=scope).get("x-forwarded-proto") or scope["scheme"]).split(",")[0].strip() == "https"

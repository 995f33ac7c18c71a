"""Signing in with an identity provider (OpenID Connect, code flow with PKCE). The only door to Authlib."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from extractors.errors import UserError

ALGORITHMS = ["RS256", "PS256", "ES256"]
"""Signatures that are taken; never "none", never one with a shared secret."""
SECONDS, LEEWAY = 10.0, 60
DISCOVERY = "/.well-known/openid-configuration"


class NotSignedIn(Exception):
    """The provider's answer is not one that lets somebody in; `why` is for the log and holds no token."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in: `subject` is "issuer subject" and never changes; `name` is what the provider calls the person."""

    subject: str
    name: str


@dataclass(frozen=True, slots=True)
class Provider:
    """An identity provider as an admin names it. `acr`: how strongly people must have signed in there."""

    issuer: str
    client: str
    secret: str
    name: str = "your organisation"
    acr: str = ""

    def start(self, back: str, secret: str) -> str:
        """The address at the provider where the browser goes. Raises NotSignedIn when it cannot be reached."""
        from authlib.integrations.httpx_client import OAuth2Client

        unreachable: tuple[type[Exception], ...] = (OSError, ValueError, KeyError, *_http_errors())
        try:
            with OAuth2Client(self.client, redirect_uri=back, scope="openid profile", timeout=SECONDS,
                              code_challenge_method="S256") as client:  # fmt: skip
                found = self._described(client)
                address, _ = client.create_authorization_url(
                    found["authorization_endpoint"], state=derived(secret, "state"), nonce=derived(secret, "nonce"),
                    code_verifier=derived(secret, "verifier"), **({"acr_values": self.acr} if self.acr else {}),
                )  # fmt: skip
        except unreachable as error:
            raise NotSignedIn(type(error).__name__) from None
        return str(address)

    def finish(self, back: str, secret: str, code: str) -> Person:
        """Whom the code stands for. Raises NotSignedIn unless every check of the ID token holds."""
        from authlib.integrations.base_client import OAuthError
        from authlib.integrations.httpx_client import OAuth2Client
        from joserfc import jwk, jwt
        from joserfc.errors import JoseError

        try:
            with OAuth2Client(self.client, self.secret, redirect_uri=back, timeout=SECONDS) as client:
                found = self._described(client)
                given = client.fetch_token(
                    found["token_endpoint"], code=code, code_verifier=derived(secret, "verifier")
                )
                keys = client.request("GET", found["jwks_uri"], withhold_token=True).raise_for_status().json()
            token = jwt.decode(given["id_token"], jwk.KeySet.import_key_set(keys), algorithms=ALGORITHMS)
            needed: Any = {name: {"essential": True} for name in ("exp", "iat", "sub")}
            needed["iss"] = {"essential": True, "value": self.issuer}
            needed["aud"] = {"essential": True, "value": self.client}
            needed["nonce"] = {"essential": True, "value": derived(secret, "nonce")}
            jwt.JWTClaimsRegistry(leeway=LEEWAY, **needed).validate(token.claims)
        except (OSError, ValueError, KeyError, TypeError, OAuthError, JoseError, *_http_errors()) as error:
            raise NotSignedIn(type(error).__name__) from None
        return self._person(token.claims)

    def _described(self, client: Any) -> dict[str, Any]:
        """The provider's own description of itself; it must be the issuer that was named."""
        address = self.issuer.rstrip("/") + DISCOVERY
        found: dict[str, Any] = client.request("GET", address, withhold_token=True).json()
        if found.get("issuer") != self.issuer:
            raise ValueError("another issuer")
        return found

    def _person(self, claims: dict[str, Any]) -> Person:
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != self.client:
            raise NotSignedIn("made for another client")
        if self.acr and self.acr != claims.get("acr") and self.acr not in (claims.get("amr") or ()):
            raise NotSignedIn("not signed in strongly enough")
        name = claims.get("name") or claims.get("preferred_username") or claims["sub"]
        return Person(f"{self.issuer} {claims['sub']}", str(name)[:80])


def derived(secret: str, what: str) -> str:
    """State, nonce and PKCE verifier of one attempt, all of the random secret that lies in the browser's cookie."""
    digest = hashlib.sha256(f"{what} {secret}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def checked(issuer: str, client: str, secret: str, name: str, acr: str) -> Provider:
    """A provider of what was typed. Raises UserError for an address that others could listen at."""
    address = urlsplit(issuer)
    if address.scheme != "https" and address.hostname not in ("localhost", "127.0.0.1", "::1"):
        raise UserError(f"--oidc {issuer}: the provider's address must begin with https://")
    if importlib.util.find_spec("authlib") is None:
        raise UserError("signing in with a provider needs more: install chartproof[oidc]")
    return Provider(issuer, client, secret, name or "your organisation", acr)


def _http_errors() -> tuple[type[Exception], ...]:
    """What the HTTP library raises; which one Authlib uses depends on its version."""
    found = (importlib.import_module(name) for name in ("httpx2", "httpx") if importlib.util.find_spec(name))
    return tuple(library.HTTPError for library in found)

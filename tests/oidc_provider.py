"""A small identity provider that runs: discovery, authorization, tokens and keys over HTTP, as OpenID Connect has them."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import urlencode

from joserfc import jwk, jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "chartproof", "known to both"


class Provider:
    """Whoever comes to /authorize is `claims`; `spoil` changes an ID token's claims, `signer` the key it is signed with."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.key: jwk.Key = jwk.RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.signer: jwk.Key = self.key
        self.claims: dict[str, Any] = {"sub": "4711", "name": "Olga Provider"}
        self.spoil: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.discovery),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
                Route("/keys", self.keys),
            ]
        )

    def discovery(self, _request: Request) -> Response:
        at = self.issuer
        return JSONResponse({"issuer": at, "authorization_endpoint": f"{at}/authorize",
                             "token_endpoint": f"{at}/token", "jwks_uri": f"{at}/keys"})  # fmt: skip

    def authorize(self, request: Request) -> Response:
        asked = dict(request.query_params)
        if asked.get("client_id") != CLIENT or asked.get("response_type") != "code" or "openid" not in asked["scope"]:
            return Response(status_code=400)
        code = secrets.token_urlsafe()
        self.codes[code] = asked
        return RedirectResponse(f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}", 302)

    async def token(self, request: Request) -> Response:
        form = await request.form()
        asked = self.codes.pop(str(form.get("code")), None)  # a code works once
        client = base64.b64decode(request.headers.get("authorization", "Basic ").split(" ", 1)[1]).decode()
        hashed = hashlib.sha256(str(form.get("code_verifier", "")).encode()).digest()
        proof = base64.urlsafe_b64encode(hashed).rstrip(b"=").decode()
        if asked is None or client != f"{CLIENT}:{SECRET.replace(' ', '%20')}" and client != f"{CLIENT}:{SECRET}":
            return JSONResponse({"error": "invalid_client"}, 401)
        if asked["code_challenge_method"] != "S256" or proof != asked["code_challenge"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        if form.get("redirect_uri") != asked["redirect_uri"]:
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 60, "nonce": asked["nonce"]}
        header = {"alg": "RS256", "kid": "one"}
        token = jwt.encode(header, claims | self.claims | self.spoil, self.signer)
        return JSONResponse({"access_token": "unused", "token_type": "Bearer", "expires_in": 60, "id_token": token})

    def keys(self, _request: Request) -> Response:
        return JSONResponse(jwk.KeySet([self.key]).as_dict(private=False))

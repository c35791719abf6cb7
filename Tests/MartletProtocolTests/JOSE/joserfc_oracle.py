"""Signs and verifies with joserfc, for tests that compare it with ours.

Reads one JSON request from standard input, writes one JSON answer to standard output:
    {"do": "sign", "alg": A, "payload": {...}}          -> {"token": T, "jwks": {"keys": [...]}}
    {"do": "verify", "alg": A, "token": T, "jwks": {}}  -> {"header": {...}, "payload": {...}}
    {"do": "thumbprint", "key": {...}}                  -> {"thumbprint": T}
"""

import json
import sys
import warnings

from joserfc import jws
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey, import_key

# RFC 9864 gives EdDSA on Ed25519 a new name; the old one is what the world speaks.
warnings.simplefilter("ignore")


def generate(alg):
    if alg == "ES256":
        return ECKey.generate_key("P-256")
    if alg == "EdDSA":
        return OKPKey.generate_key("Ed25519")
    return RSAKey.generate_key(2048)


def sign(request):
    alg = request["alg"]
    key = generate(alg)
    kid = key.thumbprint()
    header = {"alg": alg, "kid": kid, "typ": "at+jwt"}
    payload = json.dumps(request["payload"]).encode()
    public = dict(key.as_dict(private=False), kid=kid, alg=alg, use="sig")
    token = jws.serialize_compact(header, payload, key, algorithms=[alg])
    return {"token": token, "jwks": {"keys": [public]}}


def verify(request):
    keys = KeySet.import_key_set(request["jwks"])
    token = jws.deserialize_compact(request["token"], keys, algorithms=[request["alg"]])
    return {"header": token.protected, "payload": json.loads(token.payload)}


def thumbprint(request):
    return {"thumbprint": import_key(request["key"]).thumbprint()}


request = json.load(sys.stdin)
answer = {"sign": sign, "verify": verify, "thumbprint": thumbprint}[request["do"]](request)
json.dump(answer, sys.stdout)

// Tokens as bytes and claims, and whether an ID token may be believed (OpenID Connect Core §3.1.3.7).

const text = new TextEncoder();

function toBase64URL(bytes) {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64URL(encoded) {
  const binary = atob(encoded.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/// 256 bits that nobody guesses: for state, nonce and the PKCE verifier.
export function randomText() {
  return toBase64URL(crypto.getRandomValues(new Uint8Array(32)));
}

/// The challenge to a PKCE verifier (RFC 7636 §4.2).
export async function challenge(verifier) {
  return toBase64URL(new Uint8Array(await crypto.subtle.digest('SHA-256', text.encode(verifier))));
}

/// Header and claims of a JWT, for looking at: nothing is verified here.
export function decode(token) {
  const [header, claims] = token.split('.').slice(0, 2).map((part) => {
    return JSON.parse(new TextDecoder().decode(fromBase64URL(part)));
  });
  return { header, claims };
}

function demand(condition, complaint) {
  if (!condition) throw new Error(`The ID token cannot be believed: ${complaint}.`);
}

/// Checks an ID token with the issuer's public keys.
///
/// `expected` has `issuer`, `audience`, `accessToken` and the `keys`; and `nonce` at a sign-in, or
/// `subject` at a refresh, where the token must still be about the same person (§12.2).
export async function verify(token, expected) {
  const { header, claims } = decode(token);
  demand(header.alg === 'ES256', 'it is signed with something else than ES256');
  const key = expected.keys.find((key) => key.kid === header.kid && key.kty === 'EC');
  demand(key, 'its key is not among those of the server');
  const imported = await crypto.subtle.importKey(
    'jwk',
    { kty: key.kty, crv: key.crv, x: key.x, y: key.y },
    { name: 'ECDSA', namedCurve: 'P-256' },
    false,
    ['verify'],
  );
  const [signed, signature] = [token.slice(0, token.lastIndexOf('.')), token.split('.')[2]];
  const isGenuine = await crypto.subtle.verify(
    { name: 'ECDSA', hash: 'SHA-256' },
    imported,
    fromBase64URL(signature),
    text.encode(signed),
  );
  demand(isGenuine, 'its signature is wrong');
  demand(claims.iss === expected.issuer, 'it comes from somebody else');
  demand([claims.aud].flat().includes(expected.audience), 'it is for somebody else');
  demand(claims.azp === undefined || claims.azp === expected.audience, 'it is for somebody else');
  const now = Date.now() / 1000;
  demand(now < claims.exp, 'it has expired');
  // The server's clock is this machine's; both count in whole seconds.
  demand(claims.iat <= now + 2, 'it comes from the future');
  if ('nonce' in expected) demand(claims.nonce === expected.nonce, 'it answers another sign-in');
  if ('subject' in expected) demand(claims.sub === expected.subject, 'it is about somebody else');
  if (claims.at_hash !== undefined) {
    const hash = await crypto.subtle.digest('SHA-256', text.encode(expected.accessToken));
    const half = toBase64URL(new Uint8Array(hash).slice(0, 16));
    demand(claims.at_hash === half, 'it came with another access token');
  }
  return claims;
}

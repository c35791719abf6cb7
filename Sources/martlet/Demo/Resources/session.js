// The app's side of OAuth: signs in by code and PKCE, keeps the session alive, signs out. The thief,
// who needs nothing but a copied token, is at the end.
//
// One refresh at a time, however many tabs are open: whoever wants one takes the lock first, and then
// looks whether another tab has been there meanwhile.

import * as store from './store.js';
import { challenge, decode, randomText, verify } from './tokens.js';

export const clientID = 'demo-app';
/// The Web Locks of all tabs: one to refresh, and one that each open tab has a share in.
export const refreshLock = 'martlet-demo.refresh';
export const tabLock = 'martlet-demo.tab';

const tab = randomText();
const home = `${location.origin}/`;
const scope = 'openid offline_access';
/// Deeds that are remembered, to tell who did what: more than are ever drawn.
const mostDeeds = 200;

/// The server's word that a token is not good.
export class Refusal extends Error {
  constructor(answer) {
    super(answer.error_description ?? answer.error);
    this.code = answer.error;
  }
}

let found = null;

/// The server's metadata (OpenID Connect Discovery). The page is the issuer's own.
export async function metadata() {
  if (found === null) {
    const answer = await fetch('/.well-known/openid-configuration');
    if (!answer.ok) throw new Error('The server does not answer.');
    found = await answer.json();
  }
  return found;
}

async function ask(parameters) {
  const { token_endpoint } = await metadata();
  const body = new URLSearchParams({ client_id: clientID, ...parameters });
  const answer = await fetch(token_endpoint, { method: 'POST', body });
  const content = await answer.json();
  if (answer.ok) return content;
  // A server that cannot answer now has refused nothing.
  if (answer.status >= 500) throw new Error(content.error_description);
  throw new Refusal(content);
}

function askWith(refreshToken) {
  return ask({ grant_type: 'refresh_token', refresh_token: refreshToken });
}

async function keys() {
  const { jwks_uri } = await metadata();
  return (await (await fetch(jwks_uri)).json()).keys;
}

/// Who did what with which token. The server tells what happened, and cannot tell by whom.
function note(deed) {
  const deeds = [...(store.read('deeds') ?? []), { ...deed, at: Date.now() }];
  store.write('deeds', deeds.slice(-mostDeeds));
}

// Signing in

/// Leaves for the server's login page; the answer comes back to this page.
export async function signIn(language) {
  const { authorization_endpoint } = await metadata();
  const attempt = { state: randomText(), nonce: randomText(), verifier: randomText() };
  sessionStorage.setItem('martlet-demo.attempt', JSON.stringify(attempt));
  const request = new URLSearchParams({
    response_type: 'code',
    client_id: clientID,
    redirect_uri: home,
    scope,
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await challenge(attempt.verifier),
    code_challenge_method: 'S256',
    ui_locales: language,
  });
  location.assign(`${authorization_endpoint}?${request}`);
}

/// Takes the answer that the browser came back with, if it did: exchanges the code for tokens.
export async function finishSignIn() {
  const answer = new URLSearchParams(location.search);
  // Codes and states are for once; the next reload must not bring them again.
  if (answer.size > 0) history.replaceState(null, '', home);
  if (!answer.has('code') && !answer.has('error')) return;
  const attempt = JSON.parse(sessionStorage.getItem('martlet-demo.attempt') ?? 'null');
  sessionStorage.removeItem('martlet-demo.attempt');
  const { issuer } = await metadata();
  if (attempt === null || answer.get('state') !== attempt.state) {
    throw new Error('This answer is not to a sign-in that began in this tab. Please sign in again.');
  }
  if (answer.get('iss') !== issuer) throw new Error('This answer comes from another server.');
  if (answer.has('error')) throw new Error(answer.get('error_description') ?? answer.get('error'));
  const tokens = await ask({
    grant_type: 'authorization_code',
    code: answer.get('code'),
    redirect_uri: home,
    code_verifier: attempt.verifier,
  });
  const person = await verify(tokens.id_token, {
    issuer,
    audience: clientID,
    keys: await keys(),
    accessToken: tokens.access_token,
    nonce: attempt.nonce,
  });
  const session = {
    id: decode(tokens.access_token).claims.sid,
    subject: person.sub,
    generation: 0,
    ...kept(tokens),
    isVerified: true,
  };
  store.write('thief', null);
  store.write('lost', null);
  store.write('watched', session.id);
  store.write('session', session);
}

function kept(tokens) {
  return {
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    idToken: tokens.id_token,
    lifetime: tokens.expires_in * 1000,
    expiresAt: Date.now() + tokens.expires_in * 1000,
    by: tab,
  };
}

// Staying signed in

/// When to refresh: a quarter of its life before the access token ends, and five seconds at most.
export function timeToRefresh(session) {
  return session.expiresAt - Math.min(5000, session.lifetime / 4);
}

export function wasRenewedHere(session) {
  return session.by === tab;
}

/// Exchanges the refresh token, unless another tab has done so by the time it is our turn.
export function refresh() {
  return inTurn(async (session) => {
    try {
      await accept(await askWith(session.refreshToken), session, 'rotated');
    } catch (error) {
      refused(error, session);
    }
  });
}

/// A refresh whose answer is lost on the way, and the retry with the same token.
export function loseAnswer() {
  return inTurn(async (session) => {
    const { id, generation } = session;
    try {
      const lost = await askWith(session.refreshToken);
      // The app never saw it; who looks on may know what it was.
      note({ who: 'app', session: id, presented: generation, outcome: 'rotated', isLost: true });
      const again = await askWith(session.refreshToken);
      await accept(again, session, 'repeated');
      const isSame = again.refresh_token === lost.refresh_token;
      store.write('lost', { session: id, generation: generation + 1, isSame });
    } catch (error) {
      refused(error, session);
      store.write('lost', { session: id, generation, isSame: false });
    }
  });
}

function inTurn(story) {
  const seen = store.read('session')?.refreshToken;
  return navigator.locks.request(refreshLock, async () => {
    const session = store.read('session');
    if (session === null || session.refusal || session.refreshToken !== seen) return;
    await story(session);
  });
}

async function accept(tokens, session, outcome) {
  const { id, generation } = session;
  const next = { ...session, ...kept(tokens), generation: generation + 1, isVerified: false };
  // First of all: whatever goes wrong from here on, the old token is used up.
  store.write('session', next);
  note({ who: 'app', session: id, presented: generation, outcome });
  await verify(tokens.id_token, {
    issuer: (await metadata()).issuer,
    audience: clientID,
    keys: await keys(),
    accessToken: tokens.access_token,
    subject: session.subject,
  });
  store.write('session', { ...next, isVerified: true });
}

function refused(error, session) {
  // No answer is no refusal: the token may still be good, and is tried again.
  if (!(error instanceof Refusal)) throw error;
  const { id, generation } = session;
  note({ who: 'app', session: id, presented: generation, outcome: 'refused' });
  store.write('session', { ...session, refusal: error.message });
}

/// Calls the guarded API; answers its status and what it said.
export async function callAPI(accessToken) {
  const answer = await fetch('/secret', { headers: { Authorization: `Bearer ${accessToken}` } });
  const content = await answer.text();
  const isJSON = answer.headers.get('Content-Type')?.startsWith('application/json');
  return {
    status: answer.status,
    words: isJSON ? JSON.parse(content).error_description : content.trim(),
  };
}

/// Hands the refresh token back, which ends the family, and signs the person out of the browser.
export function signOut() {
  return navigator.locks.request(refreshLock, async () => {
    const session = store.read('session');
    if (session === null) return;
    const { revocation_endpoint, end_session_endpoint } = await metadata();
    const body = new URLSearchParams({ client_id: clientID, token: session.refreshToken });
    await fetch(revocation_endpoint, { method: 'POST', body });
    store.write('session', null);
    const request = new URLSearchParams({
      id_token_hint: session.idToken,
      post_logout_redirect_uri: home,
    });
    location.assign(`${end_session_endpoint}?${request}`);
  });
}

// The thief

/// What any script in this page could do.
export function copyToken() {
  const session = store.read('session');
  if (session === null) return;
  const { id, refreshToken, generation } = session;
  store.write('thief', {
    session: id,
    token: refreshToken,
    generation,
    copied: generation,
    at: Date.now(),
  });
}

/// From anywhere: a public client has no secret that would be missing.
export async function useCopy() {
  const thief = store.read('thief');
  if (thief === null) return;
  const deed = { who: 'thief', session: thief.session, presented: thief.generation };
  try {
    const tokens = await askWith(thief.token);
    note({ ...deed, outcome: 'rotated' });
    store.write('thief', {
      ...thief,
      token: tokens.refresh_token,
      generation: thief.generation + 1,
      gotIn: true,
    });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    note({ ...deed, outcome: 'refused' });
    store.write('thief', { ...thief, refusal: error.message });
  }
}

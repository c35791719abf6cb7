// The demo's page: an app that signs a person in and keeps its session alive, a thief who copies its
// refresh token, and the life of the token family, drawn from the server's own events.

import { catchUp, feed, follow } from './feed.js';
import {
  callAPI,
  copyToken,
  finishSignIn,
  loseAnswer,
  metadata,
  refresh,
  refreshLock,
  signIn,
  signOut,
  tabLock,
  timeToRefresh,
  useCopy,
} from './session.js';
import * as store from './store.js';
import { View } from './view.js';
import { language, learn } from './words.js';

/// The countdown's step.
const beat = 250;
/// After a refresh that got no answer.
const pause = 2000;

let view;
let timer;
let problem = null;

function known() {
  return {
    session: store.read('session'),
    thief: store.read('thief'),
    deeds: store.read('deeds') ?? [],
    lost: store.read('lost'),
    watched: store.read('watched'),
    feed,
    problem,
  };
}

function show() {
  view.show(known());
}

/// Does what somebody pressed; what goes wrong is told.
async function attempt(act) {
  try {
    await act();
    problem = null;
  } catch (error) {
    problem = error.message;
  }
  show();
}

const acts = {
  signIn: () => signIn(language),
  refresh,
  copy: copyToken,
  use: useCopy,
  leave: signOut,
  lose: loseAnswer,
  async call() {
    const session = store.read('session');
    if (session !== null) view.showAPI(await callAPI(session.accessToken));
  },
  async overlap(isOn) {
    await fetch('/demo/overlap', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ on: isOn }),
    });
    await catchUp();
  },
};

/// Sets the clock for the next refresh. Every tab does; the lock sees to it that one of them refreshes.
function plan() {
  clearTimeout(timer);
  const session = store.read('session');
  if (session === null || session.refusal) return;
  timer = setTimeout(renew, Math.max(0, timeToRefresh(session) - Date.now()));
}

async function renew() {
  try {
    await refresh();
    problem = null;
  } catch (error) {
    // The server cannot be reached: the token is as good as before, and is tried again.
    problem = error.message;
    timer = setTimeout(renew, pause);
  }
  show();
}

/// How many tabs are open, and whether one of them refreshes just now.
async function look() {
  const { held } = await navigator.locks.query();
  const tabs = held.filter((lock) => lock.name === tabLock).length;
  view.showTabs(tabs, held.some((lock) => lock.name === refreshLock));
}

async function begin() {
  await learn();
  const { issuer } = await metadata();
  if (issuer !== location.origin) return location.replace(issuer);
  view = new View((name, value) => attempt(() => acts[name](value)));
  // Held until the tab is closed.
  navigator.locks.request(tabLock, { mode: 'shared' }, () => new Promise(() => {}));
  await attempt(async () => {
    await catchUp();
    await finishSignIn();
  });
  store.observe((name) => {
    if (name === undefined || name === 'session') plan();
    show();
  });
  document.addEventListener('visibilitychange', () => !document.hidden && plan());
  setInterval(() => {
    view.tick(store.read('session'));
    look();
  }, beat);
  addEventListener('resize', show);
  plan();
  show();
  follow(show);
}

begin();

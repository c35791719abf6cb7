// What the server noticed, as it happens: asks for what came after the last known event, and again.

import * as store from './store.js';

/// As many as the server keeps.
const mostEvents = 512;
/// After a question that failed, or was answered at once and with nothing.
const pause = 1000;

export const feed = { run: null, overlap: 0, events: [], isLost: false };

/// What there is already, without waiting for more.
export async function catchUp() {
  const answer = await fetch('/demo/events?after=-1');
  if (!answer.ok) throw new Error('The server does not answer.');
  take(await answer.json());
}

/// Follows the server's events for as long as somebody looks at this tab, and calls `changed`.
export async function follow(changed) {
  for (;;) {
    await visible();
    const question = new AbortController();
    const hide = () => document.hidden && question.abort();
    document.addEventListener('visibilitychange', hide);
    const began = Date.now();
    try {
      const last = feed.events.at(-1)?.number ?? 0;
      const answer = await fetch(`/demo/events?after=${last}`, { signal: question.signal });
      if (!answer.ok) throw new Error(`the server answers ${answer.status}`);
      const news = await answer.json();
      feed.isLost = false;
      take(news);
      changed();
      if (news.events.length === 0 && Date.now() - began < pause) await wait();
    } catch {
      if (!question.signal.aborted) {
        feed.isLost = true;
        changed();
        await wait();
      }
    } finally {
      document.removeEventListener('visibilitychange', hide);
    }
  }
}

function take(news) {
  if (news.run !== feed.run) {
    // Another server than before: what this page knows is of no use any more.
    if (feed.run !== null) feed.events = [];
    feed.run = news.run;
    if (store.read('run') !== news.run) {
      store.forget();
      store.write('run', news.run);
    }
  }
  const last = feed.events.at(-1)?.number ?? 0;
  const fresh = news.events.filter((event) => event.number > last);
  feed.events = [...feed.events, ...fresh].slice(-mostEvents);
  feed.overlap = news.overlap;
}

function wait() {
  return new Promise((done) => setTimeout(done, pause));
}

/// A browser has six connections to a server; a tab that nobody looks at needs none.
function visible() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((done) => {
    document.addEventListener('visibilitychange', function look() {
      if (document.hidden) return;
      document.removeEventListener('visibilitychange', look);
      done();
    });
  });
}

// Shows what is known: fills the page's elements, and says what was pressed. Decides nothing.

import { draw } from './drawing.js';
import { lifeOf } from './life.js';
import { timeToRefresh, wasRenewedHere } from './session.js';
import { chapter } from './story.js';
import { decode } from './tokens.js';
import { clock, knows, say } from './words.js';

const times = new Set(['exp', 'iat', 'nbf', 'auth_time']);
const get = (id) => document.getElementById(id);

/// An element with children, which are texts or elements.
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/// Writes only what changes: a reader that is told of changes hears nothing else.
function write(id, text) {
  const element = get(id);
  if (element.textContent !== text) element.textContent = text;
}

/// A token, short enough to be told from others by its ends.
function short(token) {
  return `${token.slice(0, 10)}…${token.slice(-8)}`;
}

export class View {
  #press;
  #life = { marks: [], end: null, newest: null };
  #shown = new Map();

  constructor(press) {
    this.#press = press;
    for (const name of ['call', 'refresh', 'leave', 'copy', 'use', 'lose']) {
      get(name).addEventListener('click', () => press(name));
    }
    get('overlap').addEventListener('change', (event) => press('overlap', event.target.checked));
    const isWide = matchMedia('(min-width: 60rem)').matches;
    for (const id of ['access-details', 'id-details']) get(id).open = isWide;
    get('commands').textContent = commands(location.host);
    get('page').hidden = false;
  }

  show(known) {
    const { session, thief, deeds, lost, watched, feed, problem } = known;
    const complaint = problem ?? (feed.isLost ? say('unreachable') : null);
    get('problem').hidden = complaint === null;
    write('problem', complaint ?? '');
    this.#life = lifeOf(watched, feed.events, deeds, thief);
    this.#guide(chapter({ session, thief, lost, life: this.#life, watched }));
    this.#drawLife(session);
    this.#app(session);
    this.#thief(session, thief);
    get('overlap').checked = feed.overlap > 0;
    get('lose').disabled = session === null || Boolean(session.refusal);
    this.tick(session);
  }

  // What to do next

  #guide({ step, name, reason, values = {}, verdict, acts }) {
    const filled = { ...values, why: reason ? this.#reason(reason) : '' };
    write('step', say(`${name}Title`, filled));
    write('advice', say(`${name}Text`, filled));
    get('verdict').hidden = !verdict;
    write('verdict', verdict ?? '');
    [...get('guide').querySelectorAll('.steps li')].forEach((item, index) => {
      item.className = index < step ? 'done' : index === step ? 'now' : '';
    });
    const key = `${name} ${acts} ${JSON.stringify(values)}`;
    if (this.#shown.get('guide') === key) return;
    this.#shown.set('guide', key);
    const hadFocus = get('choices').contains(document.activeElement);
    get('choices').replaceChildren(
      ...acts.map((act) => {
        const button = make('button', { type: 'button', class: 'main', 'data-act': act });
        button.textContent = say(`do_${act}`, filled);
        button.addEventListener('click', () => this.#press(plain[act]));
        return button;
      }),
    );
    // Who went on by keyboard goes on from the next button.
    if (hadFocus) get('choices').querySelector('button')?.focus();
  }

  #reason(reason) {
    return knows(`reason_${reason}`) ? say(`reason_${reason}`) : reason;
  }

  // The life

  #drawLife(session) {
    const life = this.#life;
    const sentences = life.marks.map((mark) => this.#sentence(mark));
    write('caption', sentences.at(-1) ?? say('noLife'));
    draw(get('drawing'), life, say('drawingLabel', { last: sentences.at(-1) ?? say('noLife') }));
    const key = JSON.stringify(life.marks);
    if (this.#shown.get('events') === key) return;
    this.#shown.set('events', key);
    get('events').replaceChildren(
      ...life.marks.map((mark, index) => {
        const time = make('time', { datetime: new Date(mark.at).toISOString() }, clock(mark.at));
        const isBad = mark.kind === 'reuse' || (mark.kind === 'end' && mark.reason === 'reuse');
        return make('li', isBad ? { class: 'alarming' } : {}, time, ' ', sentences[index]);
      }).reverse(),
    );
  }

  #sentence(mark) {
    const who = say(mark.who === 'thief' ? 'byThief' : 'byApp');
    const values = {
      who,
      generation: mark.generation,
      previous: mark.generation - 1,
      why: mark.reason ? this.#reason(mark.reason) : '',
    };
    return say(`told_${mark.kind}`, values);
  }

  // The app

  #app(session) {
    for (const id of ['signed-in', 'tokens']) get(id).hidden = session === null;
    const state = session === null ? 'appOut' : session.refusal ? 'appRefused' : 'appIn';
    write('app-state', say(state, { lifetime: Math.round((session?.lifetime ?? 0) / 1000) }));
    get('app-verdict').hidden = !session?.refusal;
    write('app-verdict', session?.refusal ?? '');
    if (session === null) return;
    write('generation', say('number', { generation: session.generation }));
    write('refresh-token', short(session.refreshToken));
    get('refresh-token').className = session.refusal ? 'used' : '';
    get('refresh').disabled = Boolean(session.refusal);
    get('identity').className = session.isVerified ? 'badge verified' : 'badge';
    write('identity', say(session.isVerified ? 'verified' : 'unverified'));
    this.#decoded('access-token', session.accessToken);
    this.#decoded('id-token', session.idToken);
  }

  #decoded(id, token) {
    if (this.#shown.get(id) === token) return;
    this.#shown.set(id, token);
    const { header, claims } = decode(token);
    const parts = token.split('.').map((part, index) => {
      return make('span', { class: `part-${index}` }, (index > 0 ? '.' : '') + part);
    });
    get(id).replaceChildren(
      make('pre', { class: 'jwt', tabindex: '0', 'aria-label': say('compact') }, ...parts),
      make('h3', {}, say('header')),
      table(header),
      make('h3', {}, say('claims')),
      table(claims),
    );
  }

  /// What the API said to a call.
  showAPI({ status, words }) {
    write('api', say(status === 200 ? 'apiYes' : 'apiNo', { status, words }));
    get('api').className = `outcome-line ${status === 200 ? 'yes' : 'no'}`;
  }

  showTabs(count, isRefreshing) {
    write('tabs', isRefreshing ? say('refreshing') : say(count > 1 ? 'tabs' : 'oneTab', { count }));
  }

  tick(session) {
    if (session === null) return;
    const left = Math.max(0, session.expiresAt - Date.now());
    const seconds = Math.ceil(left / 1000);
    const share = Math.min(100, (100 * left) / session.lifetime);
    get('rest').setAttribute('stroke-dashoffset', (100 - share).toFixed(2));
    get('rest').classList.toggle('late', left === 0 || Boolean(session.refusal));
    write('seconds', left === 0 ? '0' : `${seconds}`);
    const due = Math.max(0, Math.ceil((timeToRefresh(session) - Date.now()) / 1000));
    const values = { seconds, due, time: clock(session.expiresAt), where: this.#where(session) };
    const name = left === 0 ? 'expired' : session.refusal ? 'lastSeconds' : 'goodFor';
    write('expiry', say(name, values));
  }

  #where(session) {
    return session.generation === 0 ? '' : say(wasRenewedHere(session) ? 'here' : 'elsewhere');
  }

  // The thief

  #thief(session, thief) {
    const state = !thief
      ? 'thiefEmpty'
      : thief.refusal ? 'thiefOut' : thief.gotIn ? 'thiefIn' : 'thiefHolds';
    write('thief-state', say(state, { generation: thief?.generation, copied: thief?.copied }));
    get('loot').hidden = !thief;
    if (thief) {
      write('loot-generation', say('number', { generation: thief.generation }));
      write('loot-token', short(thief.token));
      get('loot-token').className = thief.refusal ? 'used' : '';
    }
    get('thief-verdict').hidden = !thief?.refusal;
    write('thief-verdict', thief?.refusal ?? '');
    get('copy').disabled = session === null || Boolean(session.refusal);
    get('use').disabled = !thief;
  }
}

/// What a button of the guide does, by the act of the story.
const plain = {
  signIn: 'signIn',
  signInAgain: 'signIn',
  refresh: 'refresh',
  refreshFirst: 'refresh',
  refreshLast: 'refresh',
  copy: 'copy',
  use: 'use',
  useFirst: 'use',
  useLast: 'use',
};

function table(members) {
  const rows = Object.entries(members).map(([name, value]) => {
    const meaning = knows(`claim_${name}`) ? say(`claim_${name}`) : '';
    const shown = times.has(name) ? clock(value * 1000) : [value].flat().join(', ');
    const cell = make('dd', {}, make('span', { class: 'value' }, shown));
    if (meaning) cell.append(make('small', {}, meaning));
    return make('div', {}, make('dt', {}, make('code', {}, name)), cell);
  });
  return make('dl', { class: 'claims' }, ...rows);
}

function commands(host) {
  const post = "curl -s -X POST -H 'Authorization: Basic dGVzdGNsaWVudDpzZWNyZXQ='";
  return [
    `${post} \\\n  -d 'grant_type=password&username=test&password=test' ${host}/oauth/token`,
    `curl -s -H 'Authorization: Bearer …' ${host}/secret`,
    `${post} \\\n  -d 'grant_type=refresh_token&refresh_token=…' ${host}/oauth/token`,
  ].join('\n\n');
}

// Draws the life of a family: two lanes, the app's and the thief's, and the line of the tokens.
// Only the newest token is filled: all others are used up.

import { isToken } from './life.js';
import { say } from './words.js';

const lanes = { app: 58, thief: 150 };
const height = 200;
/// A mark's share of the width: few have more room, and when there is too little the oldest are folded.
const narrowest = 44;
const widest = 80;
const margin = 6;
const radius = 15;

let lastDrawn = 0;

function shape(name, attributes, ...content) {
  const element = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...content);
  return element;
}

/// Puts the drawing into `place`, as wide as there is room.
export function draw(place, life, label) {
  const width = Math.max(place.clientWidth, 260);
  const isAlive = life.end === null && life.marks.length > 0;
  const tail = isAlive ? 1 : 0;
  const room = Math.max(3, Math.floor((width - 2 * margin) / narrowest) - tail);
  const isFolded = life.marks.length > room;
  const marks = isFolded ? life.marks.slice(-(room - 1)) : life.marks;
  const slots = marks.length + tail + (isFolded ? 1 : 0);
  const slot = Math.min(widest, (width - 2 * margin) / slots);
  const start = margin + (isFolded ? slot : 0);
  const places = marks.map((mark, index) => ({
    mark,
    x: start + slot * (index + 0.5),
    y: lanes[mark.who] ?? (lanes.app + lanes.thief) / 2,
  }));
  const picture = shape('svg', {
    viewBox: `0 0 ${width} ${height}`,
    width,
    height,
    role: 'img',
    'aria-label': label,
  });
  picture.append(lane('app', width), lane('thief', width));
  if (isFolded) picture.append(fold(life.marks.length - marks.length));
  picture.append(...line(places, start, isFolded), ...ways(places));
  if (isAlive) picture.append(...next(places, slot));
  // Over the lines, which they interrupt.
  picture.append(laneName('app'), laneName('thief'));
  for (const { mark, x, y } of places) {
    const classes = ['mark', mark.kind, mark.who ?? ''];
    if (isToken(mark) && mark.generation < life.newest) classes.push('old');
    if (life.end !== null) classes.push('over');
    if (mark.number > lastDrawn) classes.push('fresh');
    const group = shape('g', { class: classes.join(' ') });
    group.append(...symbol(mark, x, y, isToken(mark) && mark.generation === life.newest && isAlive));
    picture.append(group);
  }
  lastDrawn = life.marks.at(-1)?.number ?? 0;
  place.replaceChildren(picture);
}

function lane(who, width) {
  const y = lanes[who];
  return shape('line', { class: 'lane', x1: 0, x2: width, y1: y, y2: y });
}

function laneName(who) {
  return shape('text', { class: `lane-name ${who}`, x: 0, y: lanes[who] - 36 }, say(who));
}

function fold(count) {
  const group = shape('g', { class: 'fold' });
  group.append(
    shape('rect', { x: margin, y: lanes.app - 12, width: 40, height: 24, rx: 12 }),
    shape('text', { x: margin + 20, y: lanes.app + 4, 'text-anchor': 'middle' }, `+${count}`),
  );
  return group;
}

/// The line goes to whoever got the newest token, as far as the end.
function line(places, start, isFolded) {
  const drawn = [];
  let from = isFolded ? { x: start - 4, y: lanes.app } : null;
  for (const to of places) {
    const isEnd = to.mark.kind === 'end';
    if (!isEnd && !isToken(to.mark) && to.mark.kind !== 'repeated') continue;
    const point = isEnd ? { x: to.x, y: from?.y ?? lanes.app } : to;
    if (from !== null) drawn.push(shape('path', { class: 'path', d: curve(from, point) }));
    from = point;
  }
  return drawn;
}

function curve(from, to) {
  const middle = (from.x + to.x) / 2;
  return `M${from.x} ${from.y}C${middle} ${from.y} ${middle} ${to.y} ${to.x} ${to.y}`;
}

/// Over what stands between the two in their lane.
function arc(from, to) {
  const [start, end, top] = [from.x + 8, to.x - 8, from.y - radius - 20];
  const foot = from.y - radius;
  return `M${start} ${foot}C${start + 8} ${top} ${end - 8} ${top} ${end} ${foot}`;
}

/// How a token got where the line does not go: by a copy, and to its second use.
function ways(places) {
  const drawn = [];
  const way = (from, to, name) => {
    if (!from || !to) return;
    const isBetween = ({ x, y }) => y === from.y && y === to.y && x > from.x && x < to.x;
    const d = places.some(isBetween) ? arc(from, to) : curve(from, to);
    drawn.push(shape('path', { class: `path ${name}`, d }));
  };
  const of = (kind) => places.find(({ mark }) => mark.kind === kind);
  const [copy, reuse] = [of('copied'), of('reuse')];
  const held = (at, who) => {
    return places.find(({ mark }) => {
      return isToken(mark) && mark.generation === at.mark.generation && (!who || mark.who === who);
    });
  };
  if (copy) way(held(copy), copy, 'copy');
  if (reuse) {
    const isCopy = reuse.mark.who === 'thief' && copy?.mark.generation === reuse.mark.generation;
    way(isCopy ? copy : held(reuse, reuse.mark.who), reuse, 'red second');
    const end = of('end');
    way(reuse, end && { x: end.x, y: reuse.y }, 'red');
  }
  return drawn;
}

/// While the family lives, the line goes on.
function next(places, slot) {
  const last = places.findLast(({ mark }) => isToken(mark) || mark.kind === 'repeated');
  const right = places.at(-1);
  if (last === undefined) return [];
  const x = right.x + slot;
  return [
    shape('line', { class: 'path next', x1: last.x, x2: x - 7, y1: last.y, y2: last.y }),
    shape('circle', { class: 'next-end', cx: x, cy: last.y, r: 6 }),
  ];
}

function symbol(mark, x, y, isNewest) {
  const number = (dy = 5) => {
    return shape('text', { class: 'number', x, y: y + dy, 'text-anchor': 'middle' }, `${mark.generation}`);
  };
  const under = (name) => {
    return shape('text', { class: 'under', x, y: y + radius + 16, 'text-anchor': 'middle' }, say(name));
  };
  switch (mark.kind) {
    case 'made':
    case 'rotated': {
      const circle = shape('circle', { class: 'body', cx: x, cy: y, r: radius });
      const halo = shape('circle', { class: 'halo', cx: x, cy: y, r: radius + 5 });
      const words = mark.isLost ? [under('markLost')] : [];
      return [...(isNewest ? [halo] : []), circle, number(), ...words];
    }
    case 'repeated':
      return [
        shape('circle', { class: 'body', cx: x, cy: y, r: radius }),
        shape('circle', { class: 'inner', cx: x, cy: y, r: radius - 4 }),
        number(),
        under('markRepeated'),
      ];
    case 'copied':
      return [shape('circle', { class: 'body', cx: x, cy: y, r: radius }), number(), under('markCopied')];
    case 'reuse': {
      const side = radius * 1.7;
      const corner = { x: x - side / 2, y: y - side / 2, width: side, height: side, rx: 5 };
      return [
        shape('rect', { class: 'body', ...corner, transform: `rotate(45 ${x} ${y})` }),
        number(),
        under('markReuse'),
      ];
    }
    case 'end': {
      const top = lanes.app - 22;
      const bar = { x: x - 3, y: top, width: 6, height: lanes.thief + 22 - top, rx: 3 };
      const words = { class: 'under', x, y: top - 8, 'text-anchor': 'middle' };
      const isRed = mark.reason === 'reuse';
      return [
        shape('rect', { class: isRed ? 'body red' : 'body', ...bar }),
        shape('text', words, say('markEnd')),
      ];
    }
    case 'refused': {
      const [a, b, c, d] = [x - 5, x + 5, y - 5, y + 5];
      return [
        shape('circle', { class: 'body', cx: x, cy: y, r: radius - 2 }),
        shape('path', { class: 'cross', d: `M${a} ${c}L${b} ${d}M${b} ${c}L${a} ${d}` }),
        under('markRefused'),
      ];
    }
  }
  return [];
}

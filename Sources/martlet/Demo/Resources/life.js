// The life of one token family: the server's events, with who did it where this page knows.
//
// A pure function. The events decide what happened; the deeds only say by whom, and with which token.

/// Answers `marks`, from the oldest to the newest, and `end`, the reason why it is over, or null.
export function lifeOf(session, events, allDeeds, thief) {
  const deeds = allDeeds.filter((deed) => deed.session === session);
  const exchanges = deeds.filter((deed) => deed.outcome === 'rotated');
  const repeats = deeds.filter((deed) => deed.outcome === 'repeated');
  const refusals = deeds.filter((deed) => deed.outcome === 'refused');
  const marks = [];
  let end = null;
  const finish = (reason, event) => {
    if (end !== null) return;
    end = reason;
    marks.push({ kind: 'end', reason, number: event.number + 0.5, at: event.at });
  };
  for (const event of events) {
    if (event.session !== session) continue;
    const { number, at, generation } = event;
    switch (event.what) {
      case 'made':
        marks.push({ kind: 'made', who: 'app', generation, number, at });
        break;
      case 'rotated': {
        const deed = exchanges.find((deed) => deed.presented === generation - 1);
        const who = deed?.who ?? 'app';
        marks.push({ kind: 'rotated', who, generation, number, at, isLost: deed?.isLost === true });
        break;
      }
      case 'repeated': {
        const who = repeats.shift()?.who ?? 'app';
        marks.push({ kind: 'repeated', who, generation, number, at });
        break;
      }
      case 'reuse': {
        const deed = refusals.shift();
        const presented = deed?.presented ?? generation - 1;
        marks.push({ kind: 'reuse', who: deed?.who ?? 'app', generation: presented, number, at });
        finish('reuse', event);
        break;
      }
      case 'refused': {
        finish(event.reason, { ...event, number: number - 1 });
        const deed = refusals.shift();
        const presented = deed?.presented ?? generation;
        marks.push({ kind: 'refused', who: deed?.who ?? 'app', generation: presented, number, at });
        break;
      }
      case 'ended':
        finish(event.reason, event);
        break;
    }
  }
  if (thief?.session === session) putCopy(marks, thief);
  return { marks, end, newest: newest(marks) };
}

/// The server knows nothing of a copy. It stands where it was made: after its token, and after
/// whatever happened before it.
function putCopy(marks, thief) {
  const own = marks.findIndex((mark) => isToken(mark) && mark.generation === thief.copied);
  let place = own + 1;
  while (place < marks.length && marks[place].at <= thief.at) place += 1;
  const number = (marks[place - 1]?.number ?? 0) + 0.25;
  marks.splice(place, 0, {
    kind: 'copied',
    who: 'thief',
    generation: thief.copied,
    number,
    at: thief.at,
  });
}

export function isToken(mark) {
  return mark.kind === 'made' || mark.kind === 'rotated';
}

function newest(marks) {
  return marks.findLast(isToken)?.generation ?? null;
}

// What the page says next: a pure function of what is known, and the whole course of the story.

/// Answers the step (0 to 4), the names of the words for title and advice, the values in them, the
/// server's verdict to quote, and what can be done next: the first is the thing to do.
export function chapter({ session, thief, lost, life, watched }) {
  if (session === null) {
    if (watched !== null && life.end !== null && life.end !== 'reuse') {
      return { step: 0, name: 'over', reason: life.end, acts: ['signInAgain'] };
    }
    return { step: 0, name: 'start', acts: ['signIn'] };
  }
  const own = session.generation;
  const copy = thief?.session === session.id ? thief : null;
  const values = { own, old: own - 1, copy: copy?.copied, loot: copy?.generation };
  if (life.end === 'reuse' || session.refusal || copy?.refusal) {
    return ending(session, copy, lost, life, values);
  }
  if (life.end !== null) {
    return { step: 4, name: 'over', reason: life.end, values, acts: ['signInAgain'] };
  }
  if (copy === null) {
    if (lost?.session === session.id && lost.generation === own && lost.isSame) {
      return { step: 1, name: 'repeated', values, acts: ['copy'] };
    }
    return own === 0
      ? { step: 1, name: 'watch', values, acts: ['refresh'] }
      : { step: 2, name: 'once', values, acts: ['copy'] };
  }
  if (copy.gotIn) return { step: 3, name: 'thiefFirst', values, acts: ['refresh'] };
  return copy.copied < own
    ? { step: 3, name: 'appFirst', values, acts: ['use'] }
    : { step: 3, name: 'race', values, acts: ['refreshFirst', 'useFirst'] };
}

function ending(session, copy, lost, life, values) {
  const verdict = session.refusal ?? copy?.refusal;
  const reuse = life.marks.find((mark) => mark.kind === 'reuse');
  const known = { ...values, twice: reuse?.generation ?? values.old };
  if (life.end !== null && life.end !== 'reuse') {
    return { step: 4, name: 'over', reason: life.end, values, verdict, acts: ['signInAgain'] };
  }
  if (lost?.session === session.id && lost.generation === session.generation && session.refusal) {
    return { step: 4, name: 'lostTwice', values: known, verdict, acts: ['signInAgain'] };
  }
  if (!session.refusal) {
    return { step: 4, name: 'reuseByThief', values: known, verdict, acts: ['refreshLast'] };
  }
  if (copy !== null && !copy.refusal) {
    return { step: 4, name: 'reuseByApp', values: known, verdict, acts: ['useLast'] };
  }
  return { step: 4, name: 'out', values: known, verdict, acts: ['signInAgain'] };
}

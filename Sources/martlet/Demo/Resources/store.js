// What the page knows, for all its tabs: localStorage, and who wants to hear of a change.
//
// A real app would think twice before it lays refresh tokens here: any script that gets into the page
// can read them. That is exactly what this page's thief does.

const prefix = 'martlet-demo.';
const listeners = new Set();

export function read(name) {
  try {
    return JSON.parse(localStorage.getItem(prefix + name));
  } catch {
    return null;
  }
}

export function write(name, value) {
  if (value === null) localStorage.removeItem(prefix + name);
  else localStorage.setItem(prefix + name, JSON.stringify(value));
  for (const listener of listeners) listener(name);
}

/// Everything is of one run of the server; the next one knows nothing of it.
export function forget() {
  for (const name of ['session', 'thief', 'deeds', 'lost', 'watched']) write(name, null);
}

/// Calls `listener` after each change, whichever tab made it.
export function observe(listener) {
  listeners.add(listener);
}

addEventListener('storage', (event) => {
  if (event.key !== null && !event.key.startsWith(prefix)) return;
  for (const listener of listeners) listener(event.key?.slice(prefix.length));
});

// The page's words, in the browser's language: German or English.

let words = {};
export let language = 'en';

export async function learn() {
  const wish = navigator.languages.find((tag) => /^(de|en)\b/i.test(tag)) ?? 'en';
  language = wish.slice(0, 2).toLowerCase();
  document.documentElement.lang = language;
  words = await (await fetch(`/demo/${language}.json`)).json();
  document.title = `${words.title} · Martlet`;
  for (const element of document.querySelectorAll('[data-text]')) {
    element.textContent = say(element.dataset.text, { issuer: location.origin });
  }
}

/// The words by this name, with `{placeholders}` filled in.
export function say(name, values = {}) {
  const sentence = words[name] ?? name;
  return sentence.replace(/\{(\w+)\}/g, (_, placeholder) => values[placeholder] ?? '');
}

export function knows(name) {
  return name in words;
}

/// A moment, as people read it.
export function clock(milliseconds) {
  return new Date(milliseconds).toLocaleTimeString(language);
}

// Row details by corpus and model: beginning of the text, a few cells, nearest rows.

const MOST = 60000;

function details() {
  globalThis.planisphereDetails ??= { known: new Map(), waiting: new Set() };
  return globalThis.planisphereDetails;
}

// rows: [[id, text, [[column, value], ...], [id of a neighbor, ...]], ...]
export function putDetails(key, rows) {
  const { known, waiting } = details();
  const own = known.get(key) ?? known.set(key, new Map()).get(key);
  if (own.size > MOST) own.clear();
  for (const [id, text, cells, near] of rows) own.set(id, { text, cells, near });
  for (const listener of [...waiting]) listener();
}

export const detailsOf = (key, id) => details().known.get(key)?.get(id);

export function onDetails(listener) {
  details().waiting.add(listener);
  return () => details().waiting.delete(listener);
}

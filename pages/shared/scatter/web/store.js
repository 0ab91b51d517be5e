// Cache of received arrays by digest, for all maps of this browser tab; the least recently used are evicted.

const BUDGET = 256e6; // bytes

export function arrayStore() {
  globalThis.planisphereArrays ??= { held: new Map(), waiting: new Set() };
  return globalThis.planisphereArrays;
}

export const hasArray = (digest) => arrayStore().held.has(digest);

export function putArray(digest, bytes) {
  const store = arrayStore();
  store.held.set(digest, bytes);
  let total = 0;
  for (const each of store.held.values()) total += each.byteLength;
  for (const [key, each] of store.held) {
    if (total <= BUDGET || key === digest) break;
    total -= each.byteLength;
    store.held.delete(key);
  }
  for (const listener of [...store.waiting]) listener();
}

// A typed array over the bytes of a digest, or undefined until they arrive.
export function getArray(digest, Type) {
  const store = arrayStore();
  const bytes = store.held.get(digest);
  if (!bytes) return undefined;
  store.held.delete(digest);
  store.held.set(digest, bytes);
  return new Type(bytes.buffer, bytes.byteOffset, bytes.byteLength / Type.BYTES_PER_ELEMENT);
}

// Calls a listener at every arrival; returns a function that removes it.
export function onArrival(listener) {
  arrayStore().waiting.add(listener);
  return () => arrayStore().waiting.delete(listener);
}

// An array that comes once: 16 letters of digest, then its bytes.

import { hasArray, putArray } from "./store.js";

export default function ({ data }) {
  const digest = new TextDecoder().decode(data.subarray(0, 16));
  if (!hasArray(digest)) putArray(digest, data.slice(16)); // a copy, so that it starts where a float may start
}

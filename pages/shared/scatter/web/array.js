// An array that comes once: 16 letters of digest, then its bytes.

import { putArray } from "./store.js";

export default function ({ data }) {
  const bytes = new Uint8Array(data); // a copy, so that it starts where a float may start
  const digest = new TextDecoder().decode(bytes.subarray(0, 16));
  putArray(digest, bytes.slice(16));
}

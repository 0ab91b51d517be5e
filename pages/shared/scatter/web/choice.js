// A selection: steps (shapes that set, add or subtract), hidden categories, ranges, a clicked row.

import { fromSteps, STEPS } from "./view.js";
import { insideBox, insidePolygon } from "./grid.js";
import { getArray } from "./store.js";

export const emptyChoice = (color = "") => ({ steps: [], color, hidden: [], range: null, brushes: {}, clicked: null });

export const isEmpty = (choice) =>
  !choice.steps.length && !choice.hidden.length && !choice.range && !Object.keys(choice.brushes).length && choice.clicked === null;

// A shape in integer grid steps: the first corner, then differences, which are short.
export function packed(corners) {
  const flat = [];
  let [p, q] = [0, 0];
  for (const [x, y] of corners) {
    flat.push(x - p, y - q);
    [p, q] = [x, y];
  }
  return flat;
}

export function unpacked(flat, bounds) {
  const polygon = new Float64Array(flat.length);
  let [p, q] = [0, 0];
  for (let c = 0; c < flat.length; c += 2) {
    [p, q] = [p + flat[c], q + flat[c + 1]];
    [polygon[c], polygon[c + 1]] = fromSteps(bounds, p, q);
  }
  return polygon;
}

// Marks rows in `mask` (one byte each) step by step. layouts: the panels' points, since a shape was drawn on one of them.
export function applySteps(mask, steps, layouts, bounds, ids) {
  mask.fill(0);
  for (const step of steps) {
    if (step.o === "set") mask.fill(0);
    const mark = step.o === "sub" ? 0 : 1;
    const put = (i) => (mask[i] = mark);
    const points = layouts[Math.min(step.m ?? 0, layouts.length - 1)];
    if (step.k === "rows") {
      const bits = getArray(step.a, Uint8Array);
      if (bits) for (let i = 0; i < mask.length; i++) if (isSet(bits, ids ? ids[i] : i)) put(i);
    } else {
      const polygon = unpacked(step.p, bounds);
      if (step.k === "box") insideBox(points, Math.min(polygon[0], polygon[2]), Math.min(polygon[1], polygon[3]), Math.max(polygon[0], polygon[2]), Math.max(polygon[1], polygon[3]), put);
      else insidePolygon(points, polygon, put);
    }
  }
}

const isSet = (bits, row) => (bits[row >> 3] >> (7 - (row & 7))) & 1; // bit order of numpy.packbits

// Which rows pass the legend, the color range and the brushes: one byte each. members: bits of the categories of each
// row, where it may be in several; then it passes if any of them is visible.
export function applyFilters(mask, choice, codes, columns, members = null) {
  mask.fill(1);
  if (choice.hidden.length && members) {
    const visible = visibleBits(choice.hidden);
    for (let i = 0; i < mask.length; i++) if (!(members[i] & visible)) mask[i] = 0;
  } else if (choice.hidden.length && codes) {
    const hidden = new Uint8Array(256);
    for (const code of choice.hidden) hidden[code] = 1;
    for (let i = 0; i < mask.length; i++) if (hidden[codes[i]]) mask[i] = 0;
  }
  if (choice.range && codes) keepBetween(mask, codes, choice.range);
  for (const [name, range] of Object.entries(choice.brushes)) {
    const column = columns.get(name);
    if (column) keepBetween(mask, column, range);
  }
}

const visibleBits = (hidden) => hidden.reduce((bits, code) => (code < 32 ? bits & ~(1 << code) : bits), ~0);

// The color of rows that may be in several categories: that of the last visible one, the least frequent, gray ones after
// all others. gray: codes.
export function memberCodes(codes, members, hidden, gray) {
  const visible = visibleBits(hidden), colored = visible & visibleBits(gray);
  for (let i = 0; i < codes.length; i++) codes[i] = 31 - Math.clz32(members[i] & colored || members[i] & visible || members[i]);
}

function keepBetween(mask, codes, [low, high]) {
  for (let i = 0; i < mask.length; i++) if (codes[i] < low || codes[i] > high) mask[i] = 0;
}

// Simplifies a shape: drops corners nearer than `apart` steps to the previous one; at most `most` remain.
export function simplified(corners, apart, most = 120) {
  const kept = corners.filter(([x, y], i) => i === 0 || Math.hypot(x - corners[i - 1][0], y - corners[i - 1][1]) > 0);
  let far = Math.max(1, apart);
  for (;;) {
    const out = [];
    for (const corner of kept) {
      const last = out[out.length - 1];
      if (!last || Math.hypot(corner[0] - last[0], corner[1] - last[1]) >= far) out.push(corner);
    }
    if (out.length <= most || far > STEPS) return out;
    far *= 1.3;
  }
}

// Undo and redo of selections.
export class History {
  constructor(choice) {
    this.past = [];
    this.future = [];
    this.now = choice;
  }

  set(choice) {
    if (JSON.stringify(choice) === JSON.stringify(this.now)) return false;
    this.past.push(this.now);
    if (this.past.length > 100) this.past.shift();
    this.future = [];
    this.now = choice;
    return true;
  }

  undo() {
    return this._move(this.past, this.future);
  }

  redo() {
    return this._move(this.future, this.past);
  }

  _move(from, to) {
    if (!from.length) return false;
    to.push(this.now);
    this.now = from.pop();
    return true;
  }
}

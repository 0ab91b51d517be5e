// Coordinates: data (layout units), steps (integers, 2^20 across the layout), screen (CSS pixels of a panel).

export const STEPS = 1048576;
export const MOST_ZOOM = 5000;
const MARGIN = 0.93;

// bounds, from the page: the square around all points (x, y, side), and the shares of it in use (width, height).
export const fitView = (bounds) => ({ x: bounds.x + (bounds.width * bounds.side) / 2, y: bounds.y + (bounds.height * bounds.side) / 2, zoom: 1 });

// Pixels per layout unit.
export function scaleOf(view, bounds, panel) {
  return (MARGIN * view.zoom * Math.min(panel.width / bounds.width, panel.height / bounds.height)) / bounds.side;
}

export function toScreen(view, scale, panel, x, y) {
  return [panel.width / 2 + (x - view.x) * scale, panel.height / 2 - (y - view.y) * scale];
}

export function toData(view, scale, panel, sx, sy) {
  return [view.x + (sx - panel.width / 2) / scale, view.y - (sy - panel.height / 2) / scale];
}

// The view after zooming by a factor around (sx, sy).
export function zoomedAt(view, bounds, panel, factor, sx, sy) {
  const zoom = Math.min(MOST_ZOOM, Math.max(0.3, view.zoom * factor));
  const [x, y] = toData(view, scaleOf(view, bounds, panel), panel, sx, sy);
  const scale = scaleOf({ ...view, zoom }, bounds, panel);
  return held({ x: x - (sx - panel.width / 2) / scale, y: y + (sy - panel.height / 2) / scale, zoom }, bounds);
}

// Limits the center to the layout.
export function held(view, bounds) {
  const clamp = (value, low, span) => Math.min(low + span * bounds.side, Math.max(low, value));
  return { x: clamp(view.x, bounds.x, bounds.width), y: clamp(view.y, bounds.y, bounds.height), zoom: view.zoom };
}

export const toSteps = (bounds, x, y) => [
  Math.round(((x - bounds.x) / bounds.side) * STEPS),
  Math.round(((y - bounds.y) / bounds.side) * STEPS),
];

// The same arithmetic as in core/map/selection.py, so that both select the same rows.
export const fromSteps = (bounds, p, q) => [bounds.x + (p * bounds.side) / STEPS, bounds.y + (q * bounds.side) / STEPS];

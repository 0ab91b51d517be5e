// The DOM of a map, built once: stage with two canvases, toolbar, status, legend, histograms.

import { element } from "./legend.js";

const ICONS = {
  pan: "M12 2l3 3h-2v6h6V9l3 3-3 3v-2h-6v6h2l-3 3-3-3h2v-6H5v2l-3-3 3-3v2h6V5H9z",
  box: "M4 4h4v2H6v2H4zm12 0h4v4h-2V6h-2zM4 16h2v2h2v2H4zm14 0h2v4h-4v-2h2zM10 4h4v2h-4zm0 14h4v2h-4zM4 10h2v4H4zm14 0h2v4h-2z",
  lasso: "M12 3c5 0 9 2.700 9 6.200S17 15.500 12 15.500c-1 0-2-.1-2.900-.3a3 3 0 0 1-2.300 3.300c.1 1 .6 1.700 1.500 2.100l-.8 1.700c-1.700-.8-2.600-2.200-2.700-4A3 3 0 0 1 4 13.400C3.300 12.200 3 11 3 9.200 3 5.700 7 3 12 3zm0 2C8 5 5 6.900 5 9.200c0 1.200.3 2.100.8 2.900a3 3 0 0 1 3 1.100c1 .2 2 .3 3.200.3 4 0 7-1.900 7-4.300S16 5 12 5z",
  plus: "M11 5h2v6h6v2h-6v6h-2v-6H5v-2h6z",
  minus: "M5 11h14v2H5z",
  fit: "M4 4h6v2H6v4H4zm10 0h6v6h-2V6h-4zM4 14h2v4h4v2H4zm14 0h2v6h-6v-2h4z",
  undo: "M8 5v3h6a5 5 0 0 1 0 11H7v-2h7a3 3 0 0 0 0-7H8v3L3 9z",
  redo: "M16 5v3h-6a5 5 0 0 0 0 11h7v-2h-7a3 3 0 0 1 0-7h6v3l5-4z",
  clear: "M6 4.600L12 10.600l6-6L19.400 6l-6 6 6 6-1.400 1.400-6-6-6 6L4.600 18l6-6-6-6z",
  save: "M11 3h2v9l3-3 1.400 1.400L12 15.800l-5.400-5.400L8 9l3 3zM5 19h14v2H5z",
};
const KEYS = "Arrow keys pan, + and - zoom, 0 resets the view. M, B and L switch to pan, box and lasso. Enter opens the point in the center, V selects what is in view, " +
  "P sets a lasso corner at the center and Enter closes it. Shift adds, Alt subtracts, Escape clears, Ctrl+Z undoes.";

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const shape = document.createElementNS("http://www.w3.org/2000/svg", "path");
  shape.setAttribute("d", path);
  svg.append(shape);
  return svg;
}

function button(name, title, act) {
  const node = element("button", "tool", "", { type: "button", title, "aria-label": title });
  node.dataset.tool = name;
  node.append(icon(ICONS[name]));
  node.onclick = act;
  return node;
}

export function buildFrame(parent, map) {
  const root = element("div", "map", "", { role: "group", "aria-label": "Map" });
  const stage = element("div", "stage");
  const points = element("canvas", "points", "", { "aria-hidden": "true" });
  const overlay = element("canvas", "overlay", "", { tabindex: 0, role: "application", "aria-label": `Map of texts. ${KEYS}` });
  const tip = element("div", "tip");
  tip.hidden = true;
  const tools = {
    pan: button("pan", "Pan; click a point to read it (M)", () => map.setTool("pan")),
    box: button("box", "Box select (Shift: add, Alt: subtract) (B)", () => map.setTool("box")),
    lasso: button("lasso", "Lasso select (Shift: add, Alt: subtract) (L)", () => map.setTool("lasso")),
  };
  tools.pan.setAttribute("aria-pressed", "true");
  const undo = button("undo", "Undo (Ctrl+Z)", () => map.undo());
  const redo = button("redo", "Redo (Ctrl+Shift+Z)", () => map.redo());
  const clear = button("clear", "Clear selection and filters (Esc)", () => map.clear());
  const save = button("save", "Save as PNG", () => map.save());
  for (const tool of [...Object.values(tools), undo, redo, clear]) tool.classList.add("choosing");
  const bar = element("div", "tools", "", { role: "toolbar", "aria-label": "Map tools" });
  bar.append(...Object.values(tools), element("span", "gap"), button("plus", "Zoom in (+)", () => map.zoom(1.5, null)), button("minus", "Zoom out (-)", () => map.zoom(1 / 1.5, null)),
    button("fit", "Reset view (double-click, or 0)", () => map.fit()), element("span", "gap"), undo, redo, clear, element("span", "gap"), save);
  const status = element("div", "status", "", { role: "status", "aria-live": "polite" });
  const alt = element("p", "unseen");
  const legend = element("div", "legend"), columns = element("div", "columns"), morph = element("div", "morph");
  morph.hidden = true;
  stage.append(points, overlay, tip, status);
  root.append(bar, stage, morph, legend, columns, alt);
  parent.append(root);
  return { root, stage, points, overlay, context: overlay.getContext("2d"), tip, tools, undo, redo, clear, status, alt, legend, columns, morph };
}

// The slider that morphs one map into the next; with value null they are side by side.
export function drawMorph(place, titles, value, act) {
  place.hidden = titles.length < 2;
  if (place.hidden) return place.replaceChildren();
  const toggle = element("button", "tool wide", value === null ? "Morph between maps" : "Side by side", { type: "button", title: "Animate from one map to the next, with trails of the points that move farthest" });
  toggle.onclick = () => act(value === null ? 0 : null);
  const parts = [toggle];
  if (value !== null) {
    const slider = element("input", "", "", { type: "range", min: 0, max: titles.length - 1, step: 0.01, "aria-label": "Position between the maps" });
    slider.value = String(value);
    slider.oninput = () => act(Number(slider.value));
    parts.push(element("span", "", titles[0]), slider, element("span", "", titles.at(-1)));
  }
  place.replaceChildren(...parts);
}

// The map: one object per mounted component. Its view, buffers and selection survive reruns of the page.

import { getArray, onArrival } from "./store.js";
import { detailsOf, onDetails } from "./details.js";
import { fitView, held, scaleOf, STEPS, toData, toScreen, toSteps, zoomedAt } from "./view.js";
import { buildGrid, countIn, densities, densityCells, nearest } from "./grid.js";
import { applyFilters, applySteps, emptyChoice, History, isEmpty, memberCodes, packed, simplified } from "./choice.js";
import { zoomIntervals } from "./labels.js";
import { openGpu } from "./gpu.js";
import { drawColorBar, drawHistogram, drawLegend, element } from "./legend.js";
import { drawLabel, fillShape, measured, outline, ring } from "./overlay.js";
import { listen } from "./input.js";
import { buildFrame, drawMorph } from "./frame.js";
import { paletteOf } from "./colors.js";

const LOWEST = 360, AROUND = 380; // pixels: the least height of a map, and what a page shows above and below it
const REACH = 14; // hover radius in pixels
const SMOOTH = 300; // duration of a color change in milliseconds
const QUICK_POINTS = 25000; // drawn immediately after a change; while the view moves, as many as the machine can handle
const SMOOTH_POINTS = 250000; // up to which colors change smoothly
const MOST_HEAP = 8; // overlapping points that are all drawn
const TRAILS = 150;
const calm = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

class ScatterMap {
  constructor(parent) {
    this.parts = buildFrame(parent, this);
    this.tool = () => this._tool;
    this._tool = "pan";
    this.data = this.command = null;
    this.history = new History(emptyChoice());
    this.bin = []; // cleanup functions for unmounting
    this.hovered = null; // {row, panel}
    this.shape = null;
    this.corners = [];
    this.cross = false;
    this.every = 1;
    this.morph = null;
    this.gpu = openGpu(this.parts.points);
    if (!this.gpu) return;
    listen(this.parts.overlay, this);
    const watch = new ResizeObserver(() => this.resized());
    watch.observe(this.parts.stage);
    this.bin.push(() => watch.disconnect(), onArrival(() => this.arrived()), onDetails(() => this.tip()));
    this.parts.points.addEventListener("webglcontextlost", (event) => event.preventDefault());
    this.parts.points.addEventListener("webglcontextrestored", () => (this.gpu.prepare(), this.draw()));
  }

  get choice() {
    return this.history.now;
  }

  // New data from the page: only differences are applied.
  update(component) {
    this.tell = component.setStateValue;
    this.ask = component.setTriggerValue;
    const text = JSON.stringify(component.data);
    if (text === this.dataText && component.data.color.key === this.choice.color) return; // a rerun without changes draws nothing
    this.dataText = text;
    const first = !this.data, before = this.data;
    this.data = component.data;
    this.parts.stage.style.height = `min(${this.data.height}px, max(${LOWEST}px, 100vh - ${AROUND}px))`;
    this.parts.root.dataset.theme = this.data.theme;
    if (first || before.command.stamp !== this.data.command.stamp) this.command = this.data.command;
    this.answers = !first && this.command !== null; // confirms to the page that its command was applied
    this.parts.root.classList.toggle("simple", Boolean(this.data.simple));
    if (!first && this.data.color.key !== this.choice.color) {
      this.history.now = { ...this.choice, color: this.data.color.key, hidden: [], range: null };
    }
    this.arrived();
  }

  // Data arrived: apply geometry, colors and columns as far as available.
  arrived() {
    const { panels, color, columns, ids } = this.data ?? { panels: [] };
    const layouts = panels.map((panel) => getArray(panel.array, Float32Array));
    if (!layouts.length || layouts.some((points) => !points)) return;
    if (this.data.key !== this.key) this.takeGeometry(layouts);
    this.ids = ids ? getArray(ids, Uint32Array) : null;
    if (ids && !this.ids) return;
    const codes = color.array ? getArray(color.array, Uint8Array) : this.zeros;
    const members = color.members ? getArray(color.members, Uint32Array) : null;
    if (!codes || (color.members && !members)) return; // until the new colors arrive, the drawing stays unchanged
    if (color.key + this.data.theme !== this.colorKey) this.takeColors(codes, members);
    this.columns = new Map();
    for (const column of columns) {
      const found = getArray(column.array, Uint8Array);
      if (found) this.columns.set(column.name, found);
    }
    if (this.command) {
      const { view, choice } = this.command;
      if (view) this.view = held({ x: this.bounds.x + view[0] * this.bounds.side, y: this.bounds.y + view[1] * this.bounds.side, zoom: view[2] }, this.bounds);
      if (choice) this.history.now = { ...emptyChoice(color.key), ...choice, ...(choice.color === color.key ? {} : { color: color.key, hidden: [], range: null }) };
      this.command = null;
      if (this.answers) this.emit();
    }
    this.takeLabels();
    if (this.stateText() !== this.shown) this.chosen(); // a rerun without changes costs nothing
    else this.drawOverlay(); // labels, contours or marks may have changed
  }

  stateText() {
    return JSON.stringify([this.key, this.colorKey, [...this.columns.keys()], this.choice, this.rowsHere()]);
  }

  // The saved selections of the current selection that have arrived.
  rowsHere() {
    return this.choice.steps.filter((step) => step.k === "rows" && getArray(step.a, Uint8Array)).length;
  }

  takeGeometry(layouts) {
    const fresh = this.key === undefined;
    this.key = this.data.key;
    this.layouts = layouts;
    this.count = layouts[0].length / 2;
    this.bounds = this.data.bounds;
    if (fresh || this.data.reset !== this.resetKey) this.view = fitView(this.bounds);
    this.resetKey = this.data.reset;
    this.grids = layouts.map((points) => buildGrid(points, this.bounds));
    this.zeros = new Uint8Array(this.count);
    this.flags = new Uint8Array(this.count).fill(1);
    this.inFilter = new Uint8Array(this.count).fill(1);
    this.inShape = new Uint8Array(this.count);
    this.codes = this.members = null;
    layouts.forEach((points, i) => {
      this.gpu.upload(`points${i}`, points);
      this.gpu.upload(`density${i}`, densities(points, this.bounds, densityCells(this.count)));
    });
    this.every = 1;
    this.hovered = null;
    this.rowAt = this.trailKey = null;
    this.morph = null;
    this.setMorph(null);
  }

  takeColors(codes, members) {
    const { palette, css } = paletteOf(this.data.color);
    const smooth = this.codes && !calm() && this.count <= SMOOTH_POINTS;
    if (smooth) {
      this.gpu.upload("oldCode", this.codes);
      this.gpu.setPalette("oldPalette", this.palette);
    }
    this.members = members;
    this.gray = this.data.color.categories.flatMap((category, code) => (category.color === this.data.color.gray ? [code] : []));
    if (members) codes = codes.slice(); // they change with the legend
    this.codes = codes;
    this.palette = palette;
    this.css = css;
    this.colorKey = this.data.color.key + this.data.theme;
    this.gpu.upload("code", codes);
    this.gpu.setPalette("palette", palette);
    if (!smooth) {
      this.gpu.upload("oldCode", codes);
      this.gpu.setPalette("oldPalette", palette);
    }
    this.blendFrom = smooth ? performance.now() : -Infinity;
  }

  takeLabels() {
    const style = getComputedStyle(this.parts.root);
    const panel = this.frames()[0];
    const scale = scaleOf({ zoom: 1 }, this.bounds, panel);
    const key = JSON.stringify([this.data.panels.map((each) => each.labels), panel.width, panel.height, style.fontFamily]);
    if (key === this.labelKey) return;
    this.labelKey = key;
    this.labels = this.data.panels.map((each) => {
      const labels = measured(this.parts.context, each.labels, style.fontFamily, scale);
      const intervals = zoomIntervals(labels);
      return labels.map((label, i) => ({ ...label, from: intervals[i][0], to: intervals[i][1], alpha: 0 }));
    });
  }

  // The selection changed: compute passing and selected rows, draw and report them.
  chosen(rest) {
    if (!this.codes) return;
    applyFilters(this.inFilter, this.choice, this.codes, this.columns, this.members);
    if (this.members) {
      memberCodes(this.codes, this.members, this.choice.hidden, this.gray);
      this.gpu.refresh("code", this.codes);
    }
    const shape = JSON.stringify([this.key, this.data.ids, this.choice.steps, this.rowsHere()]);
    if (shape !== this.shapeKey) applySteps(this.inShape, this.choice.steps, this.layouts, this.bounds, this.ids);
    this.shapeKey = shape;
    this.shown = this.stateText();
    let passing = 0, selected = 0;
    for (let i = 0; i < this.count; i++) {
      this.flags[i] = this.inFilter[i] | (this.inShape[i] << 1);
      passing += this.inFilter[i];
      selected += this.inFilter[i] & this.inShape[i];
    }
    this.passing = passing;
    this.selected = selected;
    this.parts.root.dataset.selected = this.choice.steps.length ? String(selected) : "";
    this.parts.root.dataset.passing = String(passing);
    this.gpu.refresh("flags", this.flags);
    this.drawSide();
    this.say();
    if (this.count > QUICK_POINTS) this.glance(rest);
    else this.draw();
  }

  // A change by the user: recorded for undo, drawn immediately, sent to the page.
  set(change) {
    if (!this.history.set({ ...this.choice, ...change })) return;
    this.emit();
    this.soon = setTimeout(() => this.chosen(400)); // Streamlit sends when this task ends; all points are drawn after the page's reply
  }

  drawSide() {
    const { color, columns } = this.data;
    const side = JSON.stringify([this.colorKey, this.choice.hidden, this.choice.range]);
    if (side !== this.sideKey) {
      this.sideKey = side;
      if (color.kind === "category") drawLegend(this.parts.legend, { ...color, categories: this.css }, this.choice, (hidden) => this.set({ hidden }));
      else if (color.kind === "scale") drawColorBar(this.parts.legend, { ...color, ...this.css }, this.choice, (range) => this.set({ range }));
      else this.parts.legend.replaceChildren();
    }
    this.parts.columns.hidden = !columns.length;
    while (this.parts.columns.children.length > columns.length) this.parts.columns.lastChild.remove();
    columns.forEach((column, i) => {
      const place = this.parts.columns.children[i] ?? this.parts.columns.appendChild(element("div", "histogram"));
      const codes = this.columns.get(column.name);
      if (!codes) return;
      const range = this.choice.brushes[column.name] ?? null;
      const all = new Array(column.bins.length).fill(0), now = all.slice();
      const mask = this.choice.steps.length ? 3 : 1;
      for (let row = 0; row < this.count; row++) {
        if (codes[row] >= all.length) continue;
        all[codes[row]]++;
        if ((this.flags[row] & mask) === mask) now[codes[row]]++;
      }
      drawHistogram(place, column, all, now, range, (ends) => {
        const brushes = { ...this.choice.brushes };
        if (ends) brushes[column.name] = ends;
        else delete brushes[column.name];
        this.set({ brushes });
      });
    });
  }

  say() {
    const n = (value) => value.toLocaleString("en");
    const parts = [`${n(this.count)} points`];
    if (this.passing < this.count) parts.push(`${n(this.passing)} match the filters`);
    if (this.choice.steps.length) parts.push(`${n(this.selected)} selected`);
    this.parts.status.textContent = parts.join(", ");
    const names = this.data.panels[0].labels.slice(0, 12).map(([text, , , , rows]) => `${text} (${n(rows)})`);
    this.parts.alt.textContent = `${this.data.alt}. ${parts.join(", ")}.${names.length ? ` Regions: ${names.join("; ")}.` : ""}`;
    this.parts.undo.disabled = !this.history.past.length;
    this.parts.redo.disabled = !this.history.future.length;
    this.parts.clear.disabled = isEmpty(this.choice);
  }

  // Send the state to the page: immediately for selections, delayed for the view, which may still move.
  emit(wait = 0) {
    clearTimeout(this.timer);
    if (wait) this.timer = setTimeout(() => this.emit(), wait);
    else if (this.bounds) this.tellState();
  }

  tellState() {
    const { x, y, side } = this.bounds;
    const round = (value, digits) => Number(value.toFixed(digits));
    const view = [round((this.view.x - x) / side, 6), round((this.view.y - y) / side, 6), round(this.view.zoom, 3)];
    const panel = this.frames()[0], scale = this.scale();
    const corner = (sx, sy) => toData(this.view, scale, panel, sx, sy).map((value) => round(value, 4));
    const box = [...corner(0, panel.height), ...corner(panel.width, 0)];
    const state = { reset: this.resetKey, view, choice: this.choice, box };
    const text = JSON.stringify(state);
    if (text === this.told) return;
    this.told = text;
    this.tell("state", state);
  }

  // Panels side by side, stacked where it is narrow; one while they morph.
  frames() {
    const { clientWidth: width, clientHeight: height } = this.parts.stage;
    const many = this.morph === null ? this.data.panels.length : 1;
    const across = many === 1 ? 1 : many === 2 && width < 480 ? 1 : 2;
    const down = Math.ceil(many / across);
    return Array.from({ length: many }, (_, i) => ({
      left: ((i % across) * width) / across, top: (Math.floor(i / across) * height) / down, width: width / across, height: height / down,
    }));
  }

  panelAt([x, y]) {
    const frames = this.frames();
    const index = Math.max(0, frames.findIndex((f) => x >= f.left && x < f.left + f.width && y >= f.top && y < f.top + f.height));
    return { index, frame: frames[index], place: [x - frames[index].left, y - frames[index].top] };
  }

  scale() {
    return scaleOf(this.view, this.bounds, this.frames()[0]);
  }

  // Where a row is in a panel, in pixels of the whole stage.
  screenOf(row, index, frame, scale) {
    const [x, y] = this.positionOf(row, index);
    const [sx, sy] = toScreen(this.view, scale, frame, x, y);
    return [sx + frame.left, sy + frame.top];
  }

  positionOf(row, index) {
    if (this.morph === null) return [this.layouts[index][2 * row], this.layouts[index][2 * row + 1]];
    const [i, j, t] = this.morphEnds();
    const [a, b] = [this.layouts[i], this.layouts[j]];
    return [a[2 * row] * (1 - t) + b[2 * row] * t, a[2 * row + 1] * (1 - t) + b[2 * row + 1] * t];
  }

  morphEnds() {
    const i = Math.min(this.layouts.length - 2, Math.floor(this.morph));
    return [i, i + 1, this.morph - i];
  }

  // --- what the input calls

  hover(place) {
    this.pointer = place;
    const row = place && this.codes ? this.rowUnder(place) : -1;
    const found = row < 0 ? null : { row, panel: this.panelAt(place).index };
    if (found?.row === this.hovered?.row && found?.panel === this.hovered?.panel) return;
    this.hovered = found;
    this.parts.root.dataset.hovered = found ? String(this.idOf(found.row)) : "";
    this.parts.overlay.style.cursor = this._tool !== "pan" ? "crosshair" : found ? "pointer" : "grab";
    clearTimeout(this.dwell);
    if (found && !this.details(found.row)) this.dwell = setTimeout(() => this.ask("want", this.idOf(found.row)), 120);
    this.tip();
  }

  rowUnder(place) {
    const { index, frame, place: [x, y] } = this.panelAt(place);
    if (this.morph !== null && this.morph % 1) return -1;
    const at = this.morph === null ? index : this.morph;
    const scale = scaleOf(this.view, this.bounds, frame);
    const [dataX, dataY] = toData(this.view, scale, frame, x, y);
    return nearest(this.layouts[at], this.grids[at], this.bounds, dataX, dataY, REACH / scale, (row) => this.inFilter[row]);
  }

  idOf(row) {
    return this.ids ? this.ids[row] : row;
  }

  rowOf(id) {
    if (!this.ids) return id < this.count ? id : -1;
    this.rowAt ??= new Map(Array.from(this.ids, (each, row) => [each, row]));
    return this.rowAt.get(id) ?? -1;
  }

  details(row) {
    return detailsOf(this.data.details, this.idOf(row));
  }

  // Shows, moves or hides the tooltip of the hovered point.
  tip() {
    const { tip, stage } = this.parts;
    tip.hidden = !this.hovered;
    if (this.hovered) {
      const { row, panel } = this.hovered;
      const told = this.details(row);
      tip.replaceChildren(element("div", "text", told ? told.text || "(empty)" : "…"));
      for (const [name, value] of told?.cells ?? []) {
        const line = element("div", "cell");
        line.append(element("b", "", name), element("span", "", value));
        tip.append(line);
      }
      const frame = this.frames()[this.morph === null ? panel : 0];
      const [x, y] = this.screenOf(row, panel, frame, scaleOf(this.view, this.bounds, frame));
      tip.style.left = `${Math.max(4, Math.min(stage.clientWidth - tip.offsetWidth - 4, x + 14))}px`;
      tip.style.top = `${y + 18 + tip.offsetHeight > stage.clientHeight ? Math.max(4, y - tip.offsetHeight - 12) : y + 14}px`;
    }
    this.drawOverlay();
  }

  click(place) {
    if (!this.codes) return;
    const row = this.rowUnder(place);
    this.set({ clicked: row < 0 ? null : this.idOf(row) });
  }

  pan(dx, dy) {
    if (!this.bounds) return;
    const scale = this.scale();
    this.moved(held({ ...this.view, x: this.view.x - dx / scale, y: this.view.y + dy / scale }, this.bounds));
  }

  zoom(factor, place) {
    if (!this.bounds) return;
    const { frame, place: [x, y] } = this.panelAt(place ?? [0, 0]);
    this.moved(zoomedAt(this.view, this.bounds, frame, factor, place ? x : frame.width / 2, place ? y : frame.height / 2));
  }

  fit() {
    if (this.bounds) this.moved(fitView(this.bounds));
  }

  moved(view) {
    this.view = view;
    if (this.hovered) this.tip();
    this.glance();
    this.emit(450);
  }

  // Draws a subset immediately, and all points once nothing changes any more.
  glance(rest = 160) {
    this.moving = true;
    clearTimeout(this.settle);
    this.settle = setTimeout(() => {
      this.moving = false;
      this.lastFrame = null;
      this.draw();
    }, rest);
    this.draw();
  }

  drawing(shape) {
    this.shape = shape;
    this.drawOverlay();
  }

  // Converts a finished box or lasso from stage pixels to grid steps of the layout.
  finish(kind, path, operation) {
    if (!this.codes) return;
    const { index, frame } = this.panelAt(path[0]);
    const scale = scaleOf(this.view, this.bounds, frame);
    const corners = path.map(([x, y]) => toSteps(this.bounds, ...toData(this.view, scale, frame, x - frame.left, y - frame.top)));
    const kept = kind === "box" ? corners : simplified(corners, (2 * STEPS) / (scale * this.bounds.side));
    if (kept.length < (kind === "box" ? 2 : 3)) return;
    const panel = this.morph === null ? index : Math.round(this.morph);
    const step = { k: kind, o: operation, p: packed(kept), ...(panel ? { m: panel } : {}) };
    this.set({ steps: operation === "set" ? [step] : [...this.choice.steps, step], clicked: null });
  }

  visible(operation) {
    const frame = this.frames()[0];
    this.finish("box", [[frame.left, frame.top], [frame.left + frame.width, frame.top + frame.height]], operation);
  }

  crosshair() {
    this.cross = true;
    const { width, height } = this.frames()[0];
    this.hover([width / 2, height / 2]);
  }

  corner() {
    const { width, height } = this.frames()[0];
    this.cross = true;
    this.corners.push(toData(this.view, this.scale(), this.frames()[0], width / 2, height / 2));
    this.drawOverlay();
  }

  enter(event) {
    const frame = this.frames()[0], scale = this.scale();
    const corners = this.corners.map(([x, y]) => toScreen(this.view, scale, frame, x, y));
    this.corners = [];
    if (corners.length >= 3) this.finish("lasso", corners, event.altKey ? "sub" : event.shiftKey ? "add" : "set");
    else this.click([frame.width / 2, frame.height / 2]);
  }

  clear() {
    this.corners = [];
    this.shape = null;
    this.set(emptyChoice(this.data.color.key));
    this.drawOverlay();
  }

  undo() {
    if (this.history.undo()) this.emit(), this.chosen();
  }

  redo() {
    if (this.history.redo()) this.emit(), this.chosen();
  }

  setTool(tool) {
    this._tool = tool;
    for (const [name, button] of Object.entries(this.parts.tools)) button.setAttribute("aria-pressed", String(name === tool));
    this.parts.overlay.style.cursor = tool === "pan" ? "grab" : "crosshair";
  }

  setMorph(value) {
    const whole = value === null || this.morph === null; // while sliding, only the drawing changes
    this.morph = value;
    if (whole) drawMorph(this.parts.morph, this.data.panels.map((panel) => panel.title), value, (next) => this.setMorph(next));
    if (whole) this.resized();
    this.draw();
  }

  resized() {
    const { stage, points, overlay } = this.parts;
    const ratio = Math.min(2, devicePixelRatio || 1);
    this.ratio = ratio;
    for (const canvas of [points, overlay]) {
      const [width, height] = [Math.round(stage.clientWidth * ratio), Math.round(stage.clientHeight * ratio)];
      if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
    }
    if (!this.bounds) return;
    this.takeLabels();
    this.draw();
  }

  draw() {
    if (!this.frame) this.frame = requestAnimationFrame(() => ((this.frame = null), this.render()));
  }

  render() {
    if (!this.codes || !this.parts.stage.clientWidth) return;
    if (!this.ratio) this.resized();
    const now = performance.now();
    this.pace(now);
    const blend = Math.min(1, (now - this.blendFrom) / SMOOTH);
    const { width, height } = this.parts.points;
    this.gpu.clear(width, height);
    this.frames().forEach((frame, i) => this.renderPanel(frame, i, blend));
    this.drawOverlay();
    if (blend < 1) this.draw();
    const marks = this.parts.root.dataset; // exposes the state, e.g. to tests
    marks.drawn = `${this.key}:${this.colorKey}`;
    marks.complete = this.every === 1 ? marks.drawn : "";
    marks.view = [this.view.x, this.view.y, this.view.zoom].map((part) => part.toFixed(4)).join(" ");
  }

  // While the view moves, as many points as keep it smooth; all of them when it rests.
  pace(now) {
    if (!this.moving) return (this.every = 1);
    if (this.lastFrame === null || this.lastFrame === undefined) this.every = Math.min(31, Math.max(1, Math.ceil(this.count / QUICK_POINTS)));
    else if (now - this.lastFrame > 60) this.every = Math.min(31, this.every * 2);
    else if (now - this.lastFrame < 18 && this.every > 1) this.every -= 1;
    this.lastFrame = now;
  }

  renderPanel(frame, index, blend) {
    const scale = scaleOf(this.view, this.bounds, frame), ratio = this.ratio;
    const [i, j, t] = this.morph === null ? [index, index, 0] : this.morphEnds();
    const [x0, y0] = toData(this.view, scale, frame, 0, frame.height), [x1, y1] = toData(this.view, scale, frame, frame.width, 0);
    const seen = Math.max(1, countIn(this.grids[i], this.bounds, x0, y0, x1, y1));
    const size = Math.max(2.2, Math.min(11, 0.55 * Math.sqrt((frame.width * frame.height) / seen)));
    const look = {
      x: this.view.x, y: this.view.y, scaleX: (2 * scale) / frame.width, scaleY: (2 * scale) / frame.height, morph: t, blend,
      size: size * ratio, cellSide: (scale * this.bounds.side * ratio) / densityCells(this.count), context: this.data.context,
      singled: this.choice.steps.length ? 2 : this.passing < this.count ? 1 : 0, heapMost: MOST_HEAP,
    };
    const box = { left: Math.round(frame.left * ratio), bottom: Math.round(this.parts.points.height - (frame.top + frame.height) * ratio), width: Math.round(frame.width * ratio), height: Math.round(frame.height * ratio) };
    const names = { from: `points${i}`, to: `points${j}`, code: "code", oldCode: "oldCode", flags: "flags", density: `density${i}` };
    this.gpu.draw(box, names, look, this.count, this.every);
  }

  drawOverlay() {
    if (!this.bounds || !this.codes) return;
    const { context, overlay, root } = this.parts;
    const style = getComputedStyle(root);
    const colors = { ink: style.getPropertyValue("--ink").trim(), ground: style.getPropertyValue("--ground").trim(), mark: style.getPropertyValue("--mark").trim() };
    context.setTransform(this.ratio || 1, 0, 0, this.ratio || 1, 0, 0);
    context.clearRect(0, 0, overlay.width, overlay.height);
    let fading = false;
    this.frames().forEach((frame, index) => {
      context.save();
      context.beginPath();
      context.rect(frame.left, frame.top, frame.width, frame.height);
      context.clip();
      fading = this.overlayPanel(context, frame, index, colors) || fading;
      context.restore();
    });
    if (this.shape) {
      context.lineWidth = 1.5;
      fillShape(context, this.shape.path, colors.mark);
    }
    if (fading) requestAnimationFrame(() => this.drawOverlay());
  }

  overlayPanel(context, frame, index, colors) {
    const scale = scaleOf(this.view, this.bounds, frame);
    const screen = (x, y) => {
      const [sx, sy] = toScreen(this.view, scale, frame, x, y);
      return [sx + frame.left, sy + frame.top];
    };
    if (this.morph !== null) this.drawTrails(context, screen, colors);
    const panel = this.morph === null ? index : Math.round(this.morph);
    context.lineWidth = 1;
    for (const [share, lines] of this.data.panels[panel].contours ?? []) {
      context.globalAlpha = 0.2 + 0.5 * (1 - share);
      for (const line of lines) outline(context, Array.from({ length: line.length / 2 }, (_, k) => screen(line[2 * k], line[2 * k + 1])), false, colors.ink);
    }
    context.globalAlpha = 1;
    const fading = this.drawLabels(context, frame, panel, screen, colors);
    if (this.data.panels.length > 1) {
      context.font = `600 14px ${getComputedStyle(this.parts.root).fontFamily}`;
      context.textAlign = "left";
      context.textBaseline = "top";
      context.fillStyle = colors.ink;
      context.fillText(this.data.panels[panel].title, frame.left + 12, frame.top + 12, frame.width - 24);
      context.globalAlpha = 0.25;
      context.lineWidth = 1;
      context.strokeStyle = colors.ink;
      context.strokeRect(frame.left + 0.5, frame.top + 0.5, frame.width - 1, frame.height - 1);
      context.globalAlpha = 1;
    }
    this.drawMarks(context, frame, panel, scale, screen, colors);
    return fading;
  }

  drawLabels(context, frame, panel, screen, colors) {
    const still = calm();
    let fading = false;
    for (const label of this.labels?.[panel] ?? []) {
      const wanted = this.view.zoom >= label.from && this.view.zoom < label.to ? 1 : 0;
      label.alpha = still ? wanted : Math.max(0, Math.min(1, label.alpha + Math.sign(wanted - label.alpha) * 0.2));
      if (label.alpha !== wanted) fading = true;
      const [x, y] = screen(label.dataX, label.dataY);
      const inside = x > frame.left - label.width / 2 && x < frame.left + frame.width + label.width / 2 && y > frame.top - 20 && y < frame.top + frame.height + 20;
      const edge = label.width / 2 - 4;
      const shown = Math.max(frame.left + edge, Math.min(frame.left + frame.width - edge, x)); // no label is clipped by an edge
      if (label.alpha > 0 && inside) drawLabel(context, label, shown, y, label.alpha, colors);
    }
    return fading;
  }

  // Circles on the hovered and the clicked row, lines to nearest neighbors, crosshair and corners of keyboard selection.
  drawMarks(context, frame, panel, scale, screen, colors) {
    const clicked = this.choice.clicked === null ? -1 : this.rowOf(this.choice.clicked);
    const row = this.hovered ? this.hovered.row : clicked;
    context.lineWidth = 1.2;
    if (row >= 0) {
      const here = this.screenOf(row, panel, frame, scale);
      for (const id of this.details(row)?.near ?? []) {
        const other = this.rowOf(id);
        if (other < 0) continue;
        const there = this.screenOf(other, panel, frame, scale);
        context.globalAlpha = 0.75;
        outline(context, [here, there], false, colors.mark);
        context.globalAlpha = 1;
        ring(context, there, 3.5, colors.mark);
      }
      context.lineWidth = 2.2;
      ring(context, here, 7, colors.ink);
    }
    if (clicked >= 0) {
      context.lineWidth = 2.6;
      ring(context, this.screenOf(clicked, panel, frame, scale), 8, colors.mark);
    }
    this.drawGiven(context, panel, frame, scale, screen, colors);
    if (this.corners.length) fillShape(context, this.corners.map(([x, y]) => screen(x, y)), colors.mark);
    if (this.cross && this.parts.root.contains(this.parts.overlay) && this.parts.overlay.matches(":focus-visible")) {
      const [x, y] = [frame.left + frame.width / 2, frame.top + frame.height / 2];
      outline(context, [[x - 9, y], [x + 9, y]], false, colors.ink);
      outline(context, [[x, y - 9], [x, y + 9]], false, colors.ink);
    }
  }

  // Rows marked by the page, such as hits, and a star, such as the position of a query.
  drawGiven(context, panel, frame, scale, screen, colors) {
    const { rows = [], star = null } = this.data.marks ?? {};
    context.lineWidth = 2;
    for (const id of rows) {
      const row = this.rowOf(id);
      if (row >= 0) ring(context, this.screenOf(row, panel, frame, scale), 6, colors.mark);
    }
    if (!star) return;
    const [x, y] = screen(...star);
    context.font = "26px system-ui";
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineWidth = 4;
    context.strokeStyle = colors.ground;
    context.strokeText("\u2605", x, y);
    context.fillStyle = colors.ink;
    context.fillText("\u2605", x, y);
  }

  // Trails of the points that move farthest between two layouts.
  drawTrails(context, screen, colors) {
    const [i, j, t] = this.morphEnds();
    const key = `${this.key}:${i}`;
    if (this.trailKey !== key) {
      this.trailKey = key;
      const [a, b] = [this.layouts[i], this.layouts[j]];
      const far = Float32Array.from({ length: this.count }, (_, r) => Math.hypot(a[2 * r] - b[2 * r], a[2 * r + 1] - b[2 * r + 1]) || 0);
      const limit = far.slice().sort()[Math.max(0, this.count - TRAILS)];
      this.trails = Array.from(far.keys()).filter((row) => far[row] >= limit && far[row] > 0).slice(0, TRAILS);
    }
    context.globalAlpha = 0.35 * Math.sin(Math.PI * Math.min(1, t + 0.15));
    context.lineWidth = 1;
    for (const row of this.trails) {
      if (!this.inFilter[row]) continue;
      outline(context, [screen(this.layouts[i][2 * row], this.layouts[i][2 * row + 1]), screen(...this.positionOf(row, 0))], false, colors.mark);
    }
    context.globalAlpha = 1;
  }

  // The current drawing, points and labels, as a PNG file.
  save() {
    const { points, overlay, root } = this.parts;
    const canvas = element("canvas");
    [canvas.width, canvas.height] = [points.width, points.height];
    const context = canvas.getContext("2d");
    context.fillStyle = getComputedStyle(root).getPropertyValue("--ground");
    context.fillRect(0, 0, canvas.width, canvas.height);
    this.render();
    context.drawImage(points, 0, 0);
    context.drawImage(overlay, 0, 0);
    const link = element("a", "", "", { download: `${this.data.file}.png`, href: canvas.toDataURL("image/png") });
    link.click();
  }

  gone() {
    clearTimeout(this.timer);
    clearTimeout(this.soon);
    clearTimeout(this.settle);
    clearTimeout(this.dwell);
    cancelAnimationFrame(this.frame);
    for (const undo of this.bin) undo();
  }
}

const mounted = new WeakMap();

export default function (component) {
  const parent = component.parentElement;
  let map = mounted.get(parent);
  if (!map) mounted.set(parent, (map = new ScatterMap(parent)));
  if (map.gpu) map.update(component);
  else component.setStateValue("unsupported", true);
  return () => {
    map.gone();
    mounted.delete(parent);
  };
}

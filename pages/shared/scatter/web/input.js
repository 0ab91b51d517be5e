// Pointers, wheel and keys, turned into a few calls: hover, click, pan, zoom, finish (a shape), fit, clear, undo, redo, key.

const CLICK = 4; // pixels a pointer may move and still click
export const OPERATIONS = { set: "set", add: "add", sub: "sub" };
export const operationOf = (event) => (event.altKey ? OPERATIONS.sub : event.shiftKey ? OPERATIONS.add : OPERATIONS.set);

// to: an object with these calls and `tool()`. Handlers are assigned, not added, so that a second call replaces them.
export function listen(canvas, to) {
  const down = new Map(); // pointers by id: where they are
  let drag = null; // {start, last, shape, operation}
  let pinch = null; // {distance, middle}
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const spread = () => {
    const [[ax, ay], [bx, by]] = [...down.values()];
    return { distance: Math.hypot(ax - bx, ay - by) || 1, middle: [(ax + bx) / 2, (ay + by) / 2] };
  };

  canvas.onpointerdown = (event) => {
    if (event.button > 0) return;
    canvas.focus({ preventScroll: true });
    try { canvas.setPointerCapture(event.pointerId); } catch { /* the pointer was released already */ }
    down.set(event.pointerId, at(event));
    if (down.size === 2) {
      pinch = spread();
      drag = null;
      to.drawing(null);
      return;
    }
    const tool = to.tool();
    const shape = tool === "pan" ? (event.shiftKey || event.altKey ? "lasso" : null) : tool;
    drag = { start: at(event), last: at(event), shape, operation: operationOf(event), path: [at(event)], moved: false };
  };

  canvas.onpointermove = (event) => {
    const place = at(event);
    if (!down.has(event.pointerId)) return to.hover(place);
    down.set(event.pointerId, place);
    if (pinch && down.size === 2) {
      const now = spread();
      to.pan(now.middle[0] - pinch.middle[0], now.middle[1] - pinch.middle[1]);
      to.zoom(now.distance / pinch.distance, now.middle);
      pinch = now;
    } else if (drag) {
      drag.moved ||= Math.hypot(place[0] - drag.start[0], place[1] - drag.start[1]) > CLICK;
      if (!drag.moved) return;
      if (!drag.shape) to.pan(place[0] - drag.last[0], place[1] - drag.last[1]);
      else {
        drag.path.push(place);
        to.drawing({ kind: drag.shape, path: drag.shape === "box" ? boxPath(drag.start, place) : drag.path });
      }
      drag.last = place;
    }
  };

  canvas.onpointerup = (event) => {
    if (!down.delete(event.pointerId)) return;
    if (drag && !drag.moved) to.click(drag.start, event);
    if (drag?.moved && drag.shape) {
      to.finish(drag.shape, drag.shape === "box" ? [drag.start, drag.last] : drag.path, drag.operation);
    }
    drag = null;
    if (down.size < 2) pinch = null;
    to.drawing(null);
  };
  canvas.onpointercancel = (event) => {
    down.delete(event.pointerId);
    drag = pinch = null;
    to.drawing(null);
  };
  canvas.onpointerleave = () => to.hover(null);
  canvas.ondblclick = () => to.fit();
  canvas.onwheel = (event) => {
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 20 : event.deltaMode === 2 ? 400 : 1);
    to.zoom(Math.exp(-Math.max(-200, Math.min(200, pixels)) * 0.0022), at(event));
  };
  canvas.onkeydown = (event) => {
    if (keyAction(event, to)) event.preventDefault();
  };
}

function boxPath([x0, y0], [x1, y1]) {
  return [[x0, y0], [x1, y0], [x1, y1], [x0, y1]];
}

const PANS = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };

function keyAction(event, to) {
  const control = event.ctrlKey || event.metaKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (control && key === "z") return event.shiftKey ? to.redo() : to.undo(), true;
  if (control && key === "y") return to.redo(), true;
  if (control) return false;
  if (PANS[key]) return to.pan(...PANS[key]), to.crosshair(), true;
  if (key === "+" || key === "=") return to.zoom(1.3, null), true;
  if (key === "-" || key === "_") return to.zoom(1 / 1.3, null), true;
  if (key === "0" || key === "Home") return to.fit(), true;
  if (key === "Escape") return to.clear(), true;
  if (key === "Enter" || key === " ") return to.enter(event), true;
  if (key === "v") return to.visible(operationOf(event)), true;
  if (key === "p") return to.corner(), true;
  if (["m", "b", "l"].includes(key)) return to.setTool({ m: "pan", b: "box", l: "lasso" }[key]), true;
  return false;
}

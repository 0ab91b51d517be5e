// Spatial index: a uniform grid for hovering, densities, and points in a polygon.

// cells: side of the grid. order: rows sorted by cell; start: where each cell begins in it. Points with NaN are in none.
export function buildGrid(points, bounds, cells = 0) {
  const n = points.length / 2;
  const across = cells || Math.max(1, Math.min(512, Math.ceil(Math.sqrt(n / 4))));
  const cell = new Int32Array(n);
  const start = new Uint32Array(across * across + 1);
  for (let i = 0; i < n; i++) {
    cell[i] = cellOf(points[2 * i], points[2 * i + 1], bounds, across);
    if (cell[i] >= 0) start[cell[i] + 1]++;
  }
  for (let c = 0; c < across * across; c++) start[c + 1] += start[c];
  const next = start.slice();
  const order = new Uint32Array(start[across * across]);
  for (let i = 0; i < n; i++) if (cell[i] >= 0) order[next[cell[i]]++] = i;
  return { across, start, order, cell };
}

function cellOf(x, y, bounds, across) {
  if (!Number.isFinite(x) || !Number.isFinite(y)) return -1;
  const column = Math.min(across - 1, Math.max(0, Math.floor(((x - bounds.x) / bounds.side) * across)));
  const row = Math.min(across - 1, Math.max(0, Math.floor(((y - bounds.y) / bounds.side) * across)));
  return row * across + column;
}

// Calls visit(first, last) for the stretches of grid.order whose cells touch the box.
export function overCells(grid, bounds, x0, y0, x1, y1, visit) {
  const at = (value, low) => Math.min(grid.across - 1, Math.max(0, Math.floor(((value - low) / bounds.side) * grid.across)));
  for (let row = at(y0, bounds.y); row <= at(y1, bounds.y); row++) {
    const first = row * grid.across + at(x0, bounds.x), last = row * grid.across + at(x1, bounds.x);
    visit(grid.start[first], grid.start[last + 1]);
  }
}

// The nearest row within `radius` of (x, y) that `allowed` lets through, or -1.
export function nearest(points, grid, bounds, x, y, radius, allowed) {
  let best = -1, least = radius * radius;
  overCells(grid, bounds, x - radius, y - radius, x + radius, y + radius, (first, last) => {
    for (let k = first; k < last; k++) {
      const i = grid.order[k];
      const distance = (points[2 * i] - x) ** 2 + (points[2 * i + 1] - y) ** 2;
      if (distance <= least && allowed(i)) [best, least] = [i, distance];
    }
  });
  return best;
}

// How many points lie in the cells a box touches.
export function countIn(grid, bounds, x0, y0, x1, y1) {
  let count = 0;
  overCells(grid, bounds, x0, y0, x1, y1, (first, last) => (count += last - first));
  return count;
}

// Cells across for densities: some points a cell where they are spread evenly.
export const densityCells = (count) => Math.max(6, Math.min(256, Math.round(Math.sqrt(count / 2))));

// One byte a point: 16 log2(1 + points in its cell and, on average, those around).
export function densities(points, bounds, cells) {
  const grid = buildGrid(points, bounds, cells);
  const level = new Uint8Array(cells * cells);
  const count = (row, column) => {
    const c = row * cells + column;
    return row < 0 || column < 0 || row >= cells || column >= cells ? 0 : grid.start[c + 1] - grid.start[c];
  };
  for (let row = 0; row < cells; row++) {
    for (let column = 0; column < cells; column++) {
      let around = 0;
      for (let r = -1; r <= 1; r++) for (let c = -1; c <= 1; c++) around += count(row + r, column + c);
      const mean = Math.max(around / 9, count(row, column) / 2);
      level[row * cells + column] = Math.min(255, Math.round(16 * Math.log2(1 + mean)));
    }
  }
  return Uint8Array.from(grid.cell, (c) => (c < 0 ? 0 : level[c]));
}

// Rows inside a polygon [x0, y0, x1, y1, ...] by the even-odd rule (Shimrat 1962), as in core/map/selection.py.
export function insidePolygon(points, polygon, found) {
  const corners = polygon.length / 2;
  let [x0, y0, x1, y1] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let c = 0; c < corners; c++) {
    x0 = Math.min(x0, polygon[2 * c]);
    x1 = Math.max(x1, polygon[2 * c]);
    y0 = Math.min(y0, polygon[2 * c + 1]);
    y1 = Math.max(y1, polygon[2 * c + 1]);
  }
  for (let i = 0; i < points.length / 2; i++) {
    const x = points[2 * i], y = points[2 * i + 1];
    if (!(x >= x0 && x <= x1 && y >= y0 && y <= y1)) continue;
    let odd = false;
    for (let c = 0; c < corners; c++) {
      const d = (c + 1) % corners;
      const ax = polygon[2 * c], ay = polygon[2 * c + 1], bx = polygon[2 * d], by = polygon[2 * d + 1];
      if (ay > y !== by > y && x < ax + ((y - ay) * (bx - ax)) / (by - ay)) odd = !odd;
    }
    if (odd) found(i);
  }
}

export function insideBox(points, x0, y0, x1, y1, found) {
  for (let i = 0; i < points.length / 2; i++) {
    const x = points[2 * i], y = points[2 * i + 1];
    if (x >= x0 && x <= x1 && y >= y0 && y <= y1) found(i);
  }
}

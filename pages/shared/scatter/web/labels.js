// Label placement: each label has one contiguous zoom interval (Been, Daiches and Yap 2006, dynamic map labeling),
// computed once per layout and window size, so that nothing flickers or overlaps while zooming.

export const COARSE_ENDS = [5, 30, Infinity]; // zoom at which a level is replaced by finer ones

// labels: {x, y, width, height, level, weight} with x, y in pixels at zoom 1 and sizes in pixels at any zoom.
// Returns [from, to) for each; from is Infinity if a label never fits.
export function zoomIntervals(labels) {
  const order = labels.map((_, i) => i).sort((a, b) => labels[a].level - labels[b].level || labels[b].weight - labels[a].weight);
  const intervals = labels.map((label) => [0, COARSE_ENDS[Math.min(label.level, 2)]]);
  const deepest = Math.max(0, ...labels.map((label) => label.level));
  const placed = [];
  for (const i of order) {
    const here = labels[i];
    if (here.level === deepest) intervals[i][1] = Infinity; // nothing finer takes its place
    let from = here.level === 0 ? 0 : [0, 1.6, 4][Math.min(here.level, 2)];
    // a start moves up only, so that the loop ends; it must hold against all that stand already
    for (let moved = true; moved; ) {
      moved = false;
      for (const j of placed) {
        const clear = separated(here, labels[j]);
        const [start, end] = intervals[j];
        const needed = Math.min(clear, end);
        if (from < needed && intervals[i][1] > start) [from, moved] = [needed, true];
      }
    }
    if (from < intervals[i][1] && Number.isFinite(from)) {
      intervals[i][0] = from;
      placed.push(i);
    } else {
      intervals[i] = [Infinity, Infinity];
    }
  }
  return intervals;
}

// The zoom from which two labels no longer overlap.
export function separated(a, b) {
  const dx = Math.abs(a.x - b.x), dy = Math.abs(a.y - b.y);
  return Math.min(dx ? (a.width + b.width) / 2 / dx : Infinity, dy ? (a.height + b.height) / 2 / dy : Infinity);
}

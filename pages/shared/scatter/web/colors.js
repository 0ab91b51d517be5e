// Palettes: 256 colors as bytes for WebGL, and as CSS for the legend.

export const MISSING = 255; // the code of a row without a value

const bytesOf = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

// color: {kind, categories: [{label, count, color, diamond}]} or {kind: "scale", gradient: [hex], top, missing} or {kind: "none", plain: hex}
export function paletteOf(color) {
  const palette = new Uint8Array(1024).fill(255);
  const put = (code, hex, diamond = false) => palette.set([...bytesOf(hex), diamond ? 128 : 255], 4 * code);
  if (color.kind === "category") {
    color.categories.forEach((category, code) => put(code, category.color, category.diamond));
    return { palette, css: color.categories };
  }
  if (color.kind === "scale") {
    for (let code = 0; code <= color.top; code++) palette.set([...between(color.gradient, code / color.top), 255], 4 * code);
    put(MISSING, color.missing?.color ?? "#8a8f98");
    return { palette, css: { gradient: color.gradient } };
  }
  for (let code = 0; code < 256; code++) put(code, color.plain);
  return { palette, css: {} };
}

function between(gradient, share) {
  const at = share * (gradient.length - 1);
  const low = Math.min(gradient.length - 2, Math.floor(at));
  const [a, b] = [bytesOf(gradient[low]), bytesOf(gradient[low + 1])];
  return a.map((value, i) => Math.round(value + (b[i] - value) * (at - low)));
}

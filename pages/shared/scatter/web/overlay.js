// Overlay on a 2D canvas: labels, contours, the shape being drawn, circles, lines to neighbors, trails.

export function outline(context, places, closed, color) {
  if (!places.length) return;
  context.beginPath();
  places.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  if (closed) context.closePath();
  context.strokeStyle = color;
  context.stroke();
}

export function fillShape(context, places, color) {
  outline(context, places, true, color);
  context.globalAlpha = 0.1;
  context.fillStyle = color;
  context.fill();
  context.globalAlpha = 1;
}

export function ring(context, [x, y], radius, color) {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.strokeStyle = color;
  context.stroke();
}

export function drawLabel(context, label, x, y, alpha, colors) {
  context.globalAlpha = alpha;
  context.font = label.font;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineWidth = 4;
  context.lineJoin = "round";
  context.strokeStyle = colors.ground;
  context.strokeText(label.text, x, y);
  context.fillStyle = colors.ink;
  context.fillText(label.text, x, y);
  context.globalAlpha = 1;
}

export const FONT_SIZES = [15, 13, 12];

// Labels with sizes in pixels and positions at zoom 1, as input for zoom intervals.
export function measured(context, labels, family, scaleAtOne) {
  return labels.map(([text, x, y, level, rows]) => {
    const size = FONT_SIZES[Math.min(level, 2)];
    const font = `${level === 0 ? 600 : 500} ${size}px ${family}`;
    context.font = font;
    return { text, font, level, weight: rows, dataX: x, dataY: y, x: x * scaleAtOne, y: y * scaleAtOne,
      width: context.measureText(text).width + 14, height: size + 8 };
  });
}

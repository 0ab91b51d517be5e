// The legend or color bar, and histograms to brush. All text is set as text, never as markup.

export function element(tag, className = "", text = "", attributes = {}) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text) made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

// act(hidden): codes to hide. A click isolates a category (again: shows all), with ctrl or command it hides or shows one.
export function drawLegend(place, color, choice, act) {
  place.replaceChildren();
  const hidden = new Set(choice.hidden);
  const codes = color.categories.map((_, code) => code);
  color.categories.forEach((category, code) => {
    const shown = !hidden.has(code);
    const button = element("button", shown ? "entry" : "entry off", "", {
      type: "button", "aria-pressed": String(shown), title: `${category.label}: ${category.count.toLocaleString("en")} rows. Click: show only this one. Ctrl+click: hide or show it.`,
    });
    const dot = element("span", category.diamond ? "dot diamond" : "dot");
    dot.style.background = category.color;
    button.append(dot, element("span", "name", category.label), element("span", "count", category.count.toLocaleString("en")));
    button.onclick = (event) => {
      const others = codes.filter((each) => each !== code);
      const alone = shown && hidden.size === others.length;
      if (event.ctrlKey || event.metaKey) shown ? hidden.add(code) : hidden.delete(code);
      act(event.ctrlKey || event.metaKey ? [...hidden].sort((a, b) => a - b) : alone ? [] : others);
    };
    place.append(button);
  });
}

// act([low, high] or null), in codes 0 to 254.
export function drawColorBar(place, color, choice, act) {
  place.replaceChildren();
  const box = element("div", "bar");
  const strip = element("div", "strip");
  strip.style.background = `linear-gradient(to right, ${color.gradient.join(",")})`;
  const ends = element("div", "ends");
  for (const tick of color.ticks) ends.append(element("span", "", tick));
  box.append(element("div", "title", color.name), strip, brush(color.name, choice.range, color.top, act), ends);
  if (color.missing) {
    const row = element("div", "missing");
    const dot = element("span", "dot");
    dot.style.background = color.missing.color;
    row.append(dot, element("span", "", `${color.missing.label} (${color.missing.count.toLocaleString("en")})`));
    box.append(row);
  }
  place.append(box);
}

// Two thumbs on one track. act([low, high]), or null if both are at their ends.
export function brush(name, range, top, act) {
  const box = element("div", "brush");
  const [low, high] = ["From", "To"].map((end, i) => {
    const input = element("input", "", "", { type: "range", min: 0, max: top, step: 1, "aria-label": `${name}: ${end.toLowerCase()}`, title: `${end}: drag to filter by ${name}` });
    input.value = String(range ? range[i] : i * top);
    return input;
  });
  const tell = () => {
    const ends = [Number(low.value), Number(high.value)].sort((a, b) => a - b);
    act(ends[0] <= 0 && ends[1] >= top ? null : ends);
  };
  for (const input of [low, high]) input.onchange = tell;
  box.append(low, high);
  return box;
}

// column: {name, bins: [label], counts all}; passing: counts now. act as for brush.
export function drawHistogram(place, column, counts, passing, range, act) {
  place.replaceChildren(element("div", "title", column.name));
  const bars = element("div", "bars", "", { role: "img", "aria-label": `Histogram of ${column.name}` });
  const most = Math.max(1, ...counts);
  column.bins.forEach((label, bin) => {
    const outer = element("div", "column", "", { title: `${label}: ${passing[bin].toLocaleString("en")} of ${counts[bin].toLocaleString("en")}` });
    const all = element("div", "all"), now = element("div", "now");
    all.style.height = `${(100 * counts[bin]) / most}%`;
    now.style.height = `${(100 * passing[bin]) / most}%`;
    if (range && (bin < range[0] || bin > range[1])) outer.classList.add("off");
    outer.append(all, now);
    bars.append(outer);
  });
  const ends = element("div", "ends");
  ends.append(element("span", "", column.bins[0] ?? ""), element("span", "", column.bins.at(-1) ?? ""));
  place.append(bars, brush(column.name, range, column.bins.length - 1, act), ends);
}

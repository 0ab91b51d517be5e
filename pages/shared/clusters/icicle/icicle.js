// The hierarchy as an icicle: a button for each cluster, so that every click counts, whenever it comes.

function element(kind, name, parent) {
  const node = document.createElement(kind);
  node.className = name;
  parent.append(node);
  return node;
}

// Buttons are reused by position: a press that began before an update still ends on the same element.
function buttons(column, count) {
  while (column.children.length > count) column.lastChild.remove();
  while (column.children.length < count) element("span", "name", element("button", "bar", column)).parentNode.type = "button";
  return [...column.children];
}

function drawBar(button, bar, height) {
  button.dataset.node = bar.node;
  button.title = bar.title;
  button.setAttribute("aria-label", bar.title);
  button.setAttribute("aria-pressed", bar.selected);
  const lines = Math.floor((bar.height * height - 2) / 15);
  button.firstChild.textContent = lines > 0 ? bar.name : "";
  const style = { top: `${bar.top * 100}%`, height: `${bar.height * 100}%`, "--fill": bar.color, "--ink": bar.ink, "--lines": lines };
  for (const [name, value] of Object.entries(style)) button.style.setProperty(name, value);
}

function draw(root, { bars, heads, height, alt }) {
  root.setAttribute("aria-label", alt);
  while (root.children.length > heads.length) root.lastChild.remove();
  while (root.children.length < heads.length) {
    const level = element("div", "level", root);
    element("div", "head", level);
    element("div", "column", level);
  }
  heads.forEach((text, level) => {
    const [head, column] = root.children[level].children;
    head.textContent = text;
    column.style.height = `${height}px`;
    const here = bars.filter((bar) => bar.level === level);
    buttons(column, here.length).forEach((button, i) => drawBar(button, here[i], height));
  });
}

export default function ({ data, parentElement, setTriggerValue }) {
  let root = parentElement.querySelector(".icicle");
  if (!root) {
    root = element("div", "icicle", parentElement);
    root.setAttribute("role", "group");
  }
  root.onclick = (event) => {
    const button = event.target.closest("button");
    if (button) setTriggerValue("clicked", Number(button.dataset.node));
  };
  const text = JSON.stringify(data);
  if (root.drawn !== text) draw(root, data);
  root.drawn = text;
}

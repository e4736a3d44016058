// Draws what the preset grounding has found: a box and a number in the picture for each line of a list beside it.
"use strict";

const svg = (tag, attributes) => {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
};

const isBoxes = (json) => Array.isArray(json) && json.every((one) => Array.isArray(one?.box) && "label" in one);

const colorOf = (i) => `hsl(${(i * 137) % 360} 75% 45%)`; // neighbours in the list differ most

// Boxes are in pixels of the picture as shown, upright and in full size, which is also how a browser counts.
function boxesOver(file, boxes) {
  const figure = element("figure", "boxes");
  const image = element("img");
  image.alt = boxes.map(({ label }) => label).join(", ");
  image.onerror = () => image.remove(); // HEIC or RAW: the list says it all
  image.onload = () => {
    URL.revokeObjectURL(image.src);
    const { naturalWidth: width, naturalHeight: height } = image;
    const size = Math.max(width, height);
    const drawing = svg("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
    boxes.forEach(({ box: [left, top, right, bottom] }, i) => {
      const place = { x: left, y: top, width: right - left, height: bottom - top };
      drawing.append(svg("rect", { ...place, fill: "none", stroke: colorOf(i), "stroke-width": size / 150 }));
      const number = svg("text", { x: left + size / 100, y: top + size / 20, fill: colorOf(i), "font-size": size / 20 });
      number.textContent = i + 1;
      drawing.append(number);
    });
    figure.append(drawing);
  };
  image.src = URL.createObjectURL(file);
  const list = element("ol");
  boxes.forEach(({ label, box }, i) => {
    const entry = element("li", "", `${label} `);
    entry.append(element("span", "", box.map((side) => Math.round(side)).join(", ")));
    entry.style.borderColor = colorOf(i);
    list.append(entry);
  });
  const all = element("div", "found");
  figure.append(image);
  all.append(figure, list);
  return all;
}

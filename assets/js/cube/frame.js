// What stands around the cells of a block: its frame in the colours of the axes, with indices, names and sizes.

import { frame, MARGIN } from "./space.js";
import { svg } from "./svg.js";

/** The frame of a block: edges in the colours of their axes, each axis with its indices, name and size. */
export function drawFrame({ block, steps, dx, dy }, project, view) {
  const shift = ([x, y]) => [x + dx, y + dy];
  const screen = (point) => shift(project(point));
  const edges = frame(block, steps, view);
  const nodes = edges.sort((a, b) => a.main - b.main).map(({ axis, main, from, to }) => {
    const [[x1, y1], [x2, y2]] = [screen(from), screen(to)];
    const named = block.axes[axis];
    return svg("line", { x1, y1, x2, y2, class: `cube-edge${main ? " main" : ""}${named.isNew ? " new" : ""}`, style: `--axis: var(--axis-${named.color})` });
  });
  for (const edge of edges.filter((one) => one.main)) nodes.push(...axisTexts(block, edge, steps[edge.axis], screen, view));
  if (block.label) nodes.push(blockTitle(block.label, steps, screen, view, block));
  return nodes;
}

function axisTexts(block, { axis: along, from, to }, { starts }, screen, view) {
  const axis = block.axes[along];
  const style = `--axis: var(--axis-${axis.color})`;
  const [a, b] = [screen(from), screen(to)];
  const outward = { 2: [0, view.pitch >= 0 ? 1 : -1], 1: [view.yaw >= 0 ? -1 : 1, 0], 0: [view.yaw >= 0 ? 1 : -1, view.pitch >= 0 ? 0.5 : -0.5] }[along];
  const anchor = outward[0] === 0 ? "middle" : outward[0] < 0 ? "end" : "start";
  const coordinate = [2, 1, 0][along]; // position of the axis among x, y, z
  const ticks = starts.map((start, index) => {
    const point = [...from];
    point[coordinate] = start + 0.5;
    const [x, y] = screen(point);
    return svg("text", { x: x + outward[0] * 8, y: y + outward[1] * 11, class: "cube-tick", style, "text-anchor": anchor }, axis.labels?.[index] ?? String(index));
  });
  if (!block.named) return ticks; // the first block of a row names the axes of all
  const middle = [(a[0] + b[0]) / 2 + outward[0] * 20, (a[1] + b[1]) / 2 + outward[1] * (along === 0 ? 44 : 31)];
  const line = (text, dy, cls) => svg("tspan", { x: middle[0], dy, class: cls }, text);
  const name = line(`${axis.name} = ${axis.size}`, outward[0] ? -4 : 0, "cube-axis-name");
  const place = line(`dim ${axis.dim}${axis.isNew ? ", new" : ""}`, 12, "cube-axis-dim");
  return [...ticks, svg("text", { class: `cube-axis${axis.isNew ? " new" : ""}`, style, "text-anchor": anchor, x: middle[0], y: middle[1] }, name, place)];
}

function blockTitle(label, steps, screen, view, block) {
  const top = [-MARGIN, steps[2].extent + MARGIN].flatMap((x) => [-MARGIN, block.axes[0] ? steps[0].extent + MARGIN : -MARGIN].map((z) => screen([x, -MARGIN, z])));
  const x = (Math.min(...top.map(([px]) => px)) + Math.max(...top.map(([px]) => px))) / 2;
  const y = Math.min(...top.map(([, py]) => py)) - (view.pitch >= 0 ? 8 : 40);
  const style = label.axis ? `--axis: var(--axis-${label.axis.color})` : "--axis: var(--ink)";
  const text = label.text ?? `dim ${label.axis.dim}: ${label.axis.name} = ${label.place}${label.axis.isNew ? ", new" : ""}`;
  return svg("text", { x, y, class: "cube-block", style, "text-anchor": "middle" }, text);
}

// Where the cells of a block stand in 3-D and on the screen: an orthographic projection with yaw and pitch in degrees.

const CELL = 0.94; // edge of a drawn cell, in cell steps
export const MARGIN = 0.16; // between the cells and their frame

/** Projects (x right, y down, z away from the eye) in cell steps to pixels. */
export function projection({ yaw, pitch }, unit) {
  const [cy, sy] = [Math.cos((yaw * Math.PI) / 180), Math.sin((yaw * Math.PI) / 180)];
  const [cp, sp] = [Math.cos((pitch * Math.PI) / 180), Math.sin((pitch * Math.PI) / 180)];
  return ([x, y, z]) => {
    const away = z * cy - x * sy;
    return [unit * (x * cy + z * sy), unit * (y * cp - away * sp)];
  };
}

/** Which boundaries of a block lie between sheets: no cell before and after the boundary share a group. */
function sheets(block, axis) {
  const groupsAt = Array.from({ length: block.size[axis] }, () => new Map());
  for (const cell of block.cells) {
    const across = cell.place.filter((_, other) => other !== axis).join();
    groupsAt[cell.place[axis]].set(across, cell.group);
  }
  return groupsAt.slice(1).map((groups, before) =>
    [...groups].every(([across, group]) => group !== null && group !== groupsAt[before].get(across)));
}

/** For [depth, row, column]: the coordinate at which each index starts, and the whole extent. `apart` runs from 0 to 1. */
export function positions(block, apart) {
  const cuts = [0, 1, 2].map((axis) => sheets(block, axis));
  const anySheet = cuts.some((cut) => cut.includes(true));
  return cuts.map((cut, axis) => {
    const rest = axis === 0 ? 0.7 : 0.22; // sheets behind each other need more room to be seen
    const gap = (sheet) => (sheet ? rest + 1.6 * apart : axis === 0 && !anySheet ? 1.6 * apart : 0);
    const starts = [0];
    for (const sheet of cut) starts.push(starts[starts.length - 1] + 1 + gap(sheet));
    return { starts, extent: starts[starts.length - 1] + 1 };
  });
}

/** The corner of a cell nearest to the eye at (left, top). */
export function corner(cell, steps) {
  const [z, y, x] = cell.place.map((place, axis) => steps[axis].starts[place]);
  const inset = (1 - CELL) / 2;
  return [x + inset, y + inset, z + inset];
}

/** The three faces of a cell that the eye sees, as offsets in pixels from its corner, and the matrix of its front. */
export function faces(view, unit) {
  const project = projection(view, unit);
  const face = (...corners) => corners.map((point) => project(point.map((part) => part * CELL)).map((n) => n.toFixed(2)).join(",")).join(" ");
  const side = view.yaw >= 0 ? 1 : 0;
  const lid = view.pitch >= 0 ? 0 : 1;
  const [ax, ay] = project([1, 0, 0]).map((n) => n / unit);
  const [bx, by] = project([0, 1, 0]).map((n) => n / unit);
  const middle = project([CELL / 2, CELL / 2, 0]);
  return {
    front: face([0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]),
    side: face([side, 0, 0], [side, 0, 1], [side, 1, 1], [side, 1, 0]),
    lid: face([0, lid, 0], [1, lid, 0], [1, lid, 1], [0, lid, 1]),
    band: face([0, 0.86, 0], [1, 0.86, 0], [1, 1, 0], [0, 1, 0]),
    text: `matrix(${[ax, ay, bx, by, ...middle].map((n) => n.toFixed(3)).join(" ")})`,
    width: unit * CELL * Math.hypot(ax, ay),
  };
}

/** Back to front, so that nearer cells are drawn over farther ones. */
export function order(view) {
  const [across, down] = [view.yaw >= 0 ? 1 : -1, view.pitch >= 0 ? -1 : 1];
  return (a, b) => b.place[0] - a.place[0] || down * (a.place[1] - b.place[1]) || across * (a.place[2] - b.place[2]);
}

/** The edges of a block's frame: the one that carries the label of each axis, and the faint rest. */
export function frame(block, steps, view) {
  const [depth, height, width] = steps.map((step) => step.extent);
  const [near, far] = [-MARGIN, MARGIN];
  const xs = [near, width + far], ys = [near, height + far], zs = [near, depth + far];
  const flat = !block.axes[0];
  const [left, bottom] = [view.yaw >= 0 ? 0 : 1, view.pitch >= 0 ? 1 : 0];
  const edges = [];
  for (const a of [0, 1]) for (const b of flat ? [0] : [0, 1]) {
    edges.push({ axis: 2, main: a === bottom && b === 0, from: [xs[0], ys[a], zs[b]], to: [xs[1], ys[a], zs[b]] });
    edges.push({ axis: 1, main: a === left && b === 0, from: [xs[a], ys[0], zs[b]], to: [xs[a], ys[1], zs[b]] });
  }
  if (!flat) for (const a of [0, 1]) for (const b of [0, 1]) {
    edges.push({ axis: 0, main: a === 1 - left && b === bottom, from: [xs[a], ys[b], zs[0]], to: [xs[a], ys[b], zs[1]] });
  }
  return edges.filter((edge) => block.axes[edge.axis]);
}

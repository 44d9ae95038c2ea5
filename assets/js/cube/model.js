// A cube panel as blocks of cells: one block for a tensor of up to 3 dims, a row of them for 4 dims or for separate parts.

/** Shape of nested lists; an empty list ends it. */
function shapeOf(values) {
  return Array.isArray(values) ? [values.length, ...(values.length ? shapeOf(values[0]) : [])] : [];
}

function at(nested, index) {
  return index.reduce((inner, place) => inner?.[place], nested);
}

/** Every index of a shape, last dim fastest. */
function* indices(shape) {
  if (shape.length === 0) yield [];
  else for (let place = 0; place < shape[0]; place += 1) for (const rest of indices(shape.slice(1))) yield [place, ...rest];
}

function cellOf(panel, index, local) {
  const keys = at(panel.keys, index) ?? index.join(",");
  const group = at(panel.groups, index);
  return {
    index, local,
    value: at(panel.values, index),
    key: Array.isArray(keys) ? keys.join(" ") : String(keys),
    note: at(panel.notes, index) ?? "",
    mark: at(panel.marks, index) || "",
    group: group ?? null,
    place: [2, 1, 0].map((back) => (local.length > back ? local[local.length - 1 - back] : 0)), // [depth, row, column]
  };
}

/** One block: its label, its axes from [depth, row, column] (null where the rank is lower) and its cells. */
function blockOf(panel, prefix, shape, axes, label) {
  const padded = [2, 1, 0].map((back) => (shape.length > back ? shape[shape.length - 1 - back] : 1));
  const named = [2, 1, 0].map((back) => (shape.length > back ? axes[shape.length - 1 - back] : null));
  const cells = [...indices(shape)].map((local) => cellOf(panel, [...prefix, ...local], local));
  return { label, prefix, shape, size: padded, axes: named, cells, missing: false };
}

/** The blocks of a panel, in drawing order. */
export function blocksOf(panel) {
  const axes = (panel.axes ?? []).map((name, dim) => ({ name, dim: panel.at?.[dim] ?? dim, color: panel.dims?.[dim] ?? dim, isNew: dim === panel.newDim }));
  if (axes.length) axes.at(-1).labels = panel.colLabels;
  if (panel.parts) return panel.parts.map((name, part) => partOf(panel, part, axes, name));
  const shape = shapeOf(panel.values);
  axes.forEach((axis, dim) => (axis.size = panel.sizes?.[dim] ?? shape[dim]));
  if (shape.length < 4) return [blockOf(panel, [], shape, axes, null)];
  return Array.from({ length: shape[0] }, (_, lead) => blockOf(panel, [lead], shape.slice(1), axes.slice(1), { axis: axes[0], place: lead }));
}

function partOf(panel, part, axes, name) {
  const values = panel.values[part];
  const shape = shapeOf(values);
  const sized = axes.slice(0, shape.length).map((axis, dim) => ({ ...axis, size: panel.sizes?.[dim] ?? shape[dim] }));
  if (values === null) return { ...blockOf({}, [part], [], [], null), cells: [], missing: true };
  return blockOf(panel, [part], shape, sized, { text: name });
}

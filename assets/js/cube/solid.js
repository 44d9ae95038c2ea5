// The blocks of a cube panel in 3-D: SVG boxes that can be turned and pulled apart. The slices beside it say the same to
// a screen reader, so this picture is hidden from it; its buttons are not.

import { h } from "../dom.js";
import { newCell, paint, shapeCell } from "./cell.js";
import { drawFrame } from "./frame.js";
import { corner, faces, MARGIN, order, positions, projection } from "./space.js";
import { svg } from "./svg.js";

const TURN = 15; // degrees a key press
const GLIDE = 320; // ms
const GAP = 8; // px between blocks

export class Solid {
  constructor(host) {
    this.host = host;
    this.cells = new Map(); // identity -> { node, parts, x, y }
    this.frames = svg("g", { class: "cube-frames" });
    this.body = svg("g", { class: "cube-body" });
    this.svg = svg("svg", { class: "cube-svg", "aria-hidden": "true" }, this.frames, this.body);
    this.stage = h("div", { class: "scroll cube-stage" }, this.svg);
    this.apart = h("input", { type: "range", min: 0, max: 1, step: 0.02, value: 0, "aria-label": "pull apart" });
    this.tools = h("div", { class: "cube-tools", role: "group", "aria-label": "turn the picture; arrow keys work too" },
      this.button("◀", "turn left", -TURN, 0), this.button("▶", "turn right", TURN, 0),
      this.button("▲", "look from above", 0, TURN), this.button("▼", "look from below", 0, -TURN),
      h("label", { class: "cube-apart" }, "apart ", this.apart));
    host.append(this.stage, this.tools);
    this.apart.addEventListener("input", () => this.draw());
    this.tools.addEventListener("keydown", (event) => this.key(event));
    this.listenForDrag();
    new ResizeObserver(() => this.resized()).observe(this.stage);
  }

  button(sign, label, yaw, pitch) {
    return h("button", { type: "button", class: "cube-turn", "aria-label": label, title: label, onclick: () => this.turn(yaw, pitch) }, sign);
  }

  key(event) {
    const step = { ArrowLeft: [-TURN, 0], ArrowRight: [TURN, 0], ArrowUp: [0, TURN], ArrowDown: [0, -TURN] }[event.key];
    if (!step || event.target === this.apart) return;
    event.preventDefault();
    this.turn(...step);
  }

  turn(yaw, pitch) {
    const hold = (angle, end) => Math.max(-end, Math.min(end, angle));
    this.view = { yaw: hold(this.view.yaw + yaw, 65), pitch: hold(this.view.pitch + pitch, 60) };
    this.turned = true;
    this.draw();
  }

  /** A drag that starts on the picture turns it; a touch that moves up or down still scrolls the page. */
  listenForDrag() {
    let from = null;
    this.svg.addEventListener("pointerdown", (event) => (from = event.button === 0 ? { x: event.clientX, y: event.clientY, id: event.pointerId } : null));
    this.svg.addEventListener("pointermove", (event) => {
      if (from?.id !== event.pointerId) return;
      const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
      if (!this.dragging && Math.hypot(dx, dy) < 5) return;
      if (!this.dragging) this.svg.setPointerCapture(event.pointerId);
      this.dragging = true;
      from = { ...from, x: event.clientX, y: event.clientY };
      this.turn(dx * 0.5, event.pointerType === "touch" ? 0 : dy * 0.5);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      this.svg.addEventListener(end, () => {
        from = null;
        if (this.dragging) this.dragging = false, this.draw();
      });
    }
  }

  resized() {
    const width = this.stage.clientWidth;
    if (width === this.width) return;
    this.width = width;
    if (this.blocks) this.draw();
  }

  update(blocks, panel) {
    const rank = Math.max(...blocks.map((block) => block.shape.length), 0);
    if (!this.turned || !this.view) this.view = rank > 2 ? { yaw: 32, pitch: 24 } : { yaw: 14, pitch: 16 };
    this.blocks = blocks;
    const first = JSON.stringify(blocks[0]?.shape);
    for (const block of blocks) block.named = block === blocks[0] || JSON.stringify(block.shape) !== first;
    this.unit = (rank < 3 ? 44 : blocks.length > 1 ? 32 : 40) + (panel.digits === 0 ? 0 : 5); // px a cell; decimals need room
    this.takeCells(blocks.flatMap((block) => block.cells), panel);
    this.draw(true);
  }

  /** Keep the node of every cell that was there before, by its key; make and drop the others. */
  takeCells(cells, panel) {
    const before = this.cells, seen = new Map();
    this.cells = new Map();
    for (const cell of cells) {
      const times = seen.get(cell.key) ?? 0;
      seen.set(cell.key, times + 1);
      const identity = `${cell.key} ${times}`;
      const kept = before.get(identity) ?? newCell();
      before.delete(identity);
      this.cells.set(identity, kept);
      kept.cell = cell;
      cell.drawn = kept;
      paint(kept, cell, panel);
    }
    for (const { node } of before.values()) node.remove();
  }

  /** Place everything; with `glide` the cells that were drawn before move to their new places. */
  draw(glide = false) {
    if (!this.blocks) return;
    const unit = this.unit;
    const project = projection(this.view, unit);
    const apart = Number(this.apart.value);
    const placed = this.blocks.map((block) => this.outline(block, positions(block, apart), project));
    this.arrange(placed);
    const shared = faces(this.view, unit);
    const sorted = placed.flatMap(({ block, steps, dx, dy }) => {
      for (const cell of block.cells) {
        const [x, y] = project(corner(cell, steps));
        cell.drawn.to = [x + dx, y + dy];
      }
      return [...block.cells].sort(order(this.view));
    });
    const nodes = sorted.map((cell) => cell.drawn.node);
    if (nodes.some((node, place) => node !== this.body.children[place])) this.body.replaceChildren(...nodes);
    for (const cell of sorted) shapeCell(cell.drawn, shared);
    this.frames.replaceChildren(...placed.flatMap((place) => drawFrame(place, project, this.view)));
    this.move(glide && !matchMedia("(prefers-reduced-motion: reduce)").matches);
  }

  /** The box on screen of a block with its labels, before it has a place in the row. */
  outline(block, steps, project) {
    const [depth, height, width] = steps.map((step) => step.extent);
    const points = [0, 1].flatMap((a) => [0, 1].flatMap((b) => [0, 1].map((c) =>
      project([a ? width + MARGIN : -MARGIN, b ? height + MARGIN : -MARGIN, c && block.axes[0] ? depth + MARGIN : -MARGIN]))));
    const [xs, ys] = [points.map(([x]) => x), points.map(([, y]) => y)];
    const beside = (axis) => (!axis ? 8 : !block.named ? 26 : Math.max(axis.isNew ? 104 : 78, 24 + 7.4 * `${axis.name} = ${axis.size}`.length));
    const room = { left: beside(block.axes[1]), right: beside(block.axes[0]), top: block.label ? 24 : 8, bottom: !block.axes[2] ? 8 : block.named ? 46 : 20 };
    if (this.view.yaw < 0) [room.left, room.right] = [room.right, room.left];
    if (this.view.pitch < 0) [room.top, room.bottom] = [room.bottom + room.top, 12];
    return {
      block, steps, room,
      left: Math.min(...xs) - room.left, top: Math.min(...ys) - room.top,
      width: Math.max(...xs) - Math.min(...xs) + room.left + room.right,
      height: Math.max(...ys) - Math.min(...ys) + room.top + room.bottom,
    };
  }

  /** Blocks stand in a row that wraps where the panel ends. A drag keeps the frame it started with. */
  arrange(placed) {
    const available = Math.max(this.width || 400, 240);
    let [x, y, line, right] = [0, 0, 0, 0];
    for (const place of placed) {
      if (x > 0 && x + place.width > available) [x, y, line] = [0, y + line + 8, 0];
      [place.dx, place.dy] = [x - place.left, y - place.top];
      right = Math.max(right, x + place.width);
      x += place.width + GAP;
      line = Math.max(line, place.height);
    }
    if (this.dragging && this.box) return;
    this.box = [right, y + line].map(Math.ceil);
    const wanted = placed.reduce((sum, place) => sum + place.width + GAP, -GAP);
    this.host.style.setProperty("--wanted", `${Math.ceil(wanted) + 2}px`);
    this.svg.setAttribute("viewBox", `0 0 ${this.box.join(" ")}`);
    this.svg.style.width = `${this.box[0]}px`;
    this.svg.style.minWidth = `${Math.min(this.box[0], Math.max(240, this.box[0] * 0.62)) | 0}px`;
  }

  move(glide) {
    cancelAnimationFrame(this.frame);
    const cells = [...this.cells.values()];
    const start = performance.now();
    for (const cell of cells) cell.from = glide && cell.at ? cell.at : cell.to;
    const moving = cells.some((cell) => cell.from[0] !== cell.to[0] || cell.from[1] !== cell.to[1]);
    const step = (now) => {
      const t = moving ? Math.min(1, Math.max(0, now - start) / GLIDE) : 1;
      const eased = 1 - (1 - t) ** 3;
      for (const cell of cells) {
        cell.at = [0, 1].map((k) => cell.from[k] + (cell.to[k] - cell.from[k]) * eased);
        const place = `translate(${cell.at[0].toFixed(2)} ${cell.at[1].toFixed(2)})`;
        if (place !== cell.place) cell.node.setAttribute("transform", (cell.place = place));
      }
      if (t < 1) this.frame = requestAnimationFrame(step);
    };
    step(start);
  }
}

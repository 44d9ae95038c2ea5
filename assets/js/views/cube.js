// A tensor of up to 4 dims, or a list of small tensors: in 3-D, and beside it as flat slices with every number.

import { blocksOf } from "../cube/model.js";
import { Slices } from "../cube/slices.js";
import { Solid } from "../cube/solid.js";
import { h } from "../dom.js";

export class Cube {
  constructor(host) {
    this.title = h("span", { class: "panel-name" });
    this.badge = h("span", { class: "badge" });
    this.legend = h("p", { class: "legend" });
    this.tensor = h("p", { class: "tensor" });
    this.solidHost = h("div", { class: "cube-solid" });
    this.slicesHost = h("div", { class: "cube-slices" });
    this.solid = new Solid(this.solidHost);
    this.slices = new Slices(this.slicesHost);
    host.replaceChildren(
      h("p", { class: "cube-head" }, this.title, " ", this.badge),
      h("div", { class: "cube-both" }, this.solidHost, this.slicesHost),
      h("div", { class: "cube-foot" }, this.tensor, this.legend),
    );
  }

  update(panel) {
    const blocks = blocksOf(panel);
    this.title.textContent = panel.title;
    this.badge.textContent = panel.badge ?? "";
    this.badge.hidden = !panel.badge;
    this.tensor.textContent = panel.tensor;
    this.legend.replaceChildren(...(panel.groupNames ?? []).map((name, group) => h("span", { class: `group-name group-${group % 10}` }, `${group} ${name}`)));
    this.legend.hidden = !panel.groupNames?.length;
    this.slicesHost.hidden = panel.flat === false;
    this.slicesHost.classList.toggle("column", Boolean(panel.column));
    this.solidHost.hidden = !worthSpace(panel, blocks);
    this.slices.update(blocks, panel);
    if (!this.solidHost.hidden) this.solid.update(blocks.filter((block) => !block.missing), panel);
  }
}

/** 3-D only where it says more than the slices: a third axis, or an axis that is new. */
function worthSpace(panel, blocks) {
  return panel.solid !== false && (panel.newDim !== undefined || blocks.some((block) => block.shape.length > 2));
}

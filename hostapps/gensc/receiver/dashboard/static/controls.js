// What a person changes: pause, refiner, target latency. What the receiver says is what is shown.

import { el, fill, isNumber, visible } from "./words.js";

const by = id => document.getElementById(id);

export class Controls {
  constructor(store, connection) {
    this.store = store;
    this.connection = connection;
    by("controls").addEventListener("submit", event => event.preventDefault());
    by("pause").addEventListener("click", () => this.pause());
    by("refiner").addEventListener("change", () => this.change({ refiner: by("refiner").value }, by("refiner")));
    by("latency").addEventListener("change", () => {
      const value = by("latency").valueAsNumber;
      if (isNumber(value)) this.change({ target_latency_ms: value }, by("latency"));
    });
  }

  pause() {
    return this.change({ pause: !this.store.state.paused });
  }

  async change(wishes, control) {
    this.refused = await this.connection.change(wishes);
    // What was typed and not taken goes; the receiver's own value comes back. Another control, in
    // which somebody types meanwhile, is left alone.
    control?.blur();
    this.store.changed = true;
  }

  draw() {
    const { paused, refiner, refiners, target_latency_ms } = this.store.state;
    const pause = by("pause");
    pause.setAttribute("aria-pressed", String(Boolean(paused)));
    pause.lastElementChild.textContent = paused ? "Go on refining" : "Pause refining";
    const names = [...new Set([...(refiners ?? []), refiner ?? "none"])];
    fill(by("refiner"), names.map(name => {
      const option = el("option", "", name);
      option.value = name;
      return option;
    }), names.join("\n"));
    if (document.activeElement !== by("refiner")) by("refiner").value = refiner ?? "none";
    if (document.activeElement !== by("latency")) by("latency").value = isNumber(target_latency_ms) ? target_latency_ms : "";
    by("notice").hidden = !this.refused;
    by("notice").textContent = visible(this.refused ?? "");
  }
}

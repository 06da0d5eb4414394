"use strict";
// Draws a LineModel into the SVG; elements are kept and moved, so that paper glides.
const SVG = "http://www.w3.org/2000/svg";
const PLACES = { feeder: [320, 330], c1: [435, 322], accumulator: [550, 322], fold: [655, 318], envelope: [760, 318], c2: [870, 318], gate: [980, 318], tray: [1175, 205], reject: [1175, 405] };
const STATIONS = [["feeder", 320, "进纸 feeder", "逐张送纸"], ["c1", 435, "C1 读码", "读每张纸的边码"], ["accumulator", 550, "集页 accumulator", "同一封的页集齐"], ["fold", 655, "折页 fold", "折三折"], ["envelope", 760, "装封 envelope", "装入信封"], ["c2", 870, "C2 验窗", "透过窗口核对"], ["gate", 980, "闸门 gate", "凭令牌放行"]];
function make(name, attributes, parent, text) { const element = document.createElementNS(SVG, name); for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value); if (text !== undefined) element.textContent = text; if (parent) parent.append(element); return element; }
class Drawing {
  constructor(onPick) {
    this.movers = new Map(); this.onPick = onPick; this.eyes = {};
    const stations = document.getElementById("stations");
    for (const [name, x, title, says] of STATIONS) {
      const group = make("g", { class: "station" }, stations);
      make("rect", { x: x - 46, y: 250, width: 92, height: 74, rx: 6 }, group);
      make("text", { x, y: 232, class: "name" }, group, title); make("text", { x, y: 364, class: "small" }, group, says);
      if (name === "c1" || name === "c2") { make("path", { d: `M${x - 9} 244 h18 l-5 12 h-8 z`, fill: "#5a6b7a" }, group); this.eyes[name] = make("circle", { cx: x, cy: 345, r: 5, class: "eye" }, group); }
      if (name === "feeder") this.stack = make("rect", { x: x - 22, y: 320, width: 44, height: 1, class: "stack" }, group);
    }
    this.stackText = make("text", { x: 320, y: 384, class: "small" }, stations);
    this.eyes.tray = make("circle", { cx: 1095, cy: 225, r: 5, class: "eye" }, stations); this.eyes.reject = make("circle", { cx: 1095, cy: 425, r: 5, class: "eye" }, stations);
  }
  draw(model) {
    for (const [key, item] of model.items) this.place(key, item);
    for (const [key, element] of this.movers) if (!model.items.has(key)) { this.movers.delete(key); element.classList.add("gone"); setTimeout(() => element.remove(), 500); }
    document.getElementById("flap").classList.toggle("pass", model.gate === "pass");
    document.getElementById("tray-no").textContent = model.tray || "–"; document.getElementById("tray-count").textContent = model.trayCount; document.getElementById("bin-count").textContent = model.bin;
    const height = Math.min(64, model.feeder * 0.9); this.stack.setAttribute("height", height); this.stack.setAttribute("y", 322 - height);
    this.stackText.textContent = model.feeder ? `${model.feeder} 张 · ${model.job}` : "空 empty";
  }
  see(eye) { const circle = this.eyes[eye]; if (!circle) return; circle.classList.remove("seen"); void circle.getBoundingClientRect(); circle.classList.add("seen"); }
  place(key, item) {
    let element = this.movers.get(key);
    const [x, y] = PLACES[item.place];
    if (!element) {
      const from = item.kind === "sheet" ? PLACES.feeder : PLACES.accumulator;
      element = make("g", { class: `mover ${item.kind}` }, document.getElementById("movers"));
      element.style.transform = `translate(${from[0]}px, ${from[1]}px)`;
      if (item.kind === "sheet") make("rect", { class: "outer", x: -11, y: -26, width: 22, height: 30 }, element);
      else { make("rect", { class: "outer", x: -27, y: -22, width: 54, height: 26, rx: 2 }, element); make("rect", { class: "pane", x: -22, y: -17, width: 26, height: 12 }, element); make("text", { x: 16, y: -4 }, element, item.label); }
      element.addEventListener("click", () => this.onPick(item)); this.movers.set(key, element); void element.getBoundingClientRect();
    }
    element.classList.toggle("granted", Boolean(item.granted)); element.classList.toggle("double", Boolean(item.double));
    element.style.transform = `translate(${x}px, ${y}px)`;
  }
  printers(list) {
    const group = document.getElementById("printers"); group.replaceChildren();
    list.slice(0, 4).forEach((printer, index) => {
      const y = 20 + index * 105, job = printer.jobs[0];
      const box = make("g", { class: printer.reasons.length ? "box stopped" : "box", transform: `translate(20,${y})` }, group);
      make("rect", { width: 170, height: 90, rx: 8 }, box);
      make("text", { x: 85, y: 22, class: "name" }, box, `打印机 ${printer.name}`);
      make("text", { x: 85, y: 44, class: "small" }, box, job ? job.job : "空闲 idle");
      if (job && job.of) make("rect", { class: "progress", x: 12, y: 54, width: 146 * job.done / job.of, height: 10, stroke: "none" }, box);
      make("text", { x: 85, y: 80, class: "small" }, box, printer.reasons.join(", ") || (job ? (job.of ? `${job.done}/${job.of} 张 · ` : "") + `排队 ${printer.queued}` : ""));
    });
  }
}

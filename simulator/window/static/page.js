"use strict";
const $ = (id) => document.getElementById(id);
const NAMES = { EXECUTE: "运行 Execute", SUSPENDED: "待料 Suspended", HELD: "保持 Held", ABORTED: "中止 Aborted", STOPPED: "停止 Stopped", IDLE: "就绪 Idle", COMPLETE: "完成 Complete" };
const GOOD = new Set(["EXECUTE"]), BAD = new Set(["HELD", "HOLDING", "ABORTED", "ABORTING"]);
const QUIET = new Set(["fed", "formed", "enveloping", "exit_shot", "token", "gate", "exit", "scanned"]);
const BUTTONS = ["smear window", "double feed", "swap next two", "jam after 3", "glare camera exit", "drop frame exit", "unplug serial 5", "lose bytes 40", "reboot inserter", "estop", "estop release", "gate stuck pass", "gate stuck free", "operator puts piece back", "mend"];
let model = new LineModel(), drawing, replayFacts = null, at = 0, playing = 0;
function line(list, text, kind) { const item = document.createElement("li"); item.textContent = text; if (kind) item.className = kind; list.prepend(item); while (list.children.length > 120) list.lastChild.remove(); }
function tell(fact) { const { t, what, ...rest } = fact; const words = Object.entries(rest).filter(([key]) => key !== "sheets").map(([key, value]) => `${key} ${typeof value === "object" ? JSON.stringify(value) : value}`).join(" · "); return `${t.toFixed(3)} s  ${what}  ${words}`; }
function showState(state, reason) { $("state").textContent = (NAMES[state] || state) + (reason && reason !== "NONE" ? ` · ${reason}` : ""); $("state").className = "state " + (GOOD.has(state) ? "good" : BAD.has(state) ? "bad" : "warn"); $("belt").classList.toggle("running", state === "EXECUTE" || state === "UNHOLDING" || state === "CLEARING"); }
function pick(item) { if (item.pieceNo) { $("piece").value = item.pieceNo; showPiece(item.pieceNo); } }
let ledger = null;
// The ledger's events of the pieces whose sheets these are: job.planned says which piece lies at which place of a print job.
async function ledgerOf(sheets) {
  if (ledger === null) { const text = await (await fetch("/ledger")).text(); ledger = text.split("\n").filter(Boolean).map((row) => JSON.parse(row)).filter(Array.isArray).map(([seq, , kind, , , piece, , job, data]) => ({ seq, kind, piece, job, data: typeof data === "string" ? JSON.parse(data) : data })); }
  const wanted = new Set();
  for (const event of ledger) {
    if (event.kind !== "job.planned") continue;
    let place = 0;
    for (const [uid, count] of event.data.pieces || []) { for (const sheet of sheets) if (sheet.job === event.job && sheet.index >= place && sheet.index < place + count) wanted.add(uid); place += count; }
  }
  return ledger.filter((event) => wanted.has(event.piece)).map((event) => `#${event.seq} ${event.kind} ${event.piece} ${JSON.stringify(event.data)}`);
}
async function showPiece(number) {
  const list = $("history"); list.replaceChildren(); let found = false, sheets = [];
  for (const [key, facts] of model.history) if (key.endsWith(`:${number}`)) { found = true; for (const fact of facts) { if (fact.sheets) sheets = fact.sheets; line(list, tell(fact) + (fact.sheets ? "  纸 " + fact.sheets.map((sheet) => `${sheet.job}#${sheet.index + 1}`).join(", ") : "")); } }
  if (!found) line(list, `到这一步还没有这个件号 / no piece ${number} up to this step`, "bad");
  for (const row of await ledgerOf(sheets)) line(list, "台账 ledger " + row, "good");
}
function takeFact(fact) { model.apply(fact); if (model.eye) drawing.see(model.eye); if (!QUIET.has(fact.what)) line($("log"), tell(fact), /fault|smear|lost|jam|disturb/.test(fact.what) ? "bad" : ""); if (fact.what === "state") showState(fact.state, fact.reason); }
function takeState(state) {
  drawing.printers(state.printers); $("scenario").textContent = `${state.scenario} — ${state.title}`; $("clock").textContent = `${state.t.toFixed(1)} s · ${state.speed}×`;
  $("waiting").textContent = state.waiting_stacks.length ? `待送 ${state.waiting_stacks.length} 叠 stacks` : "";
  model.feeder = state.feeder.sheets; model.job = state.feeder.job; model.tray = state.tray.standing; model.trayCount = state.tray.count; model.bin = state.bin;
  showState(state.machine.state, state.machine.reason);
  const machine = state.machine, rows = { "纪元 epoch": machine.epoch, "模式 mode": machine.mode, "联锁 interlocks": machine.interlocks.join(", ") || "无 none", "串口 link": !machine.plugged ? "拔出 unplugged" : machine.session ? "在线 up" : "无主机 no host", "未确认事件 events kept": machine.ring, "令牌 tokens": Object.entries(state.tokens).map(([piece, ms]) => `${piece} (${ms} ms)`).join(", ") || "无 none", "待扫描 to scan": state.to_scan };
  $("machine").replaceChildren(...Object.entries(rows).flatMap(([key, value]) => { const dt = document.createElement("dt"), dd = document.createElement("dd"); dt.textContent = key; dd.textContent = value; return [dt, dd]; }));
  $("defects").textContent = Object.keys(state.defects).length ? "现有故障 now broken: " + JSON.stringify(state.defects) : "";
}
async function say(words) { const reply = await fetch("/say", { method: "POST", body: words }); const told = await reply.json(); $("answer").textContent = told.answer; $("answer").className = reply.ok ? "good" : "bad"; }
function startLive(sayings) {
  for (const one of sayings) { const option = document.createElement("option"); option.value = one.form; option.label = `${one.zh} ${one.en}`; $("forms").append(option); }
  for (const words of BUTTONS) { const button = document.createElement("button"); button.type = "button"; button.textContent = words; button.addEventListener("click", () => say(words)); $("buttons").append(button); }
  $("say").addEventListener("submit", (event) => { event.preventDefault(); say($("words").value); $("words").select(); });
  const source = new EventSource("/live");
  source.addEventListener("fact", (event) => takeFact(JSON.parse(event.data))); source.addEventListener("state", (event) => takeState(JSON.parse(event.data)));
  source.onerror = () => { $("clock").textContent = "模拟器已停 the simulator has gone"; };
  setInterval(() => { for (const name of ["c1", "c2"]) $(name).src = `/frame/${name}?${Date.now()}`; }, 700);
}
function stepTo(index) {
  at = Math.max(0, Math.min(replayFacts.length, index)); if (at < model.count || model.count === undefined) { model = new LineModel(); model.epoch = 1; model.count = 0; }
  while (model.count < at) { model.apply(replayFacts[model.count]); model.count += 1; }
  const fact = replayFacts[at - 1]; $("slider").value = at; $("step").textContent = `${at}/${replayFacts.length}`; $("clock").textContent = `${model.t.toFixed(3)} s`;
  drawing.printers([...model.printers.values()]);
  if (fact) { $("said").textContent = tell(fact); if (model.eye) drawing.see(model.eye); } showState(model.state, model.reason);
  const log = $("log"); log.replaceChildren(); for (const past of replayFacts.slice(Math.max(0, at - 40), at)) line(log, tell(past));
}
function play() { if (playing) { clearTimeout(playing); playing = 0; $("play").textContent = "▶ 播放"; return; } const tick = () => { if (at >= replayFacts.length) { playing = 0; return; } const gap = at ? replayFacts[at].t - replayFacts[at - 1].t : 0; stepTo(at + 1); playing = setTimeout(tick, Math.min(800, gap * 1000)); }; $("play").textContent = "⏸ 暂停"; tick(); }
async function startReplay() {
  const text = await (await fetch("/facts")).text(); replayFacts = text.split("\n").filter(Boolean).map((row) => JSON.parse(row)); $("slider").max = replayFacts.length;
  $("slider").addEventListener("input", () => stepTo(Number($("slider").value))); $("first").addEventListener("click", () => stepTo(0)); $("back").addEventListener("click", () => stepTo(at - 1)); $("next").addEventListener("click", () => stepTo(at + 1)); $("last").addEventListener("click", () => stepTo(replayFacts.length)); $("play").addEventListener("click", play);
  $("scenario").textContent = "回放 replay" + (replayFacts[0] ? ` — ${replayFacts[0].scenario}` : ""); stepTo(Number(new URLSearchParams(location.search).get("step") || 0));
}
async function main() {
  drawing = new Drawing(pick); $("find").addEventListener("submit", (event) => { event.preventDefault(); showPiece(Number($("piece").value)); });
  const { live, sayings } = await (await fetch("/sayings")).json();
  for (const element of document.querySelectorAll(live ? ".replay-only" : ".live-only")) element.hidden = true;
  if (live) startLive(sayings); else await startReplay();
  const draw = () => { drawing.draw(model); requestAnimationFrame(draw); }; draw();
}
main();

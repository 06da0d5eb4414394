"use strict";
// What the line looks like after a number of facts of the world log. Pure: no document, no clock.
class LineModel {
  constructor() { this.items = new Map(); this.history = new Map(); this.tray = 0; this.trayCount = 0; this.bin = 0; this.state = "–"; this.reason = ""; this.gate = "reject"; this.epoch = 1; this.eye = ""; this.feeder = 0; this.job = ""; this.t = 0; this.landed = []; this.printers = new Map(); }
  key(pieceNo) { return `p${this.epoch}:${pieceNo}`; }
  remember(pieceNo, fact) { if (!pieceNo) return; const key = this.key(pieceNo); if (!this.history.has(key)) this.history.set(key, []); this.history.get(key).push(fact); }
  apply(fact) {
    this.t = fact.t; this.eye = "";
    const does = this["on_" + fact.what];
    if (does) does.call(this, fact);
    if (fact.piece_no) this.remember(fact.piece_no, fact);
  }
  on_state(fact) { this.state = fact.state; this.reason = fact.reason; if (fact.reason === "BOOT" && fact.state === "ABORTED") this.epoch += 1; if (fact.state !== "EXECUTE") for (const item of this.items.values()) item.granted = false; }
  printer(name) { if (!this.printers.has(name)) this.printers.set(name, { name, jobs: [], queued: 0, reasons: [] }); return this.printers.get(name); }
  on_job_received(fact) { const printer = this.printer(fact.printer); printer.jobs.push({ job: fact.job, done: 0, of: 0 }); printer.queued = printer.jobs.length; }
  on_printed(fact) { const printer = this.printer(fact.printer); printer.jobs = printer.jobs.filter((job) => job.job !== fact.job); printer.queued = printer.jobs.length; }
  on_printer_stopped(fact) { this.printer(fact.printer).reasons.push(fact.reason); }
  on_printer_released(fact) { const printer = this.printer(fact.printer); printer.reasons = printer.reasons.filter((reason) => reason !== fact.reason); }
  on_stack_loaded(fact) { this.feeder = fact.sheets; this.job = fact.job; }
  on_stack_ended() { this.feeder = 0; this.job = ""; }
  on_fed(fact) { this.feeder = Math.max(0, this.feeder - fact.sheets.length); this.eye = "c1"; this.items.set("s" + fact.sheets[0].id, { kind: "sheet", place: "c1", sheets: fact.sheets, label: `${fact.sheet_no}`, double: fact.sheets.length > 1 }); for (const sheet of fact.sheets) sheet.fed = fact; }
  on_formed(fact) { for (const sheet of fact.sheets) this.items.delete("s" + sheet.id); this.items.set(this.key(fact.piece_no), { kind: "envelope", place: "fold", sheets: fact.sheets, label: `${fact.piece_no}`, pieceNo: fact.piece_no }); }
  on_enveloping(fact) { this.move(fact, "envelope"); }
  on_exit_shot(fact) { this.eye = "c2"; this.move(fact, "c2"); }
  on_token(fact) { const item = this.items.get(this.key(fact.piece_no)); if (item) item.granted = true; }
  on_revoked(fact) { const item = this.items.get(this.key(fact.piece_no)); if (item) item.granted = false; }
  on_gate(fact) { this.gate = fact.moved_to; this.move(fact, "gate"); }
  on_tray(fact) { this.tray = fact.tray; this.trayCount = 0; }
  on_exit(fact) {
    this.eye = fact.where; this.gate = "reject";
    if (fact.where === "tray") this.trayCount += 1; else this.bin += 1;
    const key = fact.piece_no ? this.key(fact.piece_no) : "x" + this.t;
    if (this.items.has(key)) this.move(fact, fact.where);
    this.landed.push(key);
    while (this.landed.length > 4) this.items.delete(this.landed.shift());
  }
  on_taken_out(fact) { this.items.delete(this.key(fact.piece_no)); for (const sheet of fact.sheets) this.items.delete("s" + sheet.id); }
  move(fact, place) { const item = this.items.get(this.key(fact.piece_no)); if (item) item.place = place; }
}

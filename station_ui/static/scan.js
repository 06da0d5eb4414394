// A scanner types like a very fast keyboard and ends with Enter. It must never press a button, whatever has the focus.
// So keys are caught here, at the document, before any control sees them: a run of fast keys that ends with Enter is a scan.
(() => {
  "use strict";
  const FAST_MS = 60;           // between two keys of a scanner; people need more than 80 ms
  const SHORTEST = 4;
  let run = "";
  let last = 0;
  let field = null;             // the text field the run went into, and what it held before
  let before = "";
  const queue = [];
  let busy = false;

  const editable = (node) =>
    node instanceof HTMLTextAreaElement ||
    (node instanceof HTMLInputElement && !["button", "submit", "checkbox", "radio", "file", "hidden"].includes(node.type));

  const swallow = (event) => { event.preventDefault(); event.stopImmediatePropagation(); };

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const now = event.timeStamp;
    const fast = now - last < FAST_MS;
    if (event.key.length === 1) {
      if (!fast || run === "") {
        run = "";
        field = editable(document.activeElement) ? document.activeElement : null;
        before = field ? field.value : "";
      }
      run += event.key;
      last = now;
      // A space inside a fast run would press the focused button.
      if (event.key === " " && fast && !field) swallow(event);
      return;
    }
    if (event.key === "Enter") {
      const scanned = fast && run.length >= SHORTEST ? run : "";
      const hasty = fast && run !== "";
      run = "";
      if (scanned) {
        swallow(event);
        if (field && field.dataset.takesScan !== undefined) { field.value = scanned; field.dispatchEvent(new Event("scan", { bubbles: true })); return; }
        if (field) field.value = before;
        queue.push(scanned);
        work();
      } else if (hasty && !field) {
        swallow(event);
      }
      return;
    }
    if (event.key === "Tab" && fast && run.length >= SHORTEST) {   // some scanners end with Tab
      const scanned = run; run = "";
      swallow(event);
      if (field && field.dataset.takesScan !== undefined) { field.value = scanned; field.dispatchEvent(new Event("scan", { bubbles: true })); return; }
      if (field) field.value = before;
      queue.push(scanned);
      work();
      return;
    }
    if (event.key !== "Shift") run = "";
  }, true);
  // Enter also presses on keyup-generated clicks in some browsers; a click without a pointer right after a scan is not a person's.
  let scanEnd = -1e9;
  document.addEventListener("letterline:scan", () => { scanEnd = performance.now(); });
  document.addEventListener("click", (event) => {
    if (event.detail === 0 && event.isTrusted && performance.now() - scanEnd < 80) swallow(event);
  }, true);

  async function work() {
    if (busy) return;
    busy = true;
    while (queue.length) {
      const code = queue.shift();
      document.dispatchEvent(new CustomEvent("letterline:scan", { detail: code }));
      if (window.letterlineScan) await window.letterlineScan(code);
    }
    busy = false;
  }
})();

// A scanner types like a very fast keyboard and ends with Enter. It must never press a button, whatever has the focus.
// So keys are caught here, at the document, before any control sees them: a run of fast keys that ends with Enter is a scan.
(() => {
  "use strict";
  const KEY_MS = 60;            // mean time between the keys of a scanner; nobody types four keys that fast
  const GAP_MS = 300;           // a longer pause starts a new run
  const SLOW_GAP_MS = 2000;     // … where no field takes the keys: a slow radio scanner, or a busy computer
  const SHORTEST = 4;
  let run = "";
  let first = 0;
  let last = -1e9;
  let field = null;             // the text field the run went into, and what it held before
  let before = "";
  const queue = [];
  let busy = false;

  const editable = (node) =>
    node instanceof HTMLTextAreaElement ||
    (node instanceof HTMLInputElement && !["button", "submit", "checkbox", "radio", "file", "hidden"].includes(node.type));

  const swallow = (event) => { event.preventDefault(); event.stopImmediatePropagation(); };

  // A page may have one field that takes a scan (a badge); it takes it wherever the focus is.
  function target() {
    if (field && field.dataset.takesScan !== undefined) return field;
    if (document.body.dataset.scan) return null;
    const fields = document.querySelectorAll("[data-takes-scan]");
    return fields.length === 1 ? fields[0] : null;
  }

  // Thirty-six digits are a control mark, at whatever speed they came: nobody types one. The field gets back what it held before.
  function markIn(node) {
    if (!document.body.dataset.scan || !editable(node) || node.dataset.takesScan !== undefined) return "";
    const mark = /[0-9]{36}$/.exec(node.value);
    if (!mark) return "";
    field = node;
    before = node.value.slice(0, mark.index);
    return mark[0];
  }

  function deliver(code) {
    const taker = target();
    if (field) field.value = before;
    if (taker) {
      taker.value = code;
      taker.form?.querySelector("input[type=password]")?.focus();
    } else {
      queue.push(code);
      work();
    }
  }

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const now = event.timeStamp;
    const going = run !== "" && now - last < (field ? GAP_MS : SLOW_GAP_MS);
    // With no field to write in, letters that end with Enter cannot be meant for a button, however slow they come.
    const fast = going && (!field || run.length === 1 || (last - first) / (run.length - 1) < KEY_MS);
    if (event.key.length === 1) {
      if (!going) {
        run = "";
        first = now;
        field = editable(document.activeElement) ? document.activeElement : null;
        before = field ? field.value : "";
      }
      if (event.key === " " && fast && !field) swallow(event);   // a space inside a scan would press the focused button
      run += event.key;
      last = now;
      return;
    }
    if (event.key === "Enter" || event.key === "Tab") {           // some scanners end with Tab
      const code = fast && run.length >= SHORTEST ? run : markIn(document.activeElement);
      const hasty = fast && !field;
      run = "";
      if (code) { swallow(event); deliver(code); } else if (hasty && event.key === "Enter") swallow(event);
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

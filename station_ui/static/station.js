// Live parts, staleness, idle lock, scans, sounds. The server renders every word; this file only moves it to the glass.
(() => {
  "use strict";
  const body = document.body;
  const formToken = document.querySelector("meta[name=form-token]").content;
  const $ = (selector, root = document) => root.querySelector(selector);

  // --- live parts -------------------------------------------------------------------------------------------------
  const STALE_MS = 3000;
  const GUARD_MS = 400;
  const REDIAL_MS = 1500;
  const shown = new WeakMap();      // part → the HTML the server sent last
  const changed = new WeakMap();    // part → when its button became another one
  let heard = performance.now();
  let source = null;
  let dialled = 0;

  // Only what differs is touched, about twelve times a second: a picture that stays is not fetched and decoded again, the focus stays,
  // and nothing is left behind for the collector.
  function patch(old, fresh) {
    if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName) { old.replaceWith(fresh); return; }
    if (old.nodeType !== Node.ELEMENT_NODE) { if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue; return; }
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !KEPT.has(name)) old.removeAttribute(name);
    for (const { name, value } of [...fresh.attributes]) setAttribute(old, name, value);
    patchChildren(old, fresh);
  }

  // What carries a key (an envelope in a list) moves with it, so that its picture is not asked for again.
  function patchChildren(old, fresh) {
    const news = [...fresh.childNodes];
    const kept = new Map([...old.children].filter((node) => node.dataset.key).map((node) => [node.dataset.key, node]));
    news.forEach((node, place) => {
      const here = old.childNodes[place];
      const same = node.dataset?.key ? kept.get(node.dataset.key) : here?.dataset?.key ? undefined : here;
      kept.delete(node.dataset?.key);
      if (!same) { old.insertBefore(node, here ?? null); return; }
      if (same !== here) old.insertBefore(same, here ?? null);
      patch(same, node);
    });
    while (old.childNodes.length > news.length) old.lastChild.remove();
  }

  // A picture that was asked for again carries "?2": it is the same picture, and its tries are counted on.
  const KEPT = new Set(["data-tries"]);
  function setAttribute(node, name, value) {
    if (node.getAttribute(name) === value) return;
    if (name === "src" && node.dataset.tries) {
      if (node.getAttribute("src").replace(/\?.*$/, "").endsWith(value)) return;
      delete node.dataset.tries;
    }
    node.setAttribute(name, value);
  }

  function swap(name, html) {
    for (const part of document.querySelectorAll(`[data-part="${name}"]`)) {
      if (shown.get(part) === html) continue;
      const first = !shown.has(part);
      shown.set(part, html);
      const fresh = document.createElement("template");
      fresh.innerHTML = html;
      if (first && part.innerHTML.trim() === fresh.innerHTML.trim()) continue;   // the page brought it already
      const pressed = () => part.querySelector("[data-guard]")?.textContent.trim() ?? "";
      const before = pressed();
      patchChildren(part, fresh.content);
      if (pressed() !== before) changed.set(part, performance.now());
      if (name === "pulse") refresh();                                   // lists on this page have changed with the line
      if (name === "tide") ebb();
    }
  }

  function listen() {
    if (!body.dataset.stream) return;
    dialled = performance.now();
    source = new EventSource(body.dataset.stream);
    source.addEventListener("parts", (event) => {
      heard = performance.now();
      const { at, parts } = JSON.parse(event.data);
      for (const [name, html] of Object.entries(parts)) swap(name, html);
      body.dataset.at = String(at);
      body.dataset.shown = String(Date.now());
    });
    source.addEventListener("beat", () => { heard = performance.now(); });
    source.addEventListener("over", () => { source.close(); location.reload(); });
  }

  const stale = $("#stale");
  setInterval(() => {
    const age = performance.now() - heard;
    const late = age > STALE_MS;
    body.classList.toggle("stale", late);
    stale.hidden = !late;
    if (late && performance.now() - dialled > REDIAL_MS) { source?.close(); listen(); }
    if (late) stale.textContent = body.dataset.stale.replace("{s}", String(Math.floor(age / 1000)));
  }, 250);

  // A button that was just drawn under a falling finger is not yet meant: the first moments do not count.
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-guard]");
    const part = button?.closest("[data-part]");
    if (part && performance.now() - (changed.get(part) ?? -1e9) < GUARD_MS) { event.preventDefault(); event.stopPropagation(); }
  }, true);

  // A picture may be decided upon before it is on the disk: ask again, a few times, before leaving the place empty.
  document.addEventListener("error", (event) => {
    const picture = event.target;
    if (!(picture instanceof HTMLImageElement)) return;
    const tries = Number(picture.dataset.tries ?? 0);
    if (tries >= 5) return;
    picture.dataset.tries = String(tries + 1);
    setTimeout(() => { picture.loading = "eager"; picture.src = picture.src.replace(/\?.*$/, "") + `?${tries + 1}`; }, 700);
  }, true);

  // --- forms ------------------------------------------------------------------------------------------------------
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    const hidden = form.querySelector("input[name=csrf]");
    if (hidden) hidden.value = formToken;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "1";
    setTimeout(() => { delete form.dataset.sent; }, 3000);
  });

  const post = (url, values) => fetch(url, {
    method: "POST", credentials: "same-origin",
    headers: { "X-Form-Token": formToken, "Content-Type": "application/x-www-form-urlencoded", Accept: "application/json" },
    body: new URLSearchParams(values),
  });

  // --- answers of the line ----------------------------------------------------------------------------------------
  async function answerTo(url) {
    for (let tries = 0; tries < 60; tries++) {
      await new Promise((done) => setTimeout(done, tries < 10 ? 80 : 250));
      const answer = await fetch(url, { headers: { Accept: "application/json" } }).then((r) => r.json()).catch(() => null);
      if (answer && answer.answered) return answer;
    }
    return null;
  }

  async function follow(notice) {
    const answer = await answerTo(notice.dataset.pending);
    if (!answer) return;
    notice.className = `notice ${answer.good ? "good" : "stop"}`;
    notice.querySelector("b").nextSibling.textContent = ` — ${answer.text}`;
    notice.removeAttribute("data-pending");
    if (!answer.good) sound(false);
    refresh();
  }
  for (const notice of document.querySelectorAll("[data-pending]")) follow(notice);

  // What only fills up (a tray, a batch) changes ten times a second: lists follow every few seconds, and not all screens at once.
  let ebbing = 0;
  function ebb() {
    if (!ebbing && document.querySelector("[data-refresh]")) ebbing = setTimeout(() => { ebbing = 0; refresh(); }, 3000 + Math.random() * 2000);
  }

  // A list is replaced when the server has other words for it, not when a hand has written into it or signed.
  const brought = new WeakMap();    // list → the HTML the server sent last
  for (const list of document.querySelectorAll("[data-refresh]")) brought.set(list, list.innerHTML);

  let refreshed = 0;
  async function refresh() {
    if (!document.querySelector("[data-refresh]")) return;
    const wait = refreshed + 400 - performance.now();
    refreshed = Math.max(performance.now(), refreshed + 400);
    if (wait > 0) await new Promise((done) => setTimeout(done, wait));
    const page = await fetch(location.href, { headers: { Accept: "text/html" } }).then((r) => r.text()).catch(() => "");
    const fresh = new DOMParser().parseFromString(page, "text/html");
    for (const old of document.querySelectorAll("[data-refresh]")) {
      const next = fresh.getElementById(old.id);
      if (!next || next.innerHTML === brought.get(old) || old.contains(document.activeElement)) continue;
      old.innerHTML = next.innerHTML;
      brought.set(old, next.innerHTML);
    }
    signable();
  }

  const polled = $("[data-poll]");
  if (polled) {
    const timer = setInterval(async () => {
      await refresh();
      if (!$("[data-poll] .wait")) clearInterval(timer);
    }, Number(polled.dataset.poll));
  }

  // --- scans ------------------------------------------------------------------------------------------------------
  let audio = null;
  function sound(good) {
    try {
      audio ??= new AudioContext();
      const now = audio.currentTime;
      for (const [from, pitch] of good ? [[0, 1320]] : [[0, 220], [0.18, 165]]) {
        const tone = audio.createOscillator();
        const loud = audio.createGain();
        tone.type = good ? "sine" : "square";
        tone.frequency.value = pitch;
        loud.gain.setValueAtTime(0.15, now + from);
        loud.gain.exponentialRampToValueAtTime(0.001, now + from + 0.16);
        tone.connect(loud).connect(audio.destination);
        tone.start(now + from);
        tone.stop(now + from + 0.17);
      }
    } catch { /* no sound card: the words and the colour stay */ }
    body.dataset.lastSound = good ? "good" : "bad";
  }

  const toast = $("#toast");
  let toastTimer = 0;
  function say(good, title, text) {
    toast.className = good ? "good" : "bad";
    toast.replaceChildren(Object.assign(document.createElement("b"), { textContent: title }), Object.assign(document.createElement("span"), { textContent: text }));
    toast.hidden = false;
    clearTimeout(toastTimer);
    toastTimer = setTimeout(() => { toast.hidden = true; }, good ? 2500 : 8000);
  }

  window.letterlineScan = async (code) => {
    touched();
    const url = body.dataset.scan;
    if (!url) { sound(false); say(false, code, body.dataset.offline && "—"); return; }
    try {
      const extra = {};
      for (const field of document.querySelectorAll("[data-with-scan]")) extra[field.name] = field.value;
      const answer = await post(url, { code, ...extra });
      const said = await answer.json();
      if (!said.follow) sound(said.good);
      say(said.good, said.title, said.follow ? "…" : said.text);
      if (said.payload) keepForAudit(said);
      if (said.follow) {
        const told = await answerTo(said.follow);
        if (told) { sound(told.good); say(told.good, said.title, told.good ? said.text : told.text); }
      }
      if (said.go) { location.assign(said.go); return; }
      await refresh();
    } catch {
      sound(false);
      say(false, code, body.dataset.offline);
    }
  };

  // Envelopes of a tray audit stay on this screen until they are sent together with the separate count.
  function keepForAudit(said) {
    const list = $("[data-scan-list]");
    const field = $("[data-payloads]");
    if (!list || !field) return;
    const all = field.value ? field.value.split(" ") : [];
    if (!all.includes(said.payload)) {
      all.push(said.payload);
      list.prepend(Object.assign(document.createElement("li"), { textContent: `${said.good ? "✓" : "✕"} ${said.title}` }));
    }
    field.value = all.join(" ");
    $("[data-scanned]").textContent = String(all.length);
  }

  // --- idle lock --------------------------------------------------------------------------------------------------
  let touchedAt = performance.now();
  let toldAt = -1e9;
  function touched() {
    touchedAt = performance.now();
    if (body.dataset.state === "open" && touchedAt - toldAt > 20000) {
      toldAt = touchedAt;
      post("/session/touch", {}).catch(() => {});
    }
  }
  for (const kind of ["pointerdown", "keydown", "touchstart"]) document.addEventListener(kind, touched, { capture: true, passive: true });
  if (body.dataset.state === "open") {
    setInterval(() => {
      if (performance.now() - touchedAt > Number(body.dataset.idleS) * 1000) {
        body.dataset.state = "locking";
        post("/session/lock", {}).finally(() => location.assign("/"));
      }
    }, 1000);
  }

  // --- theme, shortcuts, signature, photos ------------------------------------------------------------------------
  $("#theme")?.addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).colorScheme.includes("dark");
    const chosen = dark ? "light" : "dark";
    document.documentElement.dataset.theme = chosen;
    localStorage.setItem("letterline-theme", chosen);
  });

  document.addEventListener("keydown", (event) => {
    if (!event.altKey || event.ctrlKey || !/^[1-9]$/.test(event.key)) return;
    const item = document.querySelectorAll(".rail-item")[Number(event.key) - 1];
    if (item) { event.preventDefault(); item.click(); }
  });

  // A form to sign may come with a refresh: each pad is made ready once.
  const pads = new WeakSet();
  function signable() { for (const pad of document.querySelectorAll("canvas[data-signature]")) if (!pads.has(pad)) ready(pad); }

  function ready(pad) {
    pads.add(pad);
    const pen = pad.getContext("2d");
    const field = document.getElementById(pad.dataset.signature);
    let drawing = false;
    pen.lineWidth = 3; pen.lineCap = "round"; pen.strokeStyle = "#0b1a2a";
    const at = (event) => { const box = pad.getBoundingClientRect(); return [(event.clientX - box.left) * pad.width / box.width, (event.clientY - box.top) * pad.height / box.height]; };
    pad.addEventListener("pointerdown", (event) => { drawing = true; pad.setPointerCapture(event.pointerId); pen.beginPath(); pen.moveTo(...at(event)); });
    pad.addEventListener("pointermove", (event) => { if (!drawing) return; pen.lineTo(...at(event)); pen.stroke(); });
    pad.addEventListener("pointerup", () => { drawing = false; field.value = pad.toDataURL("image/png").split(",")[1]; });
    document.querySelector(`[data-clear="${pad.id}"]`)?.addEventListener("click", () => { pen.clearRect(0, 0, pad.width, pad.height); field.value = ""; });
  }

  signable();

  document.querySelector("[data-print]")?.addEventListener("click", () => window.print());

  listen();
})();

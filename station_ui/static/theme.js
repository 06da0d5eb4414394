// Sets dark or light before the first paint; the choice stays in this browser.
(() => {
  const chosen = localStorage.getItem("letterline-theme");
  if (chosen === "dark" || chosen === "light") document.documentElement.dataset.theme = chosen;
})();

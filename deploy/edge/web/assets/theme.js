"use strict";
// Light or dark: as the system has it, until a button is pressed; paper is light.
const Theme = (() => {
  function button() {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    let chosen = null;
    try { chosen = localStorage.getItem("weft-theme"); } catch { /* a page without storage forgets */ }
    const one = Dom.make("button", { type: "button", class: "plain screen-only", on: { click: () => {
      chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
      try { localStorage.setItem("weft-theme", chosen); } catch { /* as above */ }
      show();
    } } });
    const show = () => {
      const theme = chosen ?? (dark.matches ? "dark" : "light");
      document.documentElement.dataset.theme = theme;
      one.textContent = theme === "dark" ? "\u2600 light" : "\u263e dark";
    };
    dark.addEventListener("change", show);
    addEventListener("beforeprint", () => { document.documentElement.dataset.theme = "light"; });
    addEventListener("afterprint", show);
    show();
    return one;
  }
  return { button };
})();

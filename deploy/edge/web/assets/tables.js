"use strict";
// Tables that a click on a heading sorts and a word filters.
const Tables = (() => {
  const { make, text } = Dom;
  const order = (one, other) =>
    typeof one === "number" && typeof other === "number" ? one - other
      : String(one ?? "").localeCompare(String(other ?? ""), "en", { numeric: true });

  const before = new Map(); // how each table was sorted and filtered when it was drawn last
  // columns: {name, value(row), show(row), number}; a missing value stays last.
  function sortable(columns, rows, { filterFrom = 15, label }) {
    const body = make("tbody");
    const kept = before.get(label) ?? { at: -1, down: false, wanted: "" };
    before.set(label, kept);
    const cells = rows.map((row) => {
      const line = make("tr", {}, ...columns.map((one) => {
        const shown = one.show(row);
        return make("td", { class: one.number ? "number" : one.wide ? "wide" : null }, shown instanceof Node ? shown : text(shown));
      }));
      return { row, line, words: line.textContent.toLowerCase() };
    });
    const headings = columns.map((one, at) => make("th", { scope: "col", class: one.number ? "number" : null },
      make("button", { type: "button", on: { click: () => sort(at) } }, one.name)));
    const draw = () => body.replaceChildren(...cells.filter((one) => one.words.includes(kept.wanted)).map((one) => one.line));
    function sort(at) {
      kept.down = kept.at === at && !kept.down;
      kept.at = at;
      arrange();
    }
    function arrange() {
      if (kept.at < 0) { draw(); return; }
      const at = kept.at, value = columns[at].value, missing = (one) => one === null || one === undefined;
      cells.sort((one, other) => {
        const [a, b] = [value(one.row), value(other.row)];
        if (missing(a) || missing(b)) return missing(a) - missing(b);
        return kept.down ? order(b, a) : order(a, b);
      });
      headings.forEach((heading, place) => place === at
        ? heading.setAttribute("aria-sort", kept.down ? "descending" : "ascending") : heading.removeAttribute("aria-sort"));
      draw();
    }
    arrange();
    const table = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": label },
      make("table", {}, make("thead", {}, make("tr", {}, ...headings)), body));
    if (rows.length < filterFrom) return table;
    const field = make("input", { type: "search", placeholder: "filter: host, verdict ...", "aria-label": `filter ${label}`,
      value: kept.wanted,
      on: { input: () => { kept.wanted = field.value.toLowerCase(); draw(); } } });
    return make("div", {}, make("div", { class: "controls" }, field), table);
  }
  return { sortable };
})();

"use strict";
// The page of a run: reads the block of data, builds every section, and follows a run that is going on.
(() => {
  const { make, text, seconds, bytes, number, count, section } = Dom;

  function sentence(run) {
    if (run.live) return make("p", { class: "verdict warn" }, "\u25b6 running: ", text(run.sentence ?? ""));
    const good = run.exit_code === 0;
    return make("p", { class: `verdict ${good ? "good" : "bad"}` }, good ? "\u2713 " : "\u2717 ",
      text(run.sentence ?? "no verdict"), ` (exit code ${run.exit_code})`);
  }

  function tiles(run) {
    const tile = (name, value, note) => make("div", {}, make("dl", {}, make("dt", {}, name), make("dd", {}, text(value), note ? make("small", {}, text(note)) : null)));
    const sent = run.copies.reduce((sum, one) => sum + one[2], 0);
    const size = run.bytes ?? run.size;
    return make("div", { class: "tiles" },
      tile("payload", run.payload, size ? `${bytes(size)} (${number(size)} bytes)` : ""),
      tile("hosts complete", `${run.complete_hosts} of ${run.hosts}`, count(run.peers.length, "peer")),
      run.user_seconds ? tile("time", seconds(run.user_seconds), "of the task") : null,
      run.seconds !== null ? tile("the swarm took", seconds(run.seconds), run.limit ? `${number(run.seconds / run.limit[0], 2)} times the limit T*` : "start to last copy") : null,
      run.copies.length && sent ? tile("the seeds sent", `${number(sent, 2)} copies`, `to ${count(run.peers.length - run.copies.length, "receiving peer")}`) : null);
  }

  function troubles(run) {
    const parts = [];
    if (run.failures.length) parts.push(make("div", { class: "trouble" }, make("strong", { class: "bad" }, "\u2717 What failed"),
      make("ul", {}, ...run.failures.map((one) => make("li", {}, text(one.error), ...(one.next ? [make("br"), "next: ", make("code", {}, one.next)] : []))))));
    if (run.slow.length) parts.push(make("div", { class: "trouble slow" }, make("strong", { class: "warn" }, "\u26a0 Who was slow"),
      make("ul", {}, ...run.slow.map((one) => make("li", {}, text(one))))));
    if (run.notices.length) parts.push(make("ul", {}, ...run.notices.map((one) => make("li", {}, text(one)))));
    return parts;
  }

  function table(run) {
    const waited = run.peers.some((one) => one.waited > 0);
    const columns = [
      { name: "peer", number: true, value: (one) => one.peer, show: (one) => one.peer },
      { name: "host", value: (one) => one.host, show: (one) => one.host + (one.seed ? " (seed)" : "") },
      { name: run.live ? "state" : "verdict", value: (one) => one.verdict, show: verdict, wide: true },
      { name: "pieces", number: true, value: (one) => one.pieces, show: (one) => (one.pieces === null ? "-" : `${one.pieces}/${one.total ?? "?"}`) },
      run.live ? null : { name: "bytes", number: true, value: (one) => one.bytes, show: (one) => (one.bytes === null ? "-" : number(one.bytes)) },
      { name: "seconds", number: true, value: (one) => one.seconds, show: (one) => (one.seconds === null ? "-" : number(one.seconds, 2)) },
      waited ? { name: "waited", number: true, value: (one) => one.waited || null, show: (one) => (one.waited ? number(one.waited, 1) : "-") } : null,
      waited ? { name: "longest for", value: (one) => one.reason || null, show: (one) => one.reason || "-", wide: true } : null,
    ].filter(Boolean);
    return Tables.sortable(columns, run.peers, { label: "copies" });
  }
  function verdict(one) {
    if (one.good === null) return text(one.verdict ?? "-");
    return make("span", { class: one.good ? "good" : "bad" }, one.good ? "\u2713 " : "\u2717 ", text(one.verdict ?? "-"));
  }

  function build(run, theme) {
    document.title = `${run.live ? "\u25b6" : run.exit_code === 0 ? "\u2713" : "\u2717"} ${run.payload}: ${run.run}`;
    const moved = run.matrix.cells.length > 0, traced = run.traced > 0;
    const fetched = run.ways.rows.length > 0;
    return [
      Charts.patterns(),
      make("header", {}, make("div", {}, make("h1", {}, text(run.payload)), make("p", { class: "faint" }, "run ", text(run.run), ", swarm ", text(run.swarm))), theme),
      sentence(run), tiles(run), ...troubles(run),
      section("Copies", table(run), run.sha256 ? make("p", { class: "faint" }, "sha256 ", make("code", {}, run.sha256)) : null),
      run.phases.length ? section("The task's time", Charts.phases(run)) : null,
      traced ? section("The hosts' time", Charts.hosts(run), run.peers.length > 8 ? Charts.completion(run) : null) : null,
      run.rates.hosts.length ? section("Rates", Charts.rates(run)) : null,
      moved ? section("Who got how much from whom", Charts.matrix(run)) : null,
      fetched ? section("The way of each piece", Charts.ways(run)) : null,
      run.choices.length ? section("Chokes", Charts.choices(run)) : null,
      run.lines?.length ? section("Last lines", make("pre", { class: "lines" }, run.lines.join("\n"))) : null,
      make("footer", {}, traced ? `${run.traced} of ${count(run.peers.length, "peer")} left a trace; times are those of the hosts' clocks. ` : "No peer left a trace. ",
        "Drawn by Observable Plot, whose licence is in this file."),
    ].filter(Boolean);
  }

  const page = document.getElementById("page"), theme = Theme.button();
  const chosen = new Map(); // what somebody chose, by what is chosen; it holds when the page is drawn again
  function draw(run) {
    const place = scrollY;
    page.replaceChildren(...build(run, theme));
    page.querySelectorAll("select").forEach((one) => {
      const name = one.getAttribute("aria-label"), value = chosen.get(name);
      one.addEventListener("change", () => chosen.set(name, one.value));
      if (value !== undefined && [...one.options].some((option) => option.value === value)) { one.value = value; one.dispatchEvent(new Event("change")); }
    });
    Charts.fit(true);
    scrollTo(0, place);
  }
  const first = JSON.parse(document.getElementById("data").textContent);
  draw(first);
  new ResizeObserver(() => requestAnimationFrame(() => Charts.fit(false))).observe(page);
  if (first.live) Live.follow(draw);
})();

"use strict";
// The pictures of a run, drawn by Observable Plot. Each colour has a word or a pattern that says the same.
const Charts = (() => {
  const { make, text, seconds, bytes, number, count } = Dom;
  const SVG = "http://www.w3.org/2000/svg";
  const STATES = [["checks", "checks what it has"], ["fetches", "fetches"], ["waits", "waits"], ["serves", "is complete, serves"]];
  const SLOPES = { checks: "M0,8 L8,0", waits: "M0,0 L8,8 M0,8 L8,0", serves: "", fetches: "M0,4 L8,4" };
  const COLOURS = ["#2f6fb7", "#c9652b", "#3f8f4f", "#8a56ac", "#b58900", "#c2417d", "#2aa198", "#7a6a58", "#5b7a1f", "#6c71c4"];
  const svg = (name, more) => {
    const element = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(more)) element.setAttribute(key, value);
    return element;
  };

  // Patterns, so that states can be told apart without their colours.
  function patterns() {
    const all = svg("svg", { width: 0, height: 0, "aria-hidden": "true", style: "position:absolute" });
    for (const [name] of STATES) {
      const one = svg("pattern", { id: `p-${name}`, width: 8, height: 8, patternUnits: "userSpaceOnUse" });
      one.append(svg("rect", { width: 8, height: 8, fill: `var(--${name})` }),
        svg("path", { d: SLOPES[name], stroke: "var(--back)", "stroke-width": 1, opacity: .55 }));
      all.append(one);
    }
    return all;
  }
  function swatch(fill) {
    const one = svg("svg", { width: 22, height: 12, "aria-hidden": "true" });
    one.append(svg("rect", { width: 22, height: 12, fill }));
    return one;
  }
  const legend = (entries) => make("div", { class: "legend" },
    ...entries.map(([fill, words]) => make("span", {}, swatch(fill), text(words))));

  // A chart is drawn for the width that it has, and again when that changes.
  const charts = new Set();
  function figure(draw, caption, ...more) {
    const place = make("div", { class: "chart" });
    const one = { place, draw, width: 0 };
    charts.add(one);
    return make("figure", {}, caption ? make("figcaption", {}, caption) : null, ...more, place);
  }
  function fit(force) {
    for (const one of charts) {
      if (!one.place.isConnected) { charts.delete(one); continue; }
      const width = one.place.clientWidth;
      if (!width || (width === one.width && !force)) continue;
      one.width = width;
      one.place.replaceChildren(one.draw(width));
    }
  }
  const small = (width) => width < 600;
  const cut = (words, most) => (words.length > most ? `${words.slice(0, most - 1)}\u2026` : words);
  const style = { background: "transparent", color: "var(--ink)", fontSize: "12px", overflow: "visible" };
  const since = { label: "seconds since the first peer started", labelOffset: 34 };
  const grid = (axis, more) => Plot[`grid${axis}`]({ stroke: "var(--line)", strokeOpacity: 1, ...more });
  const whole = (one) => (Number.isInteger(one) ? number(one) : "");
  const room = (names, width) => Math.min(small(width) ? 96 : 190, 14 + 7 * Math.max(4, ...names.map((one) => one.length)));
  const most = (width) => (small(width) ? 11 : 25);

  function phases(run) {
    let at = 0;
    const parts = run.phases.map(([name, took]) => ({ name, took, begin: at, end: (at += took) }));
    return figure((width) => Plot.plot({
      width, height: 60 + 26 * parts.length, marginLeft: 80, marginRight: 64, marginBottom: 40, style,
      x: { label: "seconds since the task began", labelOffset: 34, domain: [0, Math.max(at, 0.001)] }, y: { label: null, domain: parts.map((one) => one.name) },
      marks: [
        grid("X"),
        Plot.barX(parts, { x1: "begin", x2: "end", y: "name", fill: "var(--accent)", insetTop: 3, insetBottom: 3 }),
        Plot.text(parts, { x: "end", y: "name", text: (one) => seconds(one.took), textAnchor: "start", dx: 5, fill: "currentColor" }),
      ] }), "What the task's time was spent on, one phase after the other.");
  }

  function hosts(run) {
    const labels = run.peers.map((one) => nameOf(run, one));
    const bars = [], peers = [];
    run.peers.forEach((peer, at) => {
      const own = run.bars[peer.peer];
      if (!own) return;
      peers.push({ ...peer, label: labels[at] });
      own.forEach(([begin, end, what, reason]) => bars.push({ label: labels[at], begin, end, what, reason }));
    });
    const first = Math.min(...run.peers.map((one) => (one.complete === null ? Infinity : one.complete - one.seconds)));
    const limit = run.limit && Number.isFinite(first) ? first + run.limit[0] : null;
    const failed = peers.filter((one) => one.good === false);
    const done = peers.filter((one) => one.complete !== null && !one.seed && !failed.includes(one));
    const end = Math.max(run.end, limit ?? 0);
    const about = (one) => `${one.label}: ${STATES.find(([name]) => name === one.what)[1]}, ${seconds(one.begin)} to ${seconds(one.end)}${one.reason ? `\n${one.reason}` : ""}`;
    const draw = (width) => {
      const names = new Map(peers.map((one) => [one.label, cut(one.label, most(width))]));
      return Plot.plot({
        width, height: 66 + 22 * peers.length, marginTop: 26, marginLeft: room([...names.values()], width), marginRight: 74, marginBottom: 40, style,
        x: { ...since, domain: [0, end] },
        y: { label: null, domain: peers.map((one) => one.label), tickFormat: (one) => names.get(one) },
        marks: [
          grid("X"),
          ...STATES.map(([what]) => Plot.barX(bars.filter((one) => one.what === what),
            { x1: "begin", x2: "end", y: "label", fill: `url(#p-${what})`, insetTop: 3, insetBottom: 3, title: about })),
          Plot.tickX(done, { x: "complete", y: "label", stroke: "currentColor", strokeWidth: 2 }),
          Plot.text(done, { x: () => end, y: "label", text: (one) => `\u2713 ${seconds(one.seconds)}`, textAnchor: "start", dx: 6, fill: "currentColor" }),
          Plot.text(failed, { x: () => end, y: "label", text: () => "\u2717 failed", textAnchor: "start", dx: 6, fill: "var(--bad)" }),
          limit ? Plot.ruleX([limit], { stroke: "var(--bad)", strokeDasharray: "5 3" }) : null,
          limit ? Plot.text([limit], { x: (one) => one, frameAnchor: "top", dy: -16, text: () => `T* ${seconds(run.limit[0])}`, fill: "var(--bad)" }) : null,
        ] });
    };
    const shown = peers.length < run.peers.length ? ` ${peers.length} of ${run.peers.length} peers: the seeds, the failed and the slowest.` : "";
    const star = limit ? ` T*: no swarm can be faster (${run.limit[1]}).` : "";
    return figure(draw, `What each host did. \u2713: complete, and how long that took.${star}${shown}`,
      legend(STATES.map(([name, words]) => [`url(#p-${name})`, words])));
  }

  // How many hosts were complete at each moment.
  function completion(run) {
    const times = run.peers.filter((one) => !one.seed && one.complete !== null).map((one) => one.complete).sort((a, b) => a - b);
    const all = run.peers.filter((one) => !one.seed).length;
    const steps = [{ when: 0, count: 0 }, ...times.map((when, at) => ({ when, count: at + 1 }))];
    return figure((width) => Plot.plot({
      width, height: 200, marginLeft: 50, marginRight: 20, marginBottom: 40, style,
      x: { ...since, domain: [0, run.end] }, y: { label: "peers complete", domain: [0, all], tickFormat: whole },
      marks: [grid("X"), grid("Y"),
        Plot.lineY([...steps, { when: run.end, count: times.length }], { x: "when", y: "count", curve: "step-after", stroke: "var(--serves)", strokeWidth: 2 })],
    }), `${times.length} of ${count(all, "receiving peer")} became complete.`);
  }

  function rates(run) {
    const { step, hosts: lines } = run.rates;
    const points = (values) => values.map((value, at) => ({ when: (at + .5) * step, rate: value }));
    const count = lines.length ? lines[0][1].length : 0;
    const sums = Array.from({ length: count }, (_, at) => lines.reduce((sum, [, values]) => sum + values[at], 0));
    const quantile = (part) => Array.from({ length: count }, (_, at) =>
      lines.map(([, values]) => values[at]).sort((a, b) => a - b)[Math.min(lines.length - 1, Math.floor(part * lines.length))]);
    const choice = make("select", { "aria-label": "host", on: { change: () => fit(true) } }, make("option", { value: "-1" }, "no host"),
      ...lines.map(([name], at) => make("option", { value: at }, name)));
    const slowest = lines.findIndex(([name]) => name === slowestOf(run));
    choice.value = String(slowest);
    const axes = (top) => {
      const unit = bytes(Math.max(1, top)).split(" ")[1], by = 1024 ** Dom.units.indexOf(unit);
      return { style, marginLeft: 56, marginRight: 20, marginBottom: 40, x: { ...since, domain: [0, run.end] },
        y: { label: `${unit}/s`, transform: (one) => one / by, domain: [0, Math.max(1, top) * 1.05 / by], ticks: 4 } };
    };
    const lattice = () => [grid("X"), grid("Y", { ticks: 4 })];
    const total = figure((width) => Plot.plot({ width, height: 200, ...axes(Math.max(0, ...sums)),
      marks: [...lattice(), Plot.areaY(points(sums), { x: "when", y: "rate", fill: "var(--accent)", fillOpacity: .25, curve: "step" }),
        Plot.lineY(points(sums), { x: "when", y: "rate", stroke: "var(--accent)", strokeWidth: 1.8, curve: "step" })] }), "What all hosts received together.");
    const each = figure((width) => {
      const [low, mid, high] = [quantile(.1), quantile(.5), quantile(.9)];
      const band = mid.map((_, at) => ({ when: (at + .5) * step, low: low[at], high: high[at] }));
      const chosen = lines[Number(choice.value)];
      const top = Math.max(1, ...high, ...(chosen ? chosen[1] : []));
      return Plot.plot({ width, height: 200, ...axes(top), marks: [...lattice(),
        Plot.areaY(band, { x: "when", y1: "low", y2: "high", fill: "var(--faint)", fillOpacity: .25 }),
        Plot.lineY(points(mid), { x: "when", y: "rate", stroke: "var(--faint)", strokeWidth: 1.5, strokeDasharray: "5 3" }),
        chosen ? Plot.lineY(points(chosen[1]), { x: "when", y: "rate", stroke: "var(--waits)", strokeWidth: 2 }) : null] });
    }, "What one host received: the dashed line is the median of all, the grey band holds eight of ten; the thick line is",
      make("div", { class: "controls" }, choice));
    return make("div", {}, total, each);
  }
  const slowestOf = (run) => [...run.peers].filter((one) => one.seconds !== null && !one.seed).sort((a, b) => b.seconds - a.seconds)[0]?.host;

  function matrix(run) {
    const { names, cells, by } = run.matrix;
    const sums = new Map();
    cells.forEach(([one, other, count]) => sums.set(`${one} ${other}`, count));
    const top = Math.max(1, ...cells.map((one) => one[2]));
    const data = cells.map(([one, other, count]) => ({ from: one, to: other, count }));
    const draw = (width) => {
      const left = room(names.map((one) => cut(one, most(width))), width);
      const side = Math.max(26, Math.min(64, (width - left - 20) / names.length));
      const high = Math.min(34, side);
      const label = (at) => cut(names[at], most(width));
      const turned = side < 10 + 7 * Math.max(...names.map((_, at) => label(at).length));
      return Plot.plot({ width: left + side * names.length + 20, height: (turned ? 0.87 * left + 24 : 46) + high * names.length,
        marginLeft: left, marginTop: turned ? 0.87 * left + 14 : 30, marginBottom: 8, marginRight: 20, style: { ...style, maxWidth: "none" },
        x: { domain: names.map((_, at) => at), label: null, axis: "top", tickFormat: label, tickRotate: turned ? -60 : 0, tickSize: 0 },
        y: { domain: names.map((_, at) => at), label: null, tickFormat: label, tickSize: 0 },
        marks: [
          Plot.cell(data, { x: "to", y: "from", fill: "var(--accent)", fillOpacity: (one) => .1 + .7 * Math.sqrt(one.count / top), inset: .5,
            title: (one) => `${names[one.from]} to ${names[one.to]}: ${bytes(one.count)}` }),
          Plot.text(data, { x: "to", y: "from", text: (one) => short(one.count), fill: "currentColor", fontSize: side < 34 ? 8 : side < 44 ? 9 : 11 }),
          Plot.frame({ stroke: "var(--line)" }),
        ] });
    };
    const words = { host: "between hosts", zone: "between zones", group: "between groups of hosts", part: "between parts of the fleet, which are as large as each other" }[by];
    return figure(draw, `Bytes ${words}: a row sends, a column receives; a stronger colour is more.`);
  }
  const short = (value) => { const words = bytes(value).split(" "); return words[0].replace(/\.\d/, value < 10240 ? "" : "$&").replace(/(\d\d)\.\d/, "$1") + words[1][0]; };

  function ways(run) {
    const { rows, columns, seconds: end, noted, total } = run.ways;
    const times = Dom.decode(run.ways.times), raw = Dom.decode(run.ways.sources);
    const sources = Uint16Array.from({ length: times.length }, (_, at) => raw[2 * at] + 256 * raw[2 * at + 1]);
    const names = run.peers.map((one) => nameOf(run, one));
    const heavy = [...new Set(sources)].filter((one) => one < names.length);
    const few = heavy.length <= COLOURS.length, told = heavy.length > 0;
    const kind = (row, source) => {
      if (source >= names.length) return "not fetched";
      if (few) return names[source];
      const peer = run.peers[source], own = run.peers[rows[row]];
      return peer.seed ? "a seed" : peer.group && peer.group === own.group ? "its own zone or group" : "another host";
    };
    const kinds = few ? heavy.sort((a, b) => a - b).map((one) => names[one]) : ["a seed", "its own zone or group", "another host"];
    const colours = new Map([...kinds.map((one, at) => [one, COLOURS[at]]), ["not fetched", "#8885"]]);
    const choice = make("select", { "aria-label": "colours", on: { change: () => { key(); fit(true); } } },
      make("option", { value: "source" }, "coloured by source"), make("option", { value: "time" }, "coloured by time"));
    choice.value = few && told ? "source" : "time";
    const place = make("div"), readout = make("p", { class: "readout faint screen-only", "aria-live": "polite" }, "Point at a piece to read its way.");
    const key = () => place.replaceChildren(choice.value === "source" ? legend([...colours].map(([one, fill]) => [fill, one]))
      : legend([["#fde725", "at the begin"], ["#21918c", "half-way"], ["#440154", "at the end"], ["#8885", "not fetched"]]));
    const scale = rows.length * 16 <= 640 ? 16 : Math.max(1, Math.floor(640 / rows.length) || 1);
    const draw = (width) => {
      const each = scale >= 10, labels = rows.map((at) => cut(names[at], most(width)));
      const left = each ? room(labels, width) : 56;
      const bySource = choice.value === "source";
      const values = Array.from(times, (value, at) => (bySource ? kind(Math.floor(at / columns), sources[at]) : value === 255 ? NaN : value / 254));
      const chart = Plot.plot({ width, height: 52 + scale * rows.length, marginLeft: left, marginTop: 8, marginRight: 12, marginBottom: 44, style,
        x: { label: "pieces", labelOffset: 36, domain: [0, columns], tickFormat: (one) => number(Math.round(one * total / columns)) },
        y: { label: each ? null : "peers", domain: [rows.length, 0], ticks: each ? rows.map((_, at) => at + .5) : 5,
          tickFormat: (one) => (each ? labels[Math.floor(one)] : number(one)), tickSize: each ? 0 : 4 },
        color: bySource ? { type: "categorical", domain: [...colours.keys()], range: [...colours.values()] }
          : { type: "linear", scheme: "viridis", reverse: true, domain: [0, 1], unknown: "#8885" },
        marks: [Plot.raster(values, { width: columns, height: rows.length, x1: 0, x2: columns, y1: 0, y2: rows.length, imageRendering: "pixelated" }),
          Plot.frame({ stroke: "var(--line)" })] });
      chart.addEventListener("pointermove", (event) => {
        const box = chart.getBoundingClientRect(), ratio = width / box.width;
        const column = Math.floor(((event.clientX - box.left) * ratio - left) / (width - left - 12) * columns);
        const row = Math.floor(((event.clientY - box.top) * ratio - 8) / scale);
        if (column < 0 || row < 0 || column >= columns || row >= rows.length) return;
        const at = row * columns + column, source = sources[at];
        readout.replaceChildren(text(names[rows[row]]), `, piece ${number(Math.floor(column * total / columns))}: `,
          times[at] === 255 ? "not fetched" : text(`${source < names.length ? `from ${names[source]} ` : ""}at ${seconds(times[at] / 254 * end)}`));
      });
      return chart;
    };
    key();
    const rest = (noted < total ? ` Of ${number(total)} pieces, one in ${Math.round(total / noted)} was noted.` : "")
      + (columns < noted ? ` A column stands for ${number(noted / columns, 1)} of them: the one that came last.` : "");
    const words = `A row is a peer that fetched, a column a piece.${rest}`;
    if (!told) return make("div", {}, figure(draw, `${words} What was there before the first news is drawn at its time; from whom each came is in the report.`, place), readout);
    const table = make("details", {}, make("summary", {}, "the same as a table"), summed(rows, columns, sources, kind, [...colours.keys()], names));
    return make("div", {}, figure(draw, words, make("div", { class: "controls" }, choice), place), readout, table, copies(run));
  }

  function summed(rows, columns, sources, kind, kinds, names) {
    const counted = rows.map((at, row) => {
      const counts = Object.fromEntries(kinds.map((one) => [one, 0]));
      for (let column = 0; column < columns; column += 1) counts[kind(row, sources[row * columns + column])] += 1;
      return { name: names[at], counts };
    });
    return Tables.sortable([{ name: "peer", value: (one) => one.name, show: (one) => one.name },
      ...kinds.map((one) => ({ name: one, number: true, value: (row) => row.counts[one], show: (row) => number(row.counts[one]) }))],
    counted, { label: "columns of the picture by source" });
  }

  function copies(run) {
    const data = run.ways.copies.map((count, at) => ({ at: at * run.total / run.ways.columns, next: (at + 1) * run.total / run.ways.columns, count }));
    const sent = run.copies.map(([at, count, times]) => `${nameOf(run, run.peers[at])} sent ${bytes(count)}, ${number(times, 2)} copies of the payload`);
    return figure((width) => Plot.plot({ width, height: 150, marginLeft: 50, marginRight: 12, marginBottom: 42, style,
      x: { label: "pieces", labelOffset: 36, domain: [0, Math.max(1, run.total)] }, y: { label: "times sent by seeds", ticks: 3, tickFormat: whole },
      marks: [grid("Y", { ticks: 3 }),
        Plot.rectY(data, { x1: "at", x2: "next", y: "count", fill: "var(--accent)", inset: 0 }), Plot.ruleY([0])] }),
    make("span", {}, "How often seeds sent each piece. ", text(sent.join("; ")), "."));
  }

  const CHOICES = [["preferred", "prefers it"], ["optimistic", "unchokes it by chance"], ["unchoked by", "is unchoked by it"]];
  const PAINT = { "preferred": "var(--fetches)", "optimistic": "url(#p-waits)", "unchoked by": "url(#p-checks)" };
  function choices(run) {
    const names = new Map(run.peers.map((one) => [one.peer, nameOf(run, one)]));
    const choice = make("select", { "aria-label": "peer", on: { change: () => fit(true) } },
      ...run.choices.map((one, at) => make("option", { value: at }, names.get(one.peer))));
    const draw = (width) => {
      const { bars } = run.choices[Number(choice.value)];
      const others = [...new Set(bars.map((bar) => bar[1]))].sort((a, b) => a - b);
      const rows = others.flatMap((other) => CHOICES.map(([what]) => `${other} ${what}`));
      const data = bars.map(([what, other, begin, end]) => ({ row: `${other} ${what}`, what, other, begin, end }));
      const label = (row) => { const [other, ...what] = row.split(" "); return what.join(" ") === "optimistic" ? cut(names.get(Number(other)) ?? other, most(width)) : ""; };
      const left = room(rows.map(label), width);
      return Plot.plot({ width, height: 60 + 11 * rows.length + 4 * others.length, marginLeft: left, marginRight: 16, marginTop: 8, marginBottom: 40, style,
        x: { ...since, domain: [0, run.end] }, y: { label: null, domain: rows, tickFormat: label, tickSize: 0, padding: .1 },
        marks: [grid("X"),
          ...CHOICES.map(([what, words]) => Plot.barX(data.filter((one) => one.what === what), { x1: "begin", x2: "end", y: "row", fill: PAINT[what],
            title: (one) => `${names.get(one.other) ?? one.other}: ${words}, ${seconds(one.begin)} to ${seconds(one.end)}` })),
          Plot.ruleY(others.slice(1).map((other) => `${other} preferred`), { stroke: "var(--line)", dy: -6 })] });
    };
    return figure(draw, "Three bars for each neighbour of", make("div", { class: "controls" }, choice),
      legend(CHOICES.map(([what, words]) => [PAINT[what], words])));
  }

  function nameOf(run, peer) {
    const twins = (run.twins ??= run.peers.reduce((all, one) => all.set(one.host, (all.get(one.host) ?? 0) + 1), new Map()));
    return twins.get(peer.host) > 1 ? `${peer.host}/${peer.peer}` : peer.host;
  }
  return { patterns, phases, hosts, completion, rates, matrix, ways, choices, fit };
})();

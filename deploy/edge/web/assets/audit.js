"use strict";
// The page of an audit: reads the block of data, and builds the rules' table, the peers' and what was found.
(() => {
  const { make, text, number, section } = Dom;
  const KINDS = { kept: ["good", "\u2713"], broken: ["bad", "\u2717"], "not to be seen": ["faint", "?"] };
  const audit = JSON.parse(document.getElementById("data").textContent);
  const anchor = (rule) => rule.name.replaceAll(" ", "-");
  const tile = (name, value, note) => make("div", {}, make("dl", {}, make("dt", {}, name), make("dd", {}, text(value), note ? make("small", {}, text(note)) : null)));
  const state = (rule) => make("span", { class: KINDS[rule.state][0] }, `${KINDS[rule.state][1]} `, text(rule.state));

  function rules() {
    return Tables.sortable([
      { name: "rule", value: (one) => one.name, show: (one) => (one.findings.length ? make("a", { href: `#${anchor(one)}` }, text(one.name)) : one.name) },
      { name: "verdict", value: (one) => one.state, show: state },
      { name: "seen", number: true, value: (one) => one.seen || null, show: (one) => (one.seen ? number(one.seen) : "-") },
      { name: "found", number: true, value: (one) => one.found || null, show: (one) => (one.found ? number(one.found) : "-") },
      { name: "what it asks for", value: (one) => one.text, show: (one) => one.text, wide: true },
    ], audit.rules, { label: "rules", filterFrom: Infinity });
  }
  function peers() {
    const columns = audit.headings.map((name, at) => ({ name, value: (row) => row[at], show: (row) => row[at], wide: at === audit.headings.length - 1 }));
    return Tables.sortable(columns, audit.peers, { label: "peers" });
  }
  function broken(rule) {
    const part = section(rule.name, make("p", {}, text(rule.text)), ...rule.findings.map((one) => make("dl", { class: "finding" },
      ...["where", "is", "expected"].flatMap((name, at) => [make("dt", {}, name), make("dd", {}, make("code", {}, text(one[at])))]))),
    rule.found > rule.findings.length ? make("p", { class: "faint" }, `and ${number(rule.found - rule.findings.length)} more`) : null);
    part.id = anchor(rule);
    return part;
  }

  const times = (wanted) => audit.rules.filter((one) => one.state === wanted).length;
  const good = !times("broken");
  document.title = `${good ? "\u2713" : "\u2717"} ${audit.title}`;
  document.getElementById("page").replaceChildren(
    make("header", {}, make("div", {}, make("h1", {}, text(audit.title)), make("p", { class: "faint" }, text(audit.facts))), Theme.button()),
    make("p", { class: `verdict ${good ? "good" : "bad"}` }, good ? "\u2713 " : "\u2717 ", text(audit.sentence)),
    make("div", { class: "tiles" }, tile("rules kept", times("kept")), tile("broken", times("broken")), tile("not to be seen", times("not to be seen")),
      audit.mark ? tile("mark", `${audit.mark.points} of ${audit.mark.most} points`, audit.mark.words) : null),
    section("Rules", rules()), section("Peers", peers()), ...audit.rules.filter((one) => one.findings.length).map(broken),
    make("footer", {}, "Judged by the swarm's configuration, event logs and copies alone."));
})();

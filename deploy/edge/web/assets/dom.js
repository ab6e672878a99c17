"use strict";
// Elements and words. Whatever a host or a log said goes through `text`: it becomes a text node and nothing else.
const Dom = (() => {
  const make = (name, more = {}, ...children) => {
    const element = document.createElement(name);
    for (const [key, value] of Object.entries(more)) {
      if (key === "on") Object.entries(value).forEach(([event, act]) => element.addEventListener(event, act));
      else if (value !== null && value !== undefined && value !== false) element.setAttribute(key, value);
    }
    element.append(...children.filter((child) => child !== null && child !== undefined));
    return element;
  };
  // Control characters, and marks that turn text round, are shown as what they are.
  const ODD = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
  const plain = (words) => String(words).replace(ODD, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
  const text = (words) => make("bdi", {}, plain(words));
  const number = (value, digits = 0) =>
    value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  const count = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
  const seconds = (value) => (value === null || value === undefined ? "-"
    : value > 0 && value < 0.005 ? "less than 0.01 s" : `${number(value, value < 10 ? 2 : 1)} s`);
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const bytes = (value) => {
    if (value === null || value === undefined) return "-";
    let place = 0;
    while (value >= 1024 && place < units.length - 1) { value /= 1024; place += 1; }
    return `${number(value, place && value < 100 ? 1 : 0)} ${units[place]}`;
  };
  const section = (title, ...children) => make("section", {}, make("h2", {}, title), ...children);
  const decode = (base64) => Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  return { make, text, number, count, seconds, bytes, section, decode, units };
})();

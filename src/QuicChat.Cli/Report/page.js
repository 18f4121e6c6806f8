"use strict";
const report = JSON.parse(document.getElementById("data").textContent);
const byId = id => document.getElementById(id);
const round = (value, digits = 1) => value.toLocaleString("en", { maximumFractionDigits: digits });

// What came of it, and where.
function head(words, kind, more) {
  byId("verdict").textContent = words;
  byId("verdict").className = kind;
  byId("command").textContent = report.command;
  const m = report.machine;
  byId("machine").textContent = [
    m.cores + " × " + m.processor, round(m.memoryBytes / 2 ** 30) + " GiB", m.system, "kernel " + m.kernel, m.runtime,
    m.ngtcp2 ? "ngtcp2 " + m.ngtcp2 : "no ngtcp2", report.at.slice(0, 16).replace("T", " ") + " UTC", ...(more ? [more] : []),
  ].join("; ");
}

function table(place, heads, rows) {
  for (const [tag, cells] of [["th", heads], ...rows.map(row => ["td", row])]) {
    const row = place.insertRow();
    for (const text of cells) row.appendChild(document.createElement(tag)).textContent = text;
  }
}

const plots = [];
const css = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const colors = ["a", "b", "c", "d"];
const axis = (label, more) => ({
  label, stroke: css("dim"), grid: { stroke: css("line"), width: 1 }, ticks: { stroke: css("line"), width: 1 }, labelSize: 24, size: 56,
  font: "12px system-ui", labelFont: "13px system-ui", ...more });
const line = (label, index, unit, more) => ({
  label, stroke: css(colors[index % colors.length]), width: 2, spanGaps: false, points: { show: false },
  value: (_, v) => v == null ? "–" : round(v, 2) + (unit ? " " + unit : ""), ...more });

// 1, 2 and 5 of each power of ten read better than all ticks of a logarithmic scale.
const decades = (_, splits) => splits.map(v => v != null && /^[125]0*$/.test((v >= 1 ? v : v * 1e6).toFixed(0)) ? v : null);
const logarithmic = label => axis(label, { filter: decades, values: (_, splits) => splits.map(v => v == null ? "" : round(v, 3)) });
const positive = values => values.map(v => v > 0 ? v : null);

function plot(place, options, data, why) {
  place.replaceChildren();
  if (!data[0].length || data.slice(1).every(values => values.every(v => v == null))) {
    const none = place.appendChild(document.createElement("p"));
    none.className = "none";
    none.textContent = why;
    return;
  }
  plots.push(new uPlot({ width: place.clientWidth, height: 320, ...options }, data, place));
}

// Draws now, and again whenever colours or the width are others.
function show(draw) {
  const again = () => {
    while (plots.length) plots.pop().destroy();
    draw();
  };
  again();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  let width = innerWidth;
  addEventListener("resize", () => { if (innerWidth !== width) { width = innerWidth; again(); } });
}

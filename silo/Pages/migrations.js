"use strict";

const minutes = 10;
const bars = 60;
const outcomes = [
  ["completed", ["completed"]],
  ["failed", ["failed"]],
  ["reverted", ["reverted"]],
  ["superseded", ["superseded"]],
  ["other", ["abandoned", "unknown"]],
];
let points = [];
let buckets = [];

const byId = (id) => document.getElementById(id);
const whole = (number) => number.toLocaleString("en-US");
const milliseconds = (number) => number >= 1000 ? `${(number / 1000).toFixed(2)} s` : `${number.toFixed(1)} ms`;

function element(name, attributes = {}, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  if (text !== undefined) {
    made.textContent = text;
  }
  return made;
}

function row(cells, tag = "td") {
  const made = document.createElement("tr");
  for (const cell of cells) {
    const [text, className, title] = Array.isArray(cell) ? cell : [cell];
    const box = document.createElement(tag);
    box.textContent = text;
    box.className = className ?? "";
    box.title = title ?? "";
    made.append(box);
  }
  return made;
}

function drawAxis(svg, width, height, highest, left, right) {
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(
    element("line", { class: "axis", x1: 0, x2: width, y1: height - 18, y2: height - 18 }),
    element("text", { x: 0, y: 11 }, highest),
    element("text", { x: 0, y: height - 4 }, left),
    element("text", { x: width, y: height - 4, "text-anchor": "end" }, right));
}

// What ended between two points belongs to the time of the later one.
function countByBar(now) {
  const counts = Array.from({ length: bars }, () => new Array(outcomes.length).fill(0));
  const span = minutes * 60000 / bars;
  for (let i = 1; i < points.length; i++) {
    const bar = bars - 1 - Math.floor((now - Date.parse(points[i].at)) / span);
    if (bar >= 0 && bar < bars) {
      outcomes.forEach(([, names], index) => {
        for (const name of names) {
          // Totals fall where they were reset.
          counts[bar][index] += Math.max(0, points[i].totals[name] - points[i - 1].totals[name]);
        }
      });
    }
  }
  return counts;
}

function drawOutcomes() {
  const svg = byId("outcomes");
  const width = svg.clientWidth || 600;
  const height = svg.clientHeight || 176;
  const counts = countByBar(Date.now());
  const highest = Math.max(1, ...counts.map((bar) => bar.reduce((sum, count) => sum + count, 0)));
  drawAxis(svg, width, height, whole(highest), `${minutes} min ago`, "now");
  const room = height - 34;
  counts.forEach((bar, index) => {
    let bottom = height - 18;
    bar.forEach((count, outcome) => {
      const tall = count / highest * room;
      bottom -= tall;
      if (count > 0) {
        svg.append(element("rect", {
          class: outcomes[outcome][0], x: index * width / bars, y: bottom, width: Math.max(1, width / bars - 1), height: tall,
        }));
      }
    });
  });
}

function drawDurations() {
  const svg = byId("durations");
  const width = svg.clientWidth || 600;
  const height = svg.clientHeight || 176;
  const used = buckets.filter((bucket) => bucket.count > 0);
  if (used.length === 0) {
    drawAxis(svg, width, height, "", "none completed yet", "");
    return;
  }
  const shown = buckets.slice(buckets.indexOf(used[0]), buckets.indexOf(used[used.length - 1]) + 1);
  const highest = Math.max(...shown.map((bucket) => bucket.count));
  drawAxis(svg, width, height, whole(highest), `≤ ${milliseconds(shown[0].upToMs)}`, `≤ ${milliseconds(shown[shown.length - 1].upToMs)}`);
  shown.forEach((bucket, index) => {
    const tall = bucket.count / highest * (height - 34);
    const rect = element("rect", {
      class: "bar", x: index * width / shown.length, y: height - 18 - tall, width: Math.max(1, Math.min(40, width / shown.length - 1)), height: tall,
    });
    rect.append(element("title", {}, `≤ ${milliseconds(bucket.upToMs)}: ${whole(bucket.count)}`));
    svg.append(rect);
  });
}

function draw() {
  drawOutcomes();
  drawDurations();
}

function showParts(stats) {
  const columns = (part) => {
    const t = part.totals;
    return [
      part.id, part.connections, part.migrating, t.started, t.completed, t.failed, t.reverted, t.superseded, t.abandoned, t.unknown, t.denied, t.ignored,
    ].map((cell) => typeof cell === "number" ? whole(cell) : cell);
  };
  const group = (name) => {
    const made = row([name], "th");
    made.className = "group";
    made.firstChild.colSpan = 12;
    return made;
  };
  byId("parts").tBodies[0].replaceChildren(
    group("gateways"), ...stats.gateways.map((part) => row(columns(part))),
    group("silos"), ...stats.silos.map((part) => row(columns(part))));
}

function showFailures(failures) {
  byId("failures").hidden = failures.length === 0;
  byId("no-failures").hidden = failures.length > 0;
  byId("failures").tBodies[0].replaceChildren(...failures.map((failure) => row([
    new Date(failure.failedAt).toLocaleTimeString(),
    failure.userId,
    [`${failure.connectionId.slice(0, 8)}…${failure.connectionId.slice(-4)}`, "", failure.connectionId],
    failure.attempt ? `${failure.attempt.from} → ${failure.attempt.to}` : "",
    failure.gatewayId,
    [failure.reason, "reason"],
  ])));
}

function showRecovering(silos) {
  const notice = byId("notice");
  const [have, their] = silos.length === 1 ? ["has", "its"] : ["have", "their"];
  const text = silos.length === 0 ? "" : `${silos.join(", ")} ${have} died; ${their} counts are being read again.`;
  // A screen reader says whatever is set, the same text too.
  if (notice.textContent !== text) {
    notice.textContent = text;
    notice.hidden = text === "";
  }
}

function showNews(news) {
  const status = byId("status");
  status.textContent = news.trouble ?? `live, ${new Date(news.at).toLocaleTimeString()}`;
  status.className = news.trouble ? "trouble" : "";
  const stats = news.stats;
  if (!stats) {
    return;
  }
  points = [...points, { at: news.at, totals: stats.totals }].slice(-minutes * 60 - 1);
  byId("connections").textContent = whole(stats.connections);
  byId("migrating").textContent = whole(stats.migrating);
  byId("success-rate").textContent = stats.successRate === null ? "–" : `${(stats.successRate * 100).toFixed(2)} %`;
  byId("completed").textContent = whole(stats.totals.completed);
  byId("failed").textContent = whole(stats.totals.failed);
  byId("p50").textContent = milliseconds(stats.durations.p50);
  byId("p99").textContent = milliseconds(stats.durations.p99);
  byId("max").textContent = milliseconds(stats.durations.max);
  byId("since").textContent = new Date(stats.since).toLocaleString();
  buckets = news.durations;
  draw();
  showRecovering(stats.recovering);
  showParts(stats);
  showFailures(news.failures);
}

byId("legend").replaceChildren(...outcomes.map(([name]) => {
  const item = document.createElement("li");
  const square = element("svg", { viewBox: "0 0 1 1" });
  square.append(element("rect", { class: name, width: 1, height: 1 }));
  item.append(square, name);
  return item;
}));

window.addEventListener("resize", draw);

const events = new EventSource("/migrations/events");
events.addEventListener("history", (event) => { points = JSON.parse(event.data); });
events.addEventListener("news", (event) => showNews(JSON.parse(event.data)));
events.addEventListener("error", () => {
  const status = byId("status");
  status.textContent = "this silo does not answer; trying again …";
  status.className = "trouble";
});

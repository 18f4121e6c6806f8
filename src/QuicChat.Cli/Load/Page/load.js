const { faults, result } = report;
const megabytes = bytes => bytes / 1e6;

function fill() {
  head((result.partial ? "Interrupted. " : "") +
    (faults.length ? "It did not hold: " + faults.join(", ") + "." : "It held: every message once and in order at every member."),
    faults.length ? "bad" : "good", "seed " + result.load.seed);
  const totals = [
    ["connections", round(result.load.connections, 0)], ["connects a second", round(result.connectedPerSecond)],
    ["published", round(result.published, 0)], ["published a second", round(result.publishedPerSecond)],
    ["delivered", round(result.delivered, 0)], ["delivered a second", round(result.deliveredPerSecond)],
    ["lost", round(result.lost, 0)], ["duplicated", round(result.duplicated, 0)], ["reordered", round(result.reordered, 0)],
    ["path changes", round(result.pathChanges, 0)], ["migrations", round(result.migrations, 0)], ["reconnects", round(result.reconnects, 0)],
  ];
  for (const [name, value] of totals) {
    const cell = byId("totals").appendChild(document.createElement("div"));
    cell.appendChild(document.createElement("b")).textContent = value;
    cell.appendChild(document.createElement("span")).textContent = name;
  }
  table(byId("times"), ["", "count", "mean, ms", "p50", "p90", "p99", "p99.9", "longest"], [
    ["delivery", result.deliveryMs], ["acknowledgement", result.ackMs], ["connect", result.connectMs], ["gap of publishers", result.gapMs.publishers],
    ["gap of listeners", result.gapMs.listeners], ["gap of those not cut off", result.gapMs.others],
  ].filter(([, times]) => times.count).map(([name, t]) => [name, round(t.count, 0), ...[t.mean, t.p50, t.p90, t.p99, t.p999, t.max].map(ms => round(ms, 2))]));
  const costs = (what, processes) => processes.map(p => [p.name, what, round(p.cpuSeconds, 2), round(p.cpuPercent) + " %", round(megabytes(p.rssBytes), 0) + " MB"]);
  table(byId("processes"), ["", "when", "CPU, s", "of a core", "memory"], [
    ...result.steps.flatMap(step => costs(round(step.connections, 0) + " idle connections", step.processes)), ...costs("measured time", result.processes)]);
}

function marks(u) {
  u.ctx.save();
  u.ctx.strokeStyle = css("mark");
  u.ctx.lineWidth = devicePixelRatio;

  // Those of a storm lie side by side; the curves must stay readable over them.
  u.ctx.globalAlpha = Math.max(0.2, Math.min(1, 40 / result.changesAt.length));
  u.ctx.beginPath();
  for (const at of result.changesAt) {
    const x = Math.round(u.valToPos(at, "x", true));
    if (x >= u.bbox.left && x <= u.bbox.left + u.bbox.width) {
      u.ctx.moveTo(x, u.bbox.top);
      u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
    }
  }
  u.ctx.stroke();
  u.ctx.restore();
}

function draw() {
  const series = result.series;
  const at = series.map(s => s.at);
  const time = { label: "time", value: (_, v) => v == null ? "–" : round(v) + " s" };
  const seconds = axis("time since the start, s");
  plot(byId("latency"), {
    scales: { x: { time: false }, y: { distr: 3 } }, axes: [seconds, logarithmic("latency, ms")],
    series: [time, line("median", 0, "ms"), line("p99", 1, "ms"), line("longest", 2, "ms")], hooks: { drawClear: [marks] },
  }, [at, ...["p50Ms", "p99Ms", "maxMs"].map(name => positive(series.map(s => s[name])))], "Nothing was measured.");

  const curve = (result.deliveryMs.curve.length ? result.deliveryMs : result.connectMs).curve.filter(p => p.percentile < 100);
  const value = (times, index) => times.curve.length ? times.curve[index].ms : null;
  const nines = curve.map(p => 100 / (100 - p.percentile));
  const names = new Map([[1, "0"], [2, "50"], [10, "90"], [100, "99"], [1000, "99.9"], [10000, "99.99"], [100000, "99.999"], [1000000, "99.9999"]]);
  plot(byId("percentiles"), {
    scales: { x: { time: false, distr: 3 }, y: { distr: 3 } },
    axes: [axis("percentile", { splits: () => [1, 2, 10, 100, 1000, 10000, 100000, 1000000], values: (_, s) => s.map(v => names.get(v)) }), logarithmic("latency, ms")],
    series: [{ label: "percentile", value: (_, v) => v == null ? "–" : round(100 - 100 / v, 4) }, line("delivery", 0, "ms"), line("acknowledgement", 1, "ms"), line("connect", 3, "ms")],
  }, [nines, ...[result.deliveryMs, result.ackMs, result.connectMs].map(times => positive(curve.map((_, index) => value(times, index))))], "Nothing was measured.");

  plot(byId("rate"), {
    scales: { x: { time: false }, y: { range: (_, low, high) => [0, Math.max(1, high * 1.05)] }, p: { range: (_, low, high) => [0, Math.max(1, high * 2)] } },
    axes: [seconds, axis("delivered, 1/s", { size: 72 }), axis("published, 1/s", { side: 1, scale: "p", grid: { show: false } })],
    series: [time, line("delivered", 0, "/s"), line("published", 1, "/s", { scale: "p" })],
  }, [at, series.map(s => s.delivered), series.map(s => s.published)], "Nothing was measured.");

  // One point a number of connections: the last second that had it while they were rising, and the first one with all of them.
  const rising = new Map();
  for (const s of series) if (s.phase === "ramp" || !rising.has(s.connections)) rising.set(s.connections, s.rssBytes);
  const counts = [...rising.keys()].sort((a, b) => a - b);
  plot(byId("memory"), {
    scales: { x: { time: false, range: (_, low, high) => [0, Math.max(1, high)] }, y: { range: (_, low, high) => [0, Math.max(1, high * 1.05)] } },
    axes: [axis("connections"), axis("resident memory, MB")],
    series: [{ label: "connections", value: (_, v) => v == null ? "–" : round(v, 0) },
      ...result.processNames.map((name, index) => line(name, index, "MB", { points: { show: true, size: 5 }, dash: index >= colors.length ? [6, 4] : undefined }))],
  }, [counts, ...result.processNames.map((_, index) => counts.map(count => megabytes(rising.get(count)[index])))], "No client connected.");

  const groups = [["publishers", result.gapMs.publishers], ["listeners", result.gapMs.listeners], ["not cut off", result.gapMs.others]].filter(([, times]) => times.count);
  const last = Math.max(2, ...groups.map(([, times]) => times.buckets.findLastIndex(bucket => bucket.count)));
  const buckets = groups.length ? groups[0][1].buckets.slice(0, last + 2) : [];
  const upTo = bucket => bucket.upToMs < 1000 ? round(bucket.upToMs, 0) + " ms" : round(bucket.upToMs / 1000, 0) + " s";
  const slots = buckets.map((_, index) => index);
  const bars = index => uPlot.paths.bars({ size: [0.8 / groups.length, 60], align: groups.length === 1 ? 0 : index === 0 ? -1 : 1 });
  plot(byId("gaps"), {
    scales: { x: { time: false, range: () => [-0.7, slots.length - 0.3] }, y: { range: (_, low, high) => [0, Math.max(1, high * 1.05)] } },
    axes: [axis("gap, up to", { splits: () => slots, values: (_, s) => s.map(v => upTo(buckets[v]).replace(" ", "\n")), space: 1 }), axis("path changes")],
    series: [{ label: "gap", value: (_, v) => v == null ? "–" : "up to " + upTo(buckets[v]) },
      ...groups.map(([name], index) => line(name, index, "", { paths: bars(index), fill: css(colors[index]) + "90", width: 1 }))],
  }, [slots, ...groups.map(([, times]) => times.buckets.slice(0, slots.length).map(bucket => bucket.count))], "No path changed in this run, and nobody was cut off.");
}

fill();
show(draw);

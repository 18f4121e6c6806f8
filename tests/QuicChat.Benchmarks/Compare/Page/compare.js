const workloads = Object.entries(report.workloads);
const cell = (value, digits = 3) => value == null ? "" : round(value, digits);
const verdicts = new Map([[true, "yes"], [false, "no"], [null, ""]]);
const quartile = (values, at) => {
  const sorted = [...values].sort((a, b) => a - b), place = at * (sorted.length - 1), below = Math.floor(place);
  return sorted[below] + (place - below) * ((sorted[below + 1] ?? sorted[below]) - sorted[below]);
};

// How often better than the budget asks: 1 just meets it, whether it is the least or the most. What is far off either way stands at the
// edge.
const edge = 1000;
const betterness = measure => measure.limit == null || measure.limit.limit === 0 ? []
  : (measure.limit.isOfRatio ? measure.ratioAll : measure.oursAll)
    .map(v => v == null ? 0 : measure.limit.isLeast ? v / measure.limit.limit : measure.limit.limit / v)
    .map(v => Math.min(edge, Math.max(1 / edge, v)));

function make(parent, tag, kind, text) {
  const element = parent.appendChild(document.createElement(tag));
  if (kind) element.className = kind;
  if (text != null) element.textContent = text;
  return element;
}

function fill() {
  const judged = workloads.flatMap(([, w]) => w.measures).filter(m => m.met != null);
  const met = judged.filter(m => m.met).length;
  head([
    ...(report.partial ? ["Partial: it was ended before its time."] : []),
    ...(report.quick ? ["A quick look, by which no budget is judged."]
      : report.judged ? [(met === judged.length ? "All " + met : met + " of " + judged.length) + " budgets that were judged are met."]
      : ["Too few pairs to judge a budget by."]),
  ].join(" "),
  report.partial || met < judged.length ? "bad" : report.judged ? "good" : "",
  report.pairs + (report.pairs === 1 ? " pair" : " pairs"));
  for (const [key, w] of workloads) {
    const section = make(byId("workloads"), "section", "card workload");
    section.id = key;
    make(section, "h2", "", key);
    make(section, "p", "", w.title + (w.measures.length ? "" : ". It was not run to the end of a pair."));
    if (!w.measures.length) continue;
    const place = make(make(section, "div", "scroll"), "table");
    table(place, ["measure", "ours", "peer", "ratio", "quartiles", "budget", "met"], w.measures.map(m => [
      m.name + (m.unit ? ", " + m.unit : ""), cell(m.ours), cell(m.peer), cell(m.ratio, m.ratio < 0.1 ? 4 : 2),
      m.spread ? m.spread.map(v => v == null ? "–" : round(v, 3)).join(" – ") : "", m.budget ?? "", verdicts.get(m.met)]));
    w.measures.forEach((m, row) => { if (m.met != null) place.rows[row + 1].lastChild.className = m.met ? "good" : "bad"; });
    const grid = make(section, "div", "small");
    w.measures.forEach((m, index) => {
      const figure = make(grid, "figure");
      make(figure, "figcaption", "", m.name + (m.unit ? ", " + m.unit : ""));
      make(figure, "div", "plot pairs").dataset.measure = index;
    });
    if (w.measures.some(m => betterness(m).length)) {
      make(section, "h3", "", "Beside the budgets");
      make(section, "div", "plot budgets");
    }
  }
}

function boxes(u, measures) {
  const { ctx } = u;
  ctx.save();
  const y = value => u.valToPos(value, "y", true);
  const line = (from, to, height, color, width) => {
    ctx.strokeStyle = color;
    ctx.lineWidth = width * devicePixelRatio;
    ctx.beginPath();
    ctx.moveTo(from, height);
    ctx.lineTo(to, height);
    ctx.stroke();
  };
  line(u.bbox.left, u.bbox.left + u.bbox.width, y(1), css("bad"), 1.5);
  measures.forEach(({ values }, slot) => {
    const [left, right] = [slot - 0.22, slot + 0.22].map(x => u.valToPos(x, "x", true));
    const [low, middle, high] = [0.25, 0.5, 0.75].map(at => y(quartile(values, at)));
    ctx.fillStyle = css("a") + "40";
    ctx.fillRect(left, high, right - left, Math.max(devicePixelRatio, low - high));
    line(left, right, middle, css("a"), 2);
    ctx.fillStyle = css("a");
    values.forEach((v, pair) => {
      const x = slot + (values.length === 1 ? 0 : 0.32 * (pair / (values.length - 1) - 0.5));
      ctx.beginPath();
      ctx.arc(u.valToPos(x, "x", true), y(v), 3 * devicePixelRatio, 0, 2 * Math.PI);
      ctx.fill();
    });
  });
  ctx.restore();
}

function drawPairs(place, measure) {
  const pairs = measure.oursAll.map((_, index) => index + 1);
  const point = { show: true, size: 7 };
  plot(place, {
    height: 210, legend: { live: false, show: false },
    scales: {
      x: { time: false, range: () => [0.5, pairs.length + 0.5] },
      y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.1 : 1] },
    },
    axes: [axis("pair", { splits: () => pairs, size: 36, labelSize: 18 }), axis("", { label: undefined, size: 64 })],
    series: [{ label: "pair" }, line("ours", 0, measure.unit, { points: point }), line("peer", 1, measure.unit, { points: point })],
  }, [pairs, measure.oursAll, pairs.map((_, index) => measure.peerAll[index] ?? null)], "No number.");
}

function drawBudgets(place, measures) {
  const shown = measures.map(m => ({ name: m.name + " " + m.budget, values: betterness(m) })).filter(({ values }) => values.length);
  const slots = shown.map((_, index) => index);
  const all = shown.flatMap(({ values }) => values);
  const wrapped = name => name.replace(/(.{12,}?) /g, "$1\n");
  plot(place, {
    height: 300, legend: { show: false },
    scales: {
      x: { time: false, range: () => [-0.5, slots.length - 0.5] },
      y: { distr: 3, range: () => [Math.min(0.5, ...all) / 1.3, Math.max(2, ...all) * 1.3] },
    },
    axes: [
      axis("", {
        label: undefined, splits: () => slots, values: () => shown.map(({ name }) => wrapped(name)), size: 90, space: 1, grid: { show: false },
      }),
      logarithmic("× better than asked"),
    ],
    series: [{}, { paths: () => null, points: { show: false } }],
    hooks: { draw: [u => boxes(u, shown)] },
  }, [slots, shown.map(({ values }) => quartile(values, 0.5))], "");
}

fill();
show(() => {
  for (const [key, w] of workloads) {
    for (const place of byId(key).querySelectorAll(".pairs")) drawPairs(place, w.measures[place.dataset.measure]);
    for (const place of byId(key).querySelectorAll(".budgets")) drawBudgets(place, w.measures);
  }
});

// Time series: <div class="chart" data-series="/address"> is drawn by uPlot and renewed every few seconds.

const QUIET = () => getComputedStyle(document.documentElement).getPropertyValue("--quiet").trim();
const LINE = () => getComputedStyle(document.documentElement).getPropertyValue("--line").trim();
const COLOURS = ["#0b8a93", "#b0562a", "#6a5acd", "#2f8f4e", "#b8860b", "#c2417c", "#4682b4", "#7a7a7a", "#8a6d3b", "#a0522d", "#3f7f00", "#9c4fb5"];

// What stands under the lines of the time axis: as much of a moment as the span needs.
function moments(plot, splits) {
  const span = plot.scales.x.max - plot.scales.x.min;
  const parts = span > 3 * 86400 ? { month: "short", day: "numeric" }
    : { hour: "2-digit", minute: "2-digit", second: span < 600 ? "2-digit" : undefined };
  const format = new Intl.DateTimeFormat(undefined, { ...parts, hourCycle: "h23" });
  return splits.map((moment) => format.format(new Date(moment * 1000)));
}

// The legend tells of the moment under the pointer, and of the last one where nothing is pointed at.
const at = (plot, column, index) => plot.data[column][index ?? plot.data[column].findLastIndex((value) => value !== null)];
const TOLD = new Intl.DateTimeFormat(undefined, { dateStyle: "short", timeStyle: "medium" });
const number = new Intl.NumberFormat(undefined, { maximumFractionDigits: 3 });

// A line of another time has the colour of the one that it is drawn over, dashed.
function line(name, n, answer) {
  const over = answer.over?.[n];
  const colour = COLOURS[(over ? Math.max(0, answer.series.indexOf(over)) : n) % COLOURS.length];
  const single = answer.series.length === 1;
  return {
    label: name, stroke: colour, width: 2, spanGaps: true, dash: over ? [6, 5] : undefined,
    value: (plot, _value, column, index) => { const value = at(plot, column, index); return value == null ? "–" : number.format(value); },
    paths: answer.bars ? uPlot.paths.bars({ size: [0.8, 40] }) : undefined,
    fill: answer.bars ? colour : single ? `${colour}22` : undefined,
    points: { show: answer.columns[0].length < 40 },
  };
}

function options(element, answer) {
  const font = `12px ${getComputedStyle(element).fontFamily}`;
  const axis = { stroke: QUIET, font, grid: { stroke: LINE, width: 1 }, ticks: { stroke: LINE, width: 1, size: 5 } };
  return {
    width: element.clientWidth,
    height: "fill" in element.dataset ? Math.max(60, element.parentElement.clientHeight - 68) : Math.max(200, Math.min(300, element.clientWidth / 2.5)),
    legend: { live: true },
    cursor: { y: false },
    scales: {
      x: { range: (_plot, low, high) => [Math.max(element.answer.from ?? low, low), Math.max(element.answer.to ?? high, low + 60)] },
      ...(answer.least === undefined ? {} : { y: { range: (_plot, _low, high) => [answer.least, Math.max(high * 1.1, 1)] } }),
    },
    series: [
      { label: "Time", value: (plot, _value, column, index) => { const moment = at(plot, column, index); return moment == null ? "–" : TOLD.format(new Date(moment * 1000)); } },
      ...answer.series.map((name, n) => line(name, n, answer)),
    ],
    axes: [{ ...axis, values: moments, space: 70 }, { ...axis, size: 56 }],
  };
}

async function draw(element) {
  element.again = element.drawing; // what changed meanwhile is asked for afterwards
  if (element.drawing) return;
  element.drawing = true;
  const response = await fetch(element.dataset.series, { headers: { accept: "application/json" } })
    .catch(() => ({ ok: false }))
    .finally(() => { element.drawing = false; });
  if (response.ok) show(element, await response.json());
  if (element.again) draw(element);
}

function show(element, answer) {
  element.dataset.points = answer.columns[0].length;
  const empty = answer.columns[0].length === 0;
  element.querySelector(".empty")?.toggleAttribute("hidden", !empty);
  const kept = element.answer?.series.join("\n") === answer.series.join("\n");
  element.answer = answer;
  if (element.plot && kept && !empty) return element.plot.setData(answer.columns);
  element.plot?.destroy();
  element.plot = empty ? null : new uPlot(options(element, answer), answer.columns, element);
}

// With the keyboard the arrows lead from moment to moment; what the legend shows then is also said.
const STEPS = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -Infinity, End: Infinity };

function walk(element, event) {
  const step = STEPS[event.key];
  if (!step || !element.plot || event.target !== element) return;
  event.preventDefault();
  const [moments, ...columns] = element.plot.data;
  const from = element.plot.cursor.idx ?? moments.length;
  const index = Math.max(0, Math.min(moments.length - 1, from + step));
  element.plot.setCursor({ left: element.plot.valToPos(moments[index], "x"), top: 0 });
  element.told ??= element.parentElement.appendChild(Object.assign(document.createElement("output"), { className: "hidden" }));
  const values = element.answer.series.map((name, n) => `${name} ${columns[n][index] == null ? "nothing" : number.format(columns[n][index])}`);
  element.told.textContent = `${TOLD.format(new Date(moments[index] * 1000))}: ${values.join(", ")}`;
}

function fit(element) {
  if (!element.plot) return;
  const { width, height } = options(element, element.answer);
  element.plot.setSize({ width, height });
}

for (const element of document.querySelectorAll("[data-series]")) {
  draw(element);
  element.tabIndex = 0;
  element.addEventListener("keydown", (event) => walk(element, event));
  element.addEventListener("live", () => draw(element));
  element.addEventListener("sized", () => fit(element));
  const every = Number(element.dataset.every || 0);
  if (every) setInterval(() => document.hidden || draw(element), every * 1000);
  document.addEventListener("themed", () => element.plot?.redraw());
  addEventListener("resize", () => fit(element));
}

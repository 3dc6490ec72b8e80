// Time series: <div class="chart" data-series="/address"> is drawn by uPlot and renewed every few seconds.

const INK = () => getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
const LINE = () => getComputedStyle(document.documentElement).getPropertyValue("--line").trim();
const COLOURS = ["#0b8a93", "#b0562a", "#6a5acd", "#2f8f4e", "#b8860b", "#c2417c", "#4682b4", "#7a7a7a"];

function options(element, answer) {
  const axis = { stroke: INK, grid: { stroke: LINE, width: 1 }, ticks: { stroke: LINE, width: 1 } };
  return {
    width: element.clientWidth,
    height: "fill" in element.dataset ? Math.max(60, element.parentElement.clientHeight - 78) : Math.max(220, Math.min(320, element.clientWidth / 2.5)),
    legend: { live: true },
    cursor: { y: false },
    scales: { x: { range: (_plot, low, high) => [Math.max(element.answer.from ?? low, low), element.answer.to ?? Math.max(high, low + 60)] } },
    series: [{}, ...answer.series.map((name, n) => ({
      label: name, stroke: COLOURS[n % COLOURS.length], width: 2, spanGaps: true,
      paths: answer.bars ? uPlot.paths.bars({ size: [0.8, 40] }) : undefined,
      fill: answer.bars ? COLOURS[n % COLOURS.length] : undefined,
      points: { show: answer.columns[0].length < 60 },
    }))],
    axes: [axis, axis],
  };
}

async function draw(element) {
  if (element.drawing) return;
  element.drawing = true;
  const response = await fetch(element.dataset.series, { headers: { accept: "application/json" } })
    .catch(() => ({ ok: false }))
    .finally(() => { element.drawing = false; });
  if (!response.ok) return;
  show(element, await response.json());
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

// At most one question in so many seconds, however often something changes.
function soon(element) {
  const wait = 1000 * Number(element.dataset.throttle || 0) - (performance.now() - (element.asked || 0));
  if (element.waiting) return;
  element.waiting = setTimeout(() => {
    element.waiting = 0;
    element.asked = performance.now();
    draw(element);
  }, Math.max(0, wait));
}

function fit(element) {
  if (!element.plot) return;
  const { width, height } = options(element, element.answer);
  element.plot.setSize({ width, height });
}

for (const element of document.querySelectorAll("[data-series]")) {
  draw(element);
  element.addEventListener("live", () => soon(element));
  element.addEventListener("sized", () => fit(element));
  const every = Number(element.dataset.every || 0);
  if (every) setInterval(() => document.hidden || draw(element), every * 1000);
  document.addEventListener("themed", () => element.plot?.redraw());
  addEventListener("resize", () => fit(element));
}

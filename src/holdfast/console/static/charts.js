// Time series: <div class="chart" data-series="/address"> is drawn by uPlot and renewed every few seconds.

const INK = () => getComputedStyle(document.documentElement).getPropertyValue("--ink").trim();
const LINE = () => getComputedStyle(document.documentElement).getPropertyValue("--line").trim();
const COLOURS = ["#0b8a93", "#b0562a", "#6a5acd", "#2f8f4e", "#b8860b", "#c2417c", "#4682b4", "#7a7a7a"];

function options(element, answer) {
  const axis = { stroke: INK, grid: { stroke: LINE, width: 1 }, ticks: { stroke: LINE, width: 1 } };
  return {
    width: element.clientWidth,
    height: Math.max(220, Math.min(380, element.clientWidth / 2)),
    series: [{}, ...answer.series.map((name, n) => ({
      label: name, stroke: COLOURS[n % COLOURS.length], width: 2, spanGaps: true,
    }))],
    axes: [axis, axis],
  };
}

async function draw(element) {
  const response = await fetch(element.dataset.series, { headers: { accept: "application/json" } });
  if (!response.ok) return;
  const answer = await response.json();
  element.dataset.points = answer.columns[0].length;
  if (answer.columns[0].length === 0) {
    element.querySelector(".empty")?.removeAttribute("hidden");
    return;
  }
  element.querySelector(".empty")?.setAttribute("hidden", "");
  const names = answer.series.join("\n");
  if (element.plot && element.plotted === names) {
    element.plot.setData(answer.columns);
    return;
  }
  element.plot?.destroy();
  element.plotted = names;
  element.plot = new uPlot(options(element, answer), answer.columns, element);
}

for (const element of document.querySelectorAll("[data-series]")) {
  draw(element);
  const every = Number(element.dataset.every || 0);
  if (every) setInterval(() => document.hidden || draw(element), every * 1000);
  addEventListener("resize", () => {
    element.plot?.setSize({ width: element.clientWidth, height: element.plot.height });
  });
}

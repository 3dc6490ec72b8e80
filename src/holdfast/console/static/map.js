// The network map: draws what /network/map/data arranged. Clicks open clusters and tell of assets.

const frame = document.getElementById("map");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function mood(spot) {
  if (spot.alarm === "high" || spot.score < 60) return "bad";
  return spot.alarm === "medium" || spot.score < 80 ? "waiting" : "good";
}

function style() {
  return [
    { selector: "node", style: {
      label: "data(shown)", width: "data(size)", height: "data(size)", "font-size": 11, color: colour("ink"),
      "text-valign": "bottom", "text-margin-y": 4, "text-wrap": "ellipsis", "text-max-width": 100,
      "background-color": colour("good"), "border-width": 2, "border-color": colour("line"),
    } },
    { selector: "node.bad", style: { "background-color": colour("bad") } },
    { selector: "node.waiting", style: { "background-color": colour("waiting") } },
    { selector: "node.cluster", style: { shape: "round-rectangle", "border-width": 3, "border-color": colour("accent") } },
    { selector: "node.unauthorized", style: { "border-style": "dashed", "border-color": colour("ink") } },
    { selector: "node:selected, node.found", style: { "border-color": colour("accent"), "border-width": 6 } },
    { selector: "edge", style: {
      width: "data(width)", "line-color": colour("quiet"), "curve-style": "haystack", opacity: 0.45,
    } },
    { selector: "edge:selected", style: { "line-color": colour("accent"), label: "data(label)", "font-size": 10, color: colour("ink") } },
    { selector: "edge.path", style: { "line-color": colour("accent"), width: 6, opacity: 1 } },
    { selector: ".faded", style: { opacity: 0.08 } },
  ];
}

function elements(drawing) {
  const nodes = drawing.spots.map((spot) => ({
    data: {
      ...spot,
      shown: (spot.important ? "★ " : "") + spot.label,
      size: spot.asset === null ? Math.min(70, 24 + 6 * Math.log2(spot.members)) : 22,
    },
    position: spot.x === null ? undefined : { x: spot.x, y: spot.y },
    classes: [mood(spot), spot.asset === null ? "cluster" : "", spot.authorized ? "" : "unauthorized"].join(" "),
  }));
  const edges = drawing.lines.map((line) => ({
    data: { ...line, width: Math.max(1, Math.min(6, Math.log10(line.octets + 1))) },
    classes: line.path ? "path" : "",
  }));
  return [...nodes, ...edges];
}

function open(cluster) {
  const query = new URLSearchParams(location.search);
  query.append("open", cluster);
  location.assign(`/network/map?${query}`);
}

function tell(spot) {
  const side = document.getElementById("map-side");
  const title = document.createElement("h2");
  title.textContent = spot.label;
  const facts = document.createElement("dl");
  facts.className = "facts";
  for (const [name, value] of [["Address", spot.address], ["Type", spot.type], ["Layer", spot.layer],
    ["Zone", spot.zone], ["Score", spot.score], ["Alert", spot.alarm || "none"], ["Number", spot.asset]]) {
    if (value === "" || value === null) continue;
    const term = document.createElement("dt");
    const fact = document.createElement("dd");
    term.textContent = name;
    fact.textContent = value;
    facts.append(term, fact);
  }
  const link = document.createElement("a");
  link.className = "button";
  link.href = `/network/assets/${spot.asset}`;
  link.textContent = "Its page";
  side.replaceChildren(title, facts, link);
}

function find(map, text) {
  map.nodes().removeClass("found");
  if (!text) return;
  const found = map.nodes().filter((node) =>
    `${node.data("label")} ${node.data("address")}`.toLowerCase().includes(text.toLowerCase()));
  found.addClass("found");
  if (found.length > 0 && found.length < 20) map.animate({ center: { eles: found } }, { duration: 200 });
}

// Traffic before the moment fades, and with it who took no part in what came later.
function since(map, moment) {
  map.batch(() => {
    map.elements().removeClass("faded");
    if (!moment) return;
    map.edges().filter((edge) => edge.data("last") < moment).addClass("faded");
    map.nodes().filter((node) => node.connectedEdges().not(".faded").empty()).addClass("faded");
  });
}

async function start() {
  const drawing = await (await fetch(frame.dataset.map)).json();
  const arranged = frame.dataset.layout !== "connection";
  const map = cytoscape({
    container: frame,
    elements: elements(drawing),
    style: style(),
    layout: arranged ? { name: "preset" } : { name: "cose", animate: false, randomize: false, numIter: 300 },
    hideEdgesOnViewport: drawing.lines.length > 2000,
    textureOnViewport: drawing.spots.length > 500,
  });
  map.fit(undefined, 30);
  map.on("tap", "node", (event) => {
    const spot = event.target.data();
    if (spot.asset === null) open(spot.id);
    else tell(spot);
  });
  const asked = new URLSearchParams(location.search).get("focus");
  if (asked) map.getElementById(asked).select().forEach((node) => tell(node.data()));
  document.addEventListener("themed", () => map.style(style()));
  document.getElementById("map-find").addEventListener("input", (event) => find(map, event.target.value.trim()));
  const times = drawing.lines.map((line) => line.last).filter((time) => time > 0);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  document.getElementById("map-since").addEventListener("input", (event) => {
    const part = Number(event.target.value) / 1000;
    const moment = part === 0 ? 0 : first + (last - first) * part;
    document.getElementById("map-moment").textContent =
      moment ? `seen after ${new Date(moment * 1000).toLocaleString()}` : "everything that was seen";
    since(map, moment);
  });
  frame.dataset.drawn = drawing.spots.length;
}

if (frame) start();

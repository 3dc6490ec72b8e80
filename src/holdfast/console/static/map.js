// The network map: draws what /network/map/data arranged. Clicks open clusters and tell of assets.

const frame = document.getElementById("map");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

// What a thing is shows in its form, how it is in its colour.
const FORMS = { controller: "round-rectangle", field: "diamond", station: "round-hexagon", server: "barrel", network: "round-octagon" };

function mood(spot) {
  if (spot.alarm === "high" || spot.score < 60) return "bad";
  return spot.alarm === "medium" || spot.score < 80 ? "waiting" : "good";
}

const moods = (name) => ({ selector: `node.${name}`, style: { "background-color": colour(`${name}-soft`), "border-color": colour(name) } });

function style() {
  const label = { "font-family": getComputedStyle(frame).fontFamily, color: colour("ink"), "min-zoomed-font-size": 7 };
  return [
    { selector: "node", style: {
      ...label, label: "data(shown)", shape: "data(shape)", width: "data(size)", height: "data(size)", "font-size": 14,
      "text-valign": "bottom", "text-margin-y": 5, "text-wrap": "ellipsis", "text-max-width": 104,
      "border-width": 2,
    } },
    moods("good"), moods("waiting"), moods("bad"),
    { selector: "node.bad", style: { "border-width": 4 } },
    { selector: "node.cluster", style: { shape: "round-rectangle", "border-style": "double", "border-width": 5, "font-weight": "bold", "text-max-width": 170 } },
    { selector: "node.unauthorized", style: { "border-style": "dashed" } },
    { selector: "node:selected, node.found", style: { "border-color": colour("accent"), "border-width": 6, "border-style": "solid" } },
    { selector: "node.frame", style: {
      shape: "rectangle", width: "data(width)", height: "data(height)", "background-color": colour("ground"), "border-width": 0,
      label: "data(label)", "text-valign": "center", "text-halign": "center",
      "text-margin-x": (box) => 8 + box.data("label").length * 4.2 - box.data("width") / 2, "text-margin-y": (box) => 16 - box.data("height") / 2,
      "font-size": 15, "font-weight": "bold", color: colour("quiet"), "text-max-width": 220, events: "no", "z-index": 0, "z-index-compare": "manual",
    } },
    { selector: "node.frame.head", style: { "background-opacity": 0, "text-margin-x": 0, "text-margin-y": 0 } },
    { selector: "edge", style: { width: "data(width)", "line-color": colour("edge"), "curve-style": "haystack", opacity: 0.5, "z-index": 1, "z-index-compare": "manual" } },
    { selector: "edge:selected, edge.near", style: { ...label, "line-color": colour("accent"), opacity: 0.9 } },
    { selector: "edge:selected", style: { label: "data(label)", "font-size": 11, "text-background-color": colour("surface"), "text-background-opacity": 1 } },
    { selector: "edge.path", style: { "line-color": colour("accent"), width: 6, opacity: 1 } },
    { selector: "node", style: { "z-index": 2, "z-index-compare": "manual" } },
    { selector: "node.frame", style: { "z-index": 0 } },
    { selector: ".faded", style: { opacity: 0.08 } },
  ];
}

const BY_CONNECTION = { name: "cose", animate: false, randomize: false, numIter: 600, nodeRepulsion: () => 60_000, nodeOverlap: 40, idealEdgeLength: () => 70 };

// Where a thing begins when the script arranges: on a circle, so that the same network looks the same each time.
function begins(n, all) {
  const angle = (2 * Math.PI * n) / all;
  return { x: 40 * all * Math.cos(angle), y: 25 * all * Math.sin(angle) };
}

function elements(drawing) {
  const nodes = drawing.spots.map((spot, n) => ({
    data: {
      ...spot,
      shown: (spot.important ? "★ " : "") + spot.label,
      shape: FORMS[spot.form] ?? "ellipse",
      size: spot.asset === null ? Math.min(64, 28 + 4 * Math.log2(spot.members)) : 30,
    },
    position: spot.x === null ? begins(n, drawing.spots.length) : { x: spot.x, y: spot.y },
    classes: [mood(spot), spot.asset === null ? "cluster" : "", spot.authorized ? "" : "unauthorized"].join(" "),
  }));
  const frames = drawing.frames.map((box, n) => ({
    data: { id: `frame ${n}`, label: box.label, width: box.width, height: box.height },
    position: { x: box.left + box.width / 2, y: box.top + box.height / 2 },
    classes: `frame ${box.kind}`,
    selectable: false,
    grabbable: false,
  }));
  const edges = drawing.lines.map((line) => ({
    data: { ...line, width: Math.max(1, Math.min(5, Math.log10(line.octets + 1) - 1)) },
    classes: line.path ? "path" : "",
  }));
  return [...frames, ...nodes, ...edges];
}

function address(changes) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    if (name === "open") query.append(name, value);
    else query.set(name, value);
  }
  return `/network/map?${query}`;
}

function element(name, text, members = {}) {
  return Object.assign(document.createElement(name), { textContent: text, ...members });
}

// Before anything is chosen: what needs looking at first.
function tellWorst(map, drawing) {
  const worst = drawing.spots.filter((spot) => mood(spot) !== "good").sort((a, b) => a.score - b.score).slice(0, 12);
  if (worst.length === 0) return;
  const list = element("ul", "", { className: "decisions" });
  for (const spot of worst) {
    const item = element("li", "");
    const button = element("button", "", { type: "button", className: "plain" });
    button.append(element("span", spot.score, { className: `state ${mood(spot)}` }), " ", element("bdi", spot.label));
    if (spot.alarm) button.append(" ", element("span", `${spot.alarm} alert`, { className: "quiet" }));
    button.addEventListener("click", () => choose(map, map.getElementById(spot.id)));
    item.append(button);
    list.append(item);
  }
  document.getElementById("map-side").prepend(element("h2", "Worst first"), list);
}

function choose(map, node) {
  const spot = node.data();
  if (spot.id.endsWith(" / more")) return location.assign("/network/assets");
  if (spot.asset === null) return location.assign(address({ open: spot.id }));
  map.nodes().unselect();
  node.select();
  map.edges().removeClass("near");
  node.connectedEdges().addClass("near");
  tell(spot);
}

function tell(spot) {
  const facts = element("dl", "", { className: "facts" });
  for (const [name, value] of [["Address", spot.address], ["Type", spot.type], ["Layer", spot.layer],
    ["Zone", spot.zone], ["Score", spot.score], ["Alert", spot.alarm || "none"], ["Authorized", spot.authorized ? "yes" : "no"]]) {
    if (value === "" || value === null) continue;
    facts.append(element("dt", name), element("dd", value));
  }
  const acts = element("p", "", { className: "acts" });
  acts.append(
    element("a", "Its page", { className: "button", href: `/network/assets/${spot.asset}` }), " ",
    element("a", "Way from here", { className: "button", href: address({ begin: spot.asset, focus: spot.asset }) }), " ",
    element("a", "Way to here", { className: "button", href: address({ end: spot.asset, focus: spot.asset }) }),
  );
  document.getElementById("map-side").replaceChildren(element("h2", spot.label), facts, acts);
}

function find(map, text) {
  map.nodes().removeClass("found");
  if (!text) return;
  const found = map.nodes().not(".frame").filter((node) =>
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
    map.nodes().not(".frame").filter((node) => node.connectedEdges().not(".faded").empty()).addClass("faded");
  });
}

function slider(map, drawing) {
  const times = drawing.lines.map((line) => line.last).filter((time) => time > 0);
  const [first, last] = [Math.min(...times), Math.max(...times)];
  document.getElementById("map-since").addEventListener("input", (event) => {
    const part = Number(event.target.value) / 1000;
    const moment = part === 0 ? 0 : first + (last - first) * part;
    document.getElementById("map-moment").textContent =
      moment ? `after ${new Date(moment * 1000).toLocaleString()}` : "everything that was seen";
    since(map, moment);
  });
}

function zooming(map) {
  const steps = { in: 1.3, out: 1 / 1.3 };
  document.addEventListener("click", (event) => {
    const step = event.target.dataset?.zoom;
    if (step === "fit") map.fit(undefined, 20);
    else if (step) map.zoom({ level: map.zoom() * steps[step], renderedPosition: { x: map.width() / 2, y: map.height() / 2 } });
  });
}

function say(sentence) {
  const told = document.getElementById("map-told");
  told.textContent = sentence;
  told.hidden = !sentence;
}

async function start() {
  const answer = await fetch(frame.dataset.map);
  if (!answer.ok) {
    say("The map could not be drawn; load the page again.");
    return;
  }
  const drawing = await answer.json();
  const arranged = frame.dataset.layout !== "connection";
  const map = cytoscape({
    container: frame,
    elements: elements(drawing),
    style: style(),
    layout: arranged ? { name: "preset" } : BY_CONNECTION,
    maxZoom: 2.5,
    wheelSensitivity: 0.4,
    hideEdgesOnViewport: drawing.lines.length > 2000,
    textureOnViewport: drawing.spots.length > 500,
  });
  map.fit(undefined, 20);
  if (map.zoom() > 1.2) { map.zoom(1.2); map.center(); }
  map.on("tap", "node", (event) => choose(map, event.target));
  tellWorst(map, drawing);
  if (drawing.focus) map.getElementById(drawing.focus).forEach((node) => { choose(map, node); map.center(node); });
  document.addEventListener("themed", () => map.style(style()));
  document.getElementById("map-find").addEventListener("input", (event) => find(map, event.target.value.trim()));
  // What stands inside a cluster is drawn beside it once somebody asks for it.
  document.getElementById("map-find").addEventListener("change", (event) => {
    const text = event.target.value.trim();
    if (text && map.nodes(".found").empty()) location.assign(address({ focus: text }));
  });
  slider(map, drawing);
  zooming(map);
  let width = innerWidth; // phones change the height alone while one scrolls
  addEventListener("resize", () => {
    if (innerWidth !== width) map.resize().fit(undefined, 20);
    width = innerWidth;
  });
  say(drawing.told);
  frame.dataset.drawn = drawing.spots.length;
}

if (frame) start();

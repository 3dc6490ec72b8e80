// Dashboards: full screen, and arranging tiles by pointer and by keyboard.

for (const button of document.querySelectorAll("[data-full]")) {
  button.hidden = !document.fullscreenEnabled;
  const whole = document.getElementById(button.dataset.full);
  button.addEventListener("click", () => whole.requestFullscreen());
  whole.addEventListener("fullscreenchange", () => { // the focus goes along, and comes back
    if (document.fullscreenElement) whole.querySelector("[tabindex]")?.focus();
    else button.focus();
  });
}

// Only the fields that the chosen type of tile has.
const type = document.querySelector("[data-tile-type]");
if (type) {
  const choose = () => {
    const wanted = type.selectedOptions[0].dataset.fields.split(" ");
    for (const label of document.querySelectorAll("[data-field]")) label.hidden = !wanted.includes(label.dataset.field);
  };
  type.addEventListener("change", choose);
  choose();
}

const grid = document.querySelector(".dashboard.editing");
const COLUMNS = 12;
const ROW = 96 + 12;

const place = (tile) => ({
  x: Number(tile.dataset.x), y: Number(tile.dataset.y),
  width: Number(tile.dataset.width), height: Number(tile.dataset.height),
});
const tiles = () => [...grid.querySelectorAll("[data-tile]")];
const bounded = (value, low, high) => Math.max(low, Math.min(high, Math.round(value)));

function put(tile, wanted) {
  const width = bounded(wanted.width, 1, 10);
  const at = { width, height: bounded(wanted.height, 1, 10), x: bounded(wanted.x, 0, COLUMNS - width), y: bounded(wanted.y, 0, 100) };
  Object.assign(tile.dataset, at);
  tile.style.gridArea = `${at.y + 1} / ${at.x + 1} / span ${at.height} / span ${at.width}`;
}

const overlap = (a, b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;

// Tiles below the moved one make room downwards.
function makeRoom(moved) {
  const settled = [moved];
  for (const tile of tiles().filter((t) => t !== moved).sort((a, b) => place(a).y - place(b).y)) {
    let hit;
    while ((hit = settled.find((other) => overlap(place(tile), place(other))))) {
      put(tile, { ...place(tile), y: place(hit).y + place(hit).height });
    }
    settled.push(tile);
  }
}

function arranged(tile) {
  makeRoom(tile);
  const form = document.getElementById("arrange");
  form.elements.places.value = JSON.stringify(tiles().map((t) => {
    const { x, y, width, height } = place(t);
    return [Number(t.dataset.tile), x, y, width, height];
  }));
  form.querySelector("button").disabled = false;
  const { x, y, width, height } = place(tile);
  document.getElementById("moved").textContent =
    `${tile.querySelector("h2").textContent}: column ${x + 1}, row ${y + 1}, ${width} wide, ${height} high`;
  for (const chart of tile.querySelectorAll("[data-series]")) chart.dispatchEvent(new CustomEvent("sized"));
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function byKey(event) {
  const tile = event.target.closest("[data-tile]");
  if (!tile || event.target !== tile) return;
  const at = place(tile);
  if (event.key === "Delete") {
    const next = tile.nextElementSibling ?? tile.previousElementSibling;
    tile.remove();
    if (next) { next.focus(); arranged(next); } else document.getElementById("arrange").querySelector("button").disabled = false;
    event.preventDefault();
    return;
  }
  const step = ARROWS[event.key];
  if (!step) return;
  event.preventDefault();
  put(tile, event.shiftKey
    ? { ...at, width: at.width + step[0], height: at.height + step[1] }
    : { ...at, x: at.x + step[0], y: at.y + step[1] });
  arranged(tile);
}

function byPointer(event) {
  const tile = event.target.closest("[data-tile]");
  if (!tile || event.button !== 0) return;
  const resizes = event.target.classList.contains("resize");
  const began = { x: event.clientX, y: event.clientY, at: place(tile) };
  const column = (grid.clientWidth + 12) / COLUMNS;
  tile.classList.add("held");
  tile.setPointerCapture(event.pointerId);
  const move = (moved) => {
    const [dx, dy] = [(moved.clientX - began.x) / column, (moved.clientY - began.y) / ROW];
    const { at } = began;
    put(tile, resizes ? { ...at, width: at.width + dx, height: at.height + dy } : { ...at, x: at.x + dx, y: at.y + dy });
  };
  const end = () => {
    tile.classList.remove("held");
    tile.removeEventListener("pointermove", move);
    arranged(tile);
  };
  tile.addEventListener("pointermove", move);
  tile.addEventListener("pointerup", end, { once: true });
  tile.addEventListener("pointercancel", end, { once: true });
}

if (grid) {
  grid.addEventListener("keydown", byKey);
  grid.addEventListener("pointerdown", byPointer);
}

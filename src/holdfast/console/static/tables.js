// Tables that are whole in their page get here what longer ones get from the server: sorting by each column, a filter,
// a choice of columns, CSV, and an address that keeps all of it (behind the '#', where no server's log sees it).

const state = {
  of(name) {
    const all = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
    return { sort: all.get(`${name}.sort`) ?? "", filter: all.get(`${name}.filter`) ?? "", hidden: (all.get(`${name}.hidden`) ?? "").split(" ").filter(Boolean) };
  },
  keep(name, { sort, filter, hidden }) {
    const all = new URLSearchParams(location.hash.includes("=") ? location.hash.slice(1) : "");
    for (const [key, value] of Object.entries({ sort, filter, hidden: hidden.join(" ") })) {
      if (value) all.set(`${name}.${key}`, value);
      else all.delete(`${name}.${key}`);
    }
    history.replaceState(null, "", `${location.pathname}${location.search}${all.size ? `#${all}` : ""}`);
  },
};

const make = (name, members = {}, ...children) => {
  const made = Object.assign(document.createElement(name), members);
  made.append(...children);
  return made;
};

const text = (cell) => cell?.textContent.replace(/\s+/g, " ").trim() ?? "";
const headings = (table) => [...table.tHead.rows[0].cells];
const rows = (table) => [...table.tBodies].flatMap((body) => [...body.rows]);

// What a cell is sorted by: a moment by its time, a number by its size, everything else by its letters.
function rank(cell) {
  const moment = cell?.querySelector("time[datetime]")?.dateTime;
  if (moment) return moment;
  const plain = text(cell).replace(/[\s\u202f]/g, "");
  return /^[−-]?\d+([.,]\d+)?%?$/.test(plain) ? Number.parseFloat(plain.replace("−", "-").replace(",", ".")) : text(cell);
}

function compare(one, other) {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one).localeCompare(String(other), undefined, { numeric: true, sensitivity: "base" });
}

function apply(table, name) {
  const { sort, filter, hidden } = state.of(name);
  const by = Number.parseInt(sort.replace("-", ""), 10);
  headings(table).forEach((heading, n) => {
    if (n === by) heading.setAttribute("aria-sort", sort.startsWith("-") ? "descending" : "ascending");
    else heading.removeAttribute("aria-sort");
  });
  for (const body of by >= 0 ? table.tBodies : []) {
    const ordered = [...body.rows].sort((a, b) => compare(rank(a.cells[by]), rank(b.cells[by])));
    body.append(...(sort.startsWith("-") ? ordered.reverse() : ordered));
  }
  for (const row of rows(table)) row.hidden = !text(row).toLowerCase().includes(filter.toLowerCase());
  for (const row of [table.tHead.rows[0], ...rows(table)]) {
    [...row.cells].forEach((cell, n) => { cell.hidden = hidden.includes(String(n)); });
  }
}

// As the server's CSV: no spreadsheet takes a cell for a formula.
const quoted = (value) => `"${(/^[=+\-@\t\r]/.test(value) ? `'${value}` : value).replaceAll('"', '""')}"`;

function download(table, name) {
  const shown = [table.tHead.rows[0], ...rows(table)].filter((row) => !row.hidden);
  const lines = shown.map((row) => [...row.cells].filter((cell) => !cell.hidden).map((cell) => quoted(text(cell))).join(","));
  const address = URL.createObjectURL(new Blob([`${lines.join("\r\n")}\r\n`], { type: "text/csv" }));
  make("a", { href: address, download: `${name}.csv` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

function change(table, name, changed) {
  state.keep(name, { ...state.of(name), ...changed });
  apply(table, name);
}

function filterOf(table, name) {
  const filter = make("input", { type: "search", value: state.of(name).filter, placeholder: "Filter", autocomplete: "off" });
  filter.setAttribute("aria-label", "Filter the table");
  filter.dataset.shortcut = "f";
  filter.addEventListener("input", () => change(table, name, { filter: filter.value.trim() }));
  filter.addEventListener("keydown", (event) => { if (event.key === "Enter") event.preventDefault(); });
  return filter;
}

function tools(table, name) {
  const columns = headings(table).map((heading, n) => {
    const box = make("input", { type: "checkbox", checked: !state.of(name).hidden.includes(String(n)) });
    box.addEventListener("change", () => {
      const hidden = new Set(state.of(name).hidden);
      if (box.checked) hidden.delete(String(n)); else hidden.add(String(n));
      change(table, name, { hidden: [...hidden] });
    });
    return make("label", {}, box, ` ${text(heading) || `Column ${n + 1}`}`);
  });
  const csv = make("button", { type: "button", textContent: "CSV" });
  csv.addEventListener("click", () => download(table, name));
  const sheet = make("div", { className: "sheet" }, filterOf(table, name), make("div", { className: "choices" }, ...columns), csv);
  const summary = make("summary", { textContent: "⋯" });
  summary.setAttribute("aria-label", `Filter, columns and CSV of ${table.closest("[aria-label]")?.getAttribute("aria-label") ?? "the table"}`);
  return make("div", { className: "tools" }, make("details", { className: "drop" }, summary, sheet));
}

function sortable(table, name) {
  headings(table).forEach((heading, n) => {
    if (!text(heading) || heading.querySelector("a")) return;
    const button = make("button", { type: "button", className: "sorts" }, ...heading.childNodes);
    button.addEventListener("click", () => change(table, name, { sort: state.of(name).sort === String(n) ? `-${n}` : String(n) }));
    heading.replaceChildren(button);
  });
}

function slug(table, number) {
  const label = table.closest("[role=region]")?.getAttribute("aria-label") ?? "table";
  const plain = label.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  return `${plain || "table"}${number ? `-${number + 1}` : ""}`;
}

// Whether the server sorts and filters it; or it is only one page of more, which nobody may sort by itself.
function served(section) {
  return section && (section.querySelector("[rel=next]") || (section.querySelector("input[type=search]") && section.querySelector("th a")));
}

// A table with the server's tools gets only what these lack.
function equip(table, name) {
  const frame = table.closest(".scroll");
  const form = table.closest("section.table")?.querySelector("form.filters");
  if (!form) { if (!frame.previousElementSibling?.matches(".tools")) frame.before(tools(table, name)); }
  else if (!form.querySelector("input[type=search]")) form.prepend(filterOf(table, name));
}

function enhance() {
  const used = new Map();
  for (const table of document.querySelectorAll(".scroll > table")) {
    const plain = slug(table, 0);
    const name = slug(table, used.get(plain) ?? 0);
    used.set(plain, (used.get(plain) ?? 0) + 1);
    if ("tooled" in table.dataset || !table.tHead || served(table.closest("section.table"))) continue;
    table.dataset.tooled = name;
    sortable(table, name);
    equip(table, name);
    apply(table, name);
  }
}

document.addEventListener("htmx:afterSwap", enhance);
enhance();

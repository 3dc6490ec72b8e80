// What every page does with script; without it pages still read and their forms still work.

// Moments in the viewer's zone: of today the time, of other days the date too; pointing at one tells all of it.
const TODAY = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const OTHER_DAY = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const WHOLE = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

function localTimes(root) {
  const today = new Date().toDateString();
  for (const element of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    element.textContent = (moment.toDateString() === today ? TODAY : OTHER_DAY).format(moment);
    element.title = WHOLE.format(moment);
  }
}

function switchTheme() {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const present = root.dataset.theme === "auto" ? (dark ? "dark" : "light") : root.dataset.theme;
  root.dataset.theme = present === "dark" ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
  document.dispatchEvent(new CustomEvent("themed"));
}

// Single keys can be switched off, for people who dictate (WCAG 2.2, 2.1.4).
const single = document.getElementById("single-keys") ?? { checked: false };
single.checked &&= localStorage.getItem("single-keys") !== "off";

let going = 0; // when "g" was pressed: the next key names a page

function shortcut(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") return escape();
  if (!single.checked || event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
  const key = event.key;
  const goes = event.timeStamp - going < 1500 && document.querySelector(`[data-go="${CSS.escape(key)}"]`);
  going = key === "g" ? event.timeStamp : 0;
  const field = document.querySelector(`[data-shortcut="${CSS.escape(key)}"]`);
  if (goes) goes.click();
  else if (field) reach(field);
  else if (key === "?") openDialog("keys");
  else if (key === "t") switchTheme();
  else return;
  event.preventDefault();
}

function reach(field) {
  const sheet = field.closest("details");
  if (sheet) sheet.open = true;
  field.focus();
}

function openDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog && !dialog.open) dialog.showModal();
}

// Only one sheet is open at a time, and a click beside it closes it.
function closeDrops(but) {
  for (const open of document.querySelectorAll("details.drop[open]")) {
    if (open !== but && !open.contains(but)) open.open = false;
  }
}

// What Escape closes gives the focus back to what opened it, also where what had the focus was replaced.
function escape() {
  const focused = document.activeElement, opened = "details.drop[open]";
  const open = focused === document.body ? document.querySelector(opened) : focused.closest(opened);
  closeDrops(null);
  open?.querySelector("summary").focus();
  const menu = document.querySelector(".menu[aria-expanded=true]");
  if (menu) { menu.click(); menu.focus(); }
}

function selected(form) {
  return document.querySelectorAll(`input[name=chosen][form="${CSS.escape(form)}"]:checked`).length;
}

// A form that works on selected rows shows how many there are, and shows itself only then.
function countSelected() {
  for (const form of document.querySelectorAll("form[data-selection]")) {
    const number = selected(form.id);
    form.hidden = number === 0;
    form.querySelector("[data-number]").textContent = number;
  }
}

// A chosen file goes into a field of its form: as text, or as a data: address.
function readInto(picker, file) {
  const { readsInto, as, maximum } = picker.dataset;
  const tooLarge = file.size > Number(maximum || Infinity);
  picker.setCustomValidity(tooLarge ? `The file has ${file.size} bytes; at most ${maximum} are taken.` : "");
  if (tooLarge) return picker.reportValidity();
  const reader = new FileReader();
  reader.onload = () => { document.getElementById(readsInto).value = reader.result; };
  if (as === "address") reader.readAsDataURL(file);
  else reader.readAsText(file);
}

document.addEventListener("click", (event) => {
  closeDrops(event.target);
  if (event.target.closest("[data-theme-switch]")) switchTheme();
  const opener = event.target.closest("[data-open]");
  if (opener) openDialog(opener.dataset.open);
  const menu = event.target.closest(".menu");
  if (menu) {
    const open = document.getElementById("navigation").classList.toggle("open");
    menu.setAttribute("aria-expanded", String(open));
  }
  const copies = event.target.closest("[data-copies]");
  if (copies) {
    navigator.clipboard.writeText(document.getElementById(copies.dataset.copies).textContent.trim());
    copies.textContent = "Copied";
  }
});

document.addEventListener("change", (event) => {
  const all = event.target.dataset.selectAll;
  if (all) {
    for (const box of document.querySelectorAll(`input[name=chosen][form="${CSS.escape(all)}"]`)) {
      box.checked = event.target.checked;
    }
  }
  if (event.target.name === "chosen" || all) countSelected();
  if (event.target.dataset.readsInto && event.target.files[0]) readInto(event.target, event.target.files[0]);
  if (event.target === single) localStorage.setItem("single-keys", single.checked ? "on" : "off");
  if ("submits" in event.target.dataset) event.target.form.requestSubmit();
});

document.addEventListener("keydown", shortcut);
document.addEventListener("htmx:afterSwap", (event) => localTimes(event.target));

// A fragment that is asked for after the session ended leads to the sign-in.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 401) location.assign("/sign-in");
});

// A sign-in link carries its secret behind the '#', where no server's log sees it.
const link = document.querySelector("form[data-link-form]");
if (link && location.hash.length > 1) {
  link.elements.link.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}

localTimes(document);
countSelected();

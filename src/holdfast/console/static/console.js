// What every page does with script; without it pages still read and their forms still work.

function localTimes(root) {
  for (const element of root.querySelectorAll("time[datetime]")) {
    const moment = new Date(element.dateTime);
    element.textContent = moment.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
    element.title = element.dateTime;
  }
}

function switchTheme() {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const present = root.dataset.theme === "auto" ? (dark ? "dark" : "light") : root.dataset.theme;
  root.dataset.theme = present === "dark" ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
}

function shortcuts(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select")) return;
  const field = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
  if (field) {
    event.preventDefault();
    field.focus();
  }
}

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-theme-switch]")) switchTheme();
  const menu = event.target.closest(".menu");
  if (menu) {
    const open = document.getElementById("navigation").classList.toggle("open");
    menu.setAttribute("aria-expanded", String(open));
  }
});
document.addEventListener("keydown", shortcuts);
document.addEventListener("htmx:afterSwap", (event) => localTimes(event.target));

// A sign-in link carries its secret behind the '#', where no server's log sees it.
const link = document.querySelector("form[data-link-form]");
if (link && location.hash.length > 1) {
  link.elements.link.value = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
}

localTimes(document);

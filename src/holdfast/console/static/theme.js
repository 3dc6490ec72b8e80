// The chosen theme, before anything is drawn: no flash of the other one.
const kept = localStorage.getItem("theme");
if (kept) document.documentElement.dataset.theme = kept;
document.documentElement.classList.add("scripted");

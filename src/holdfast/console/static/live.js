// One stream a page: it says which of the page's topics changed, and the elements that follow them ask again.
// <div data-live="device:pump-1" hx-get="…" hx-trigger="live"> is all that an element needs.

const live = {
  stream: null,
  topics: [],
  asked: new Map(), // what an element asks → when it did
  waiting: new Map(), // what an element asks → the timer until it does

  follow() {
    const topics = [...new Set([...document.querySelectorAll("[data-live]")].map((e) => e.dataset.live))];
    if (live.stream && topics.join("\n") === live.topics.join("\n")) return;
    live.leave();
    if (topics.length === 0 || document.hidden) return;
    live.topics = topics;
    live.stream = new EventSource(`/live?${new URLSearchParams(topics.map((topic) => ["topic", topic]))}`);
    live.stream.onmessage = (event) => live.tell(topics[Number(event.data)]);
    live.stream.onopen = () => {
      document.documentElement.classList.add("live");
      // What somebody asked of one thing may have happened between the page and its stream.
      topics.filter((topic) => /:./.test(topic)).forEach(live.tell);
    };
    live.stream.onerror = () => document.documentElement.classList.remove("live");
  },

  tell(topic) {
    for (const element of document.querySelectorAll("[data-live]")) {
      if (element.dataset.live === topic) live.soon(element);
    }
  },

  // At most one question in `data-throttle` seconds, and always one after the last change: what was said last is
  // shown. Known by what they ask, because an answer may put another element in the place of the one that asked.
  soon(element, least = 0) {
    const name = live.name(element);
    if (live.waiting.has(name)) return;
    const since = performance.now() - (live.asked.get(name) ?? -Infinity);
    const wait = Math.max(least, 1000 * Number(element.dataset.throttle ?? 0) - since);
    live.waiting.set(name, setTimeout(() => live.ask(name), wait));
  },

  ask(name) {
    live.waiting.delete(name);
    live.asked.set(name, performance.now());
    for (const element of document.querySelectorAll("[data-live]")) {
      if (live.name(element) !== name) continue;
      if (live.held(element)) live.soon(element, 1000);
      else element.dispatchEvent(new CustomEvent("live"));
    }
  },

  name: (element) => `${element.dataset.live} ${element.getAttribute("hx-get") ?? element.dataset.series}`,

  // What somebody walks through with the keyboard, or selected, or opened, stays under their hands.
  held: (element) => element.hasAttribute("hx-get")
    && element.querySelector(":focus-visible, input[name=chosen]:checked, details.drop[open]"),

  leave() {
    live.stream?.close();
    live.stream = null;
    document.documentElement.classList.remove("live");
  },
};

// A page behind others gives its connection back (browsers have six a host) and catches up when it comes forward.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return live.leave();
  live.follow();
  live.topics.forEach(live.tell);
});
// Somebody may have come in between the question and its answer.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig } = event.detail;
  if (requestConfig.triggeringEvent?.type !== "live" || !live.held(target)) return;
  event.detail.shouldSwap = false;
  live.soon(target, 1000);
});
document.addEventListener("htmx:afterSwap", live.follow);
addEventListener("pagehide", live.leave);
live.follow();

// One stream a page: it says which of the page's topics changed, and the elements that follow them ask again.
// <div data-live="device:pump-1" hx-get="…" hx-trigger="live"> is all that an element needs.

const live = {
  stream: null,
  topics: [],

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
      // Rows that somebody walks through with the keyboard, or selected, stay under their hands.
      const held = element.matches(".rows") && (element.contains(document.activeElement) || element.querySelector(":checked"));
      if (element.dataset.live === topic && !held) element.dispatchEvent(new CustomEvent("live"));
    }
  },

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
document.addEventListener("htmx:afterSwap", live.follow);
addEventListener("pagehide", live.leave);
live.follow();

/* Wide tables scroll in frames that the theme makes: the keyboard has to reach them, each under a name of its own. */
const named = (elements, words) =>
  elements.forEach((element, i) => element.setAttribute("aria-label", i ? `${words(element)} ${i + 1}` : words(element)));

/* A code block's one button is no navigation; the theme adds it when the block comes into sight. */
const plain = () => document.querySelectorAll("nav.md-code__nav").forEach((nav) => nav.setAttribute("role", "none"));

window.addEventListener("load", () =>
  setTimeout(() => {
    const frames = [...document.querySelectorAll(".md-typeset__scrollwrap")];
    frames.forEach((frame) => {
      frame.tabIndex = 0;
      frame.setAttribute("role", "region");
    });
    named(frames, () => "Table");
    named([...document.querySelectorAll(".output[aria-label]")], (output) => output.getAttribute("aria-label"));
    const parts = Object.groupBy([...document.querySelectorAll("nav[aria-label]")], (nav) => nav.getAttribute("aria-label"));
    Object.values(parts).forEach((alike) => named(alike, (nav) => nav.getAttribute("aria-label")));
    /* A corner without words heads nothing. */
    document.querySelectorAll("thead th:empty").forEach((corner) => corner.replaceWith(document.createElement("td")));
    plain();
    new MutationObserver(plain).observe(document.body, { childList: true, subtree: true });
  }),
);

/* Wide tables scroll in frames that the theme makes: the keyboard has to reach them. */
window.addEventListener("load", () =>
  setTimeout(() =>
    document.querySelectorAll(".md-typeset__scrollwrap").forEach((frame) => {
      frame.tabIndex = 0;
      frame.setAttribute("role", "region");
      frame.setAttribute("aria-label", "Table");
    }),
  ),
);

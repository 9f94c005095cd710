/* SPDX-License-Identifier: Apache-2.0 */
/* What cases measure on a page: which elements are cut off, how text stands out, what has the focus. */
"use strict";
const measure = (() => {
  const controls = () => [...document.querySelectorAll("input, button, a[href]")].filter((e) => e.checkVisibility());
  const hasText = (e) => [...e.childNodes].some((n) => n.nodeType === Node.TEXT_NODE && n.data.trim());
  const named = (e) => e.outerHTML.slice(0, 200);

  // Whether all of its width is on the page and nothing covers or clips its middle.
  function isWhole(e) {
    const [box] = e.getClientRects();
    const hit = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return box.left >= 0 && box.right <= document.documentElement.clientWidth
      && (e.clientWidth === 0 || e.scrollWidth <= e.clientWidth) && hit !== null && e.contains(hit);
  }

  function clipped() {
    const shown = [...document.querySelectorAll("body *")].filter((e) => e.checkVisibility()
      && (hasText(e) || e.matches("input, button, meter, svg")));
    return shown.filter((e) => {
      e.scrollIntoView({block: "center"});
      return !isWhole(e);
    }).map(named);
  }

  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});

  // The luminance of colours that are painted one above the other, as WCAG defines it.
  function luminance(...colors) {
    for (const color of colors) {
      canvas.fillStyle = color;
      canvas.fillRect(0, 0, 1, 1);
    }
    const linear = (c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const [red, green, blue] = [...canvas.getImageData(0, 0, 1, 1).data].map((c) => linear(c / 255));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  }

  // The contrast of a colour with what is behind the element's text, 1 to 21.
  function contrast(e, color) {
    const behind = [];
    for (let parent = e; parent; parent = parent.parentElement) behind.unshift(getComputedStyle(parent).backgroundColor);
    const [low, high] = [luminance(...behind), luminance(...behind, color)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  }

  // [element, contrast of its text] of all text, also that of style sheets and placeholders.
  function contrasts() {
    const found = [];
    for (const e of document.querySelectorAll("body *")) {
      if (!e.checkVisibility()) continue;
      const made = (part) => !["none", "normal"].includes(getComputedStyle(e, part).content);
      const parts = [["", hasText(e)], ["::before", made("::before")], ["::after", made("::after")],
        ["::placeholder", Boolean(e.placeholder)]];
      for (const [part, exists] of parts)
        if (exists) found.push([part + named(e), contrast(e, getComputedStyle(e, part || null).color)]);
    }
    return found;
  }

  function focus() {
    const e = document.activeElement, style = getComputedStyle(e);
    return {element: named(e), number: controls().indexOf(e), key: e.closest("[data-key]")?.dataset.key ?? null,
      whole: isWhole(e), outline: style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth),
      contrast: contrast(e.parentElement, style.outlineColor)};
  }

  const isDark = () => luminance("white", getComputedStyle(document.body).backgroundColor) < 0.2;

  return {clipped, contrasts, controls, focus, isDark};
})();

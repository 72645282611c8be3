"use strict";
// One name for everything of ours, so that nothing else on the page is in the way.
const gridmapPage = {};

// Makes an element. Text always goes in as text: there is no way here to hand in markup.
gridmapPage.make = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else if (name === "click") element.addEventListener("click", value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child));
  return element;
};

gridmapPage.makeSvg = (tag, attributes = {}, ...children) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "text") element.textContent = value;
    else element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
};

// Fills the gaps of a text: fill("{part} of {whole}", {part: 1, whole: 2}).
gridmapPage.fill = (text, words) => text.replace(/\{(\w+)\}/g, (gap, name) => (name in words ? String(words[name]) : gap));

gridmapPage.number = (value) => value.toLocaleString("en-US");

// On paper the same part of the map is shown, as large as the sheet allows.
gridmapPage.onPaper = (map, layer) => {
  let onScreen = null;
  const printing = (on) => {
    const seen = map.getBounds();
    if (on) onScreen = [map.getCenter(), map.getZoom()];
    document.documentElement.classList.toggle("printing", on);
    map.invalidateSize({ animate: false, pan: false });
    if (on) map.fitBounds(seen, { animate: false });
    else map.setView(...onScreen, { animate: false });
    layer.redraw();
  };
  window.addEventListener("beforeprint", () => printing(true));
  window.addEventListener("afterprint", () => printing(false));
};

"use strict";
// What is shown, kept in the address of the page behind the #, so that a link leads back to it:
// #map=15.2/32.01000/120.86000&on=medical,reading&walk=elder&venue=0a1b2c3d4e&basemap=off&lang=en&embed
{
  const number = (text, least, most) => {
    const value = Number(text);
    return text !== "" && Number.isFinite(value) && value >= least && value <= most ? value : null;
  };

  // Reads an address; what makes no sense in it counts as not said.
  gridmapPage.readLink = (hash, query, model) => {
    const said = new Map(hash.replace(/^#/, "").split("&").map((part) => [part.split("=")[0], part.split("=").slice(1).join("=")]));
    const [zoom, latitude, longitude] = (said.get("map") || "").split("/").map((text, i) => number(text, ...[[0, 24], [-90, 90], [-180, 180]][i] || [0, 0]));
    const codes = (said.get("on") || "").split(",").map(decodeURIComponentOrNothing);
    const on = model.categories.flatMap((each, position) => (codes.includes(each.code) && model.used.has(position) ? [position] : []));
    const language = said.get("lang");
    return {
      camera: [zoom, latitude, longitude].every((each) => typeof each === "number") ? { zoom, center: [longitude, latitude] } : null,
      on: said.has("on") && (on.length || said.get("on") === "") ? new Set(on) : null,
      language: language in model.texts ? language : null,
      way: Math.max(0, model.limits.findIndex((each) => each.walk === said.get("walk"))),
      venue: model.venues.findIndex((each) => each.id === said.get("venue")),
      basemap: said.get("basemap") !== "off",
      embed: said.has("embed") || new URLSearchParams(query).has("embed"),
    };
  };

  const decodeURIComponentOrNothing = (text) => {
    try {
      return decodeURIComponent(text);
    } catch {
      return "";
    }
  };

  gridmapPage.writeLink = (view, camera) => {
    const parts = [];
    if (camera) parts.push(`map=${camera.zoom.toFixed(2)}/${camera.center[1].toFixed(5)}/${camera.center[0].toFixed(5)}`);
    if (view.on.size !== view.used.size) {
      parts.push(`on=${[...view.on].sort((a, b) => a - b).map((each) => encodeURIComponent(view.model.categories[each].code)).join(",")}`);
    }
    if (view.model.way) parts.push(`walk=${view.model.limit.walk}`);
    if (view.chosen >= 0) parts.push(`venue=${view.model.venues[view.chosen].id}`);
    if (!view.basemap) parts.push("basemap=off");
    parts.push(`lang=${view.language}`);
    if (view.embed) parts.push("embed");
    return `#${parts.join("&")}`;
  };
}

"use strict";
// How things look. Fills are calm tints that people with colour-blindness can tell apart (after Paul Tol's light scheme);
// what matters is never told by colour alone.
gridmapPage.style = {
  paper: "#efece6",
  land: "#fbfaf7",
  grids: ["#f6e7ae", "#b0ddcc", "#dccfee", "#f9d0d0", "#dfe8a8", "#cfe3f7", "#efd6b6", "#d3d3d3"],
  dedicated: "#e7e5e1",
  gridBorder: "#5d5a55",
  ink: "#1d1d1b",
  below: "#1b4f8a",
  above: "#a3200d",
  communityBorder: "#4a3f6b",
  water: "#7db1d8",
  railway: "#4b4b4b",
  wall: "#8a6a4a",
  expressway: "#d08b2c",
  streets: { arterial: [5, 14, "#ffffff"], street: [3, 9, "#ffffff"], lane: [1.2, 4, "#ffffff"], path: [0.8, 1.5, "#ffffff"] },
  streetEdge: "#cfc9be",
  // From this many households on, buildings take the next tint.
  buildingSteps: [0, 1, 25, 60, 120],
  buildings: ["#ffffff", "#e9e3d8", "#cfc3b0", "#a89880", "#76654f"],
  buildingUnknown: "#ffffff",
  buildingEdge: "#6f655a",
  venue: "#0b6b5c",
  error: "#a3200d",
  warning: "#e0a100",
  info: "#5b6770",
  chosen: "#111111",
  font: '"Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", "Segoe UI", system-ui, sans-serif',
};

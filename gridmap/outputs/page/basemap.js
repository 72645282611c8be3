"use strict";
// A map of somebody else under ours: its tiles, whose it is, and a switch. Used by every page that may have one.
//
// Chinese web maps are drawn in GCJ-02, shifted by hundreds of metres. Our data stay where they are; the tiles are moved instead: each tile is put
// together anew from pieces of theirs, every piece taken from where GCJ-02 says that it is. So a place, a link and a click mean the same on every page.
{
  const TILE = 256;
  const PIECES = 8;
  const KEPT = 96;
  const RADIUS = 6378245.0;
  const FLATNESS = 0.00669342162296594323;
  const BOX = [72.004, 0.8293, 137.8347, 55.8271];

  const waves = (value, parts) => parts.reduce((sum, [height, turns]) => sum + height * Math.sin(value * turns * Math.PI), 0) * (2 / 3);
  const RIPPLE = [[20, 6], [20, 2]];

  // The formula that all open implementations share; gridmap/ground/coords.py is ours in Python, and a test compares the two.
  const gcj02 = (lon, lat) => {
    const [west, south, east, north] = BOX;
    if (lon < west || lon > east || lat < south || lat > north) return [lon, lat];
    const [x, y] = [lon - 105, lat - 35];
    const root = Math.sqrt(Math.abs(x));
    const up = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root + waves(x, RIPPLE) + waves(y, [[20, 1], [40, 1 / 3]]) + waves(y, [[160, 1 / 12], [320, 1 / 30]]);
    const right = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root + waves(x, RIPPLE) + waves(x, [[20, 1], [40, 1 / 3]]) + waves(x, [[150, 1 / 12], [300, 1 / 30]]);
    const angle = (lat / 180) * Math.PI;
    const part = 1 - FLATNESS * Math.sin(angle) ** 2;
    const metres = Math.PI / 180;
    return [lon + right / ((RADIUS / Math.sqrt(part)) * Math.cos(angle) * metres), lat + up / (((RADIUS * (1 - FLATNESS)) / part ** 1.5) * metres)];
  };

  // Places as parts of the world's square in Web Mercator, 0 to 1 from the north-west, and back.
  const toSquare = ([lon, lat]) => {
    const sine = Math.sin((lat / 180) * Math.PI);
    return [lon / 360 + 0.5, 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)];
  };
  const fromSquare = ([x, y]) => [(x - 0.5) * 360, (Math.atan(Math.sinh((0.5 - y) * 2 * Math.PI)) / Math.PI) * 180];

  const at = (address, z, x, y) => address.replace("{z}", z).replace("{x}", x).replace("{y}", y);

  const pictures = new Map();

  // Fetch a tile as a picture; null where there is none.
  const picture = (addresses, z, x, y) => {
    const wide = 2 ** z;
    if (y < 0 || y >= wide) return null;
    const address = at(addresses[(((x + y) % addresses.length) + addresses.length) % addresses.length], z, ((x % wide) + wide) % wide, y);
    if (!pictures.has(address)) {
      if (pictures.size >= KEPT) pictures.delete(pictures.keys().next().value);
      const asked = fetch(address, { referrerPolicy: "no-referrer" }).then(async (reply) => {
        if (reply.status === 404 || reply.status === 204) return null;
        if (!reply.ok) throw new Error(`HTTP ${reply.status}`);
        return createImageBitmap(await reply.blob());
      });
      asked.catch(() => pictures.delete(address));
      pictures.set(address, asked);
    }
    return pictures.get(address);
  };

  // Return for each piece of a tile where it is found: left, top, width and height in pixels of the shifted world at that zoom.
  const piecesOf = (z, x, y) => {
    const wide = 2 ** z;
    const corner = (i, j) => toSquare(gcj02(...fromSquare([(x + i / PIECES) / wide, (y + j / PIECES) / wide]))).map((part) => part * wide * TILE);
    const corners = Array.from({ length: PIECES + 1 }, (_, j) => Array.from({ length: PIECES + 1 }, (_, i) => corner(i, j)));
    return Array.from({ length: PIECES * PIECES }, (_, number) => {
      const [i, j] = [number % PIECES, Math.floor(number / PIECES)];
      const [a, b, c, d] = [corners[j][i], corners[j][i + 1], corners[j + 1][i], corners[j + 1][i + 1]];
      const [left, right] = [(a[0] + c[0]) / 2, (b[0] + d[0]) / 2];
      const [top, bottom] = [(a[1] + b[1]) / 2, (c[1] + d[1]) / 2];
      return { i, j, left, top, width: right - left, height: bottom - top };
    });
  };

  const canvas = (width, height) => Object.assign(document.createElement("canvas"), { width, height });

  const straightened = async (addresses, z, x, y) => {
    const pieces = piecesOf(z, x, y);
    const [west, north] = ["left", "top"].map((side) => Math.floor(Math.min(...pieces.map((each) => each[side])) / TILE));
    const east = Math.floor(Math.max(...pieces.map((each) => each.left + each.width)) / TILE);
    const south = Math.floor(Math.max(...pieces.map((each) => each.top + each.height)) / TILE);
    const sheet = canvas((east - west + 1) * TILE, (south - north + 1) * TILE);
    const pen = sheet.getContext("2d");
    const found = [];
    for (let row = north; row <= south; row += 1) for (let column = west; column <= east; column += 1) found.push([column, row, picture(addresses, z, column, row)]);
    for (const [column, row, asked] of found) {
      const image = await asked;
      if (image) pen.drawImage(image, (column - west) * TILE, (row - north) * TILE, TILE, TILE);
    }
    const tile = canvas(TILE, TILE);
    const hand = tile.getContext("2d");
    hand.imageSmoothingQuality = "high";
    const side = TILE / PIECES;
    for (const { i, j, left, top, width, height } of pieces) {
      hand.drawImage(sheet, left - west * TILE, top - north * TILE, width, height, i * side, j * side, side, side);
    }
    return createImageBitmap(tile);
  };

  const PROTOCOL = "gridmap-shifted";

  const addProtocol = (basemap) => {
    maplibregl.addProtocol(PROTOCOL, async ({ url }) => {
      const [number, z, x, y] = url.slice(PROTOCOL.length + 3).split("/").map(Number);
      return { data: await straightened(basemap.layers[number], z, x, y) };
    });
  };

  // The switch and, below, whose map it is; MapLibre calls a thing of this shape a control.
  const control = (element) => ({ onAdd: () => element, onRemove: () => element.remove() });

  /**
   * Put the basemap below all that is drawn. `covers` are the layers of ours that it takes the place of while it is on; `words(code)` gives
   * "switch", "failed" and "approval" in the reader's language. Whose map it is stands in `told`, in the map's corner unless the caller has a
   * `place` of its own for it. It is `shown` from the beginning or not; `switched(on)` is told when the reader changes that. Returns `told`, and `name()`, to be called when the language changes.
   */
  const add = (map, basemap, covers, words, { place, shown = true, switched } = {}) => {
    if (basemap.shifted) addProtocol(basemap);
    const names = basemap.layers.map((_, number) => `basemap-${number}`);
    const button = document.createElement("button");
    const told = document.createElement("span");
    let [on, failed] = [shown, false];

    const show = () => {
      const visible = (yes) => (yes ? "visible" : "none");
      for (const name of names) map.setLayoutProperty(name, "visibility", visible(on));
      // As long as nothing of it comes, our own ground stays.
      for (const name of covers) if (map.getLayer(name)) map.setLayoutProperty(name, "visibility", visible(!on || failed));
      button.setAttribute("aria-pressed", String(on));
      name();
    };
    const name = () => {
      button.textContent = words("switch");
      const approval = basemap.approval ? words("approval") + basemap.approval : "";
      told.textContent = failed ? words("failed") : [basemap.attribution, approval].filter(Boolean).join(" · ");
      told.hidden = !on;
    };

    const begin = () => {
      const first = map.getStyle().layers.find((layer) => layer.type !== "background")?.id;
      basemap.layers.forEach((addresses, number) => {
        const tiles = basemap.shifted ? [`${PROTOCOL}://${number}/{z}/{x}/{y}`] : addresses;
        map.addSource(names[number], { type: "raster", tiles, tileSize: TILE, maxzoom: basemap.deepest });
        map.addLayer({ id: names[number], type: "raster", source: names[number], paint: { "raster-fade-duration": 0 } }, first);
      });
      show();
    };
    const settle = (now) => {
      if (now === failed) return;
      failed = now;
      show();
    };

    button.type = "button";
    button.className = "basemap-switch maplibregl-ctrl";
    told.className = "basemap-told maplibregl-ctrl";
    button.addEventListener("click", () => {
      on = !on;
      show();
      switched?.(on);
    });
    map.on("error", (event) => names.includes(event.sourceId) && settle(true));
    map.on("sourcedata", (event) => names.includes(event.sourceId) && event.tile?.state === "loaded" && settle(false));
    map.addControl(control(button), "top-right");
    if (place) place(told);
    else map.addControl(control(told), "bottom-left");
    name();
    if (map.isStyleLoaded()) begin();
    else map.once("style.load", begin);
    return { name, told };
  };

  globalThis.gridmapBasemap = { add, gcj02, piecesOf, fromSquare };
}

"use strict";
// Unpacks the content of the page (see publish_content.py) and answers questions about it; nothing here touches the page.
{
  // Turns a set of columns into a list of rows.
  const rows = (columns) => {
    const names = Object.keys(columns);
    return columns[names[0]].map((_, i) => Object.fromEntries(names.map((name) => [name, columns[name][i]])));
  };

  // Shapes are text (see publish_shapes.py): numbers of one to three letters, the steps from corner to corner, the first from the origin.
  const LETTERS = 90;
  const LAST = 60;
  const DIGITS = new Int8Array(128);
  for (let code = 35, digit = 0; digit < LETTERS; code += 1) if (code !== 60 && code !== 92) DIGITS[code] = digit++;

  const unpackPart = (text, origin, steps) => {
    const places = [];
    const at = [0, 0];
    let [axis, value, weight] = [0, 0, 1];
    for (let i = 0; i < text.length; i += 1) {
      const digit = DIGITS[text.charCodeAt(i)];
      if (digit >= LAST) {
        value += weight * (digit - LAST);
        weight *= LETTERS - LAST;
      } else {
        value += weight * digit;
        at[axis] += value % 2 ? -(value + 1) / 2 : value / 2;
        if (axis) places.push([origin[0] + at[0] / steps, origin[1] + at[1] / steps]);
        [axis, value, weight] = [1 - axis, 0, 1];
      }
    }
    return places;
  };

  // Makes a property that is worked out when somebody first asks for it.
  const later = (object, name, make) =>
    Object.defineProperty(object, name, {
      configurable: true,
      enumerable: true,
      get() {
        const value = make();
        Object.defineProperty(object, name, { value, enumerable: true });
        return value;
      },
    });

  const boxOf = (parts) => {
    const box = [Infinity, Infinity, -Infinity, -Infinity];
    for (const [x, y] of parts.flat()) {
      if (x < box[0]) box[0] = x;
      if (y < box[1]) box[1] = y;
      if (x > box[2]) box[2] = x;
      if (y > box[3]) box[3] = y;
    }
    return box;
  };

  // Fills the gaps of a text: {count} shows a word, {count:# venue|# venues} one of two forms.
  gridmapPage.words = (text, words) =>
    text.replace(/\{(\w+)(?::([^|}]*)\|([^}]*))?\}/g, (gap, name, one, many) => {
      if (!(name in words)) return gap;
      if (one === undefined) return String(words[name]);
      return (words[name] === 1 ? one : many).replace("#", String(words[name]));
    });

  gridmapPage.unpack = (content) => {
    const { origin, steps } = content;
    const model = { ...content, way: 0 };
    const shape = (parts) => parts.map((text) => unpackPart(text, origin, steps.shape));
    const circle = (parts) => parts.map((text) => unpackPart(text, origin, steps.circle));
    const categories = content.categories.map((each, position) => ({ ...each, sign: gridmapPage.signOf(each, position) }));
    const venues = rows(content.venues).map((row, position) => {
      const kinds = row.categories.flatMap((number) => [categories[number].zh, categories[number].en]);
      const { circle: walks, ...told } = row;
      const venue = {
        ...told,
        position,
        place: row.place.map((step, axis) => origin[axis] + step / steps.shape),
        search: [row.name, row.address, row.opened_by, ...kinds].join("\n").toLowerCase(),
      };
      const ways = walks.map((parts) => {
        const way = { has: parts.length > 0 };
        later(way, "circle", () => circle(parts));
        return later(way, "box", () => boxOf(way.circle));
      });
      // What is told of the walk is that of the way of walking that the reader has chosen.
      const chosen = () => ways[model.way] || { has: false, circle: [] };
      Object.defineProperties(venue, {
        hasCircle: { get: () => chosen().has },
        circle: { get: () => chosen().circle },
        box: { get: () => chosen().box },
      });
      return venue;
    });
    const ground = {};
    for (const [name, columns] of Object.entries(content.ground)) {
      later(ground, name, () => rows(columns).map((each) => ({ ...each, shape: shape(each.shape) })));
    }
    const used = new Set(venues.flatMap((each) => each.categories));
    Object.defineProperty(model, "limit", { get: () => content.limits[model.way] });
    return Object.assign(model, { categories, venues, ground, used });
  };

  // Whether a place lies in a circle; holes come out right because every ring crossed turns the answer round.
  gridmapPage.isIn = (venue, [x, y]) => {
    const { box } = venue;
    if (x < box[0] || x > box[2] || y < box[1] || y > box[3]) return false;
    let inside = false;
    for (const ring of venue.circle) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i, i += 1) {
        const [ax, ay] = ring[i];
        const [bx, by] = ring[j];
        if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
      }
    }
    return inside;
  };

  // Returns the place on a street where walks from a place begin, and how many metres away it is; null where no street is near enough.
  gridmapPage.onStreet = (model, place) => {
    const north = 111320;
    const east = north * Math.cos((place[1] * Math.PI) / 180);
    let best = { metres: Infinity };
    for (const { walkable, shape } of model.ground.streets) {
      if (!walkable) continue;
      for (const line of shape) {
        for (let i = 1; i < line.length; i += 1) {
          const [ax, ay] = [(line[i - 1][0] - place[0]) * east, (line[i - 1][1] - place[1]) * north];
          const [bx, by] = [(line[i][0] - place[0]) * east, (line[i][1] - place[1]) * north];
          const square = (bx - ax) ** 2 + (by - ay) ** 2;
          const along = square ? Math.min(1, Math.max(0, -(ax * (bx - ax) + ay * (by - ay)) / square)) : 0;
          const [x, y] = [ax + along * (bx - ax), ay + along * (by - ay)];
          const metres = Math.hypot(x, y);
          if (metres < best.metres) best = { metres, place: [place[0] + x / east, place[1] + y / north] };
        }
      }
    }
    return best.metres <= model.limit.access_metres ? best : null;
  };

  // Metres as the crow flies, good to a thousandth within a district.
  gridmapPage.metresBetween = ([ax, ay], [bx, by]) => {
    const degree = 111320;
    return Math.hypot((ax - bx) * degree * Math.cos((((ay + by) / 2) * Math.PI) / 180), (ay - by) * degree);
  };

  // Returns the categories of a venue that are switched on, the first one giving its sign.
  gridmapPage.kindsShown = (view, venue) => venue.categories.filter((number) => view.on.has(number));

  // Returns the venues to show, by category and name, or from a place within reach by category and distance.
  gridmapPage.shownVenues = (view) => {
    const asked = view.query.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const all = view.on.size === view.used.size;
    const found = [];
    for (const venue of view.model.venues) {
      const kinds = gridmapPage.kindsShown(view, venue);
      if (!kinds.length && !(all && !venue.categories.length)) continue;
      if (!asked.every((word) => venue.search.includes(word))) continue;
      if (view.here && !(view.street && gridmapPage.isIn(venue, view.street.place))) continue;
      const metres = view.here ? gridmapPage.metresBetween(view.here, venue.place) : 0;
      found.push({ venue, kind: kinds.length ? kinds[0] : view.model.categories.length, metres });
    }
    return found.sort((a, b) => a.kind - b.kind || a.metres - b.metres || a.venue.position - b.venue.position);
  };
}

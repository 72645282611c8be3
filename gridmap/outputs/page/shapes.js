"use strict";
// Unpacks places and shapes (see map_shapes.py) into the unit square of the Mercator projection: x and y from 0 to 1, y downwards.
{
  const mercatorX = (longitude) => (longitude + 180) / 360;
  const mercatorY = (latitude) => {
    const sine = Math.sin((latitude * Math.PI) / 180);
    return 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
  };

  gridmapPage.unpacker = (origin, steps) => {
    const place = (pair) => pair && [mercatorX(origin[0] + pair[0] / steps), mercatorY(origin[1] + pair[1] / steps)];

    const part = (moves, box) => {
      const places = new Float64Array(moves.length);
      let x = 0;
      let y = 0;
      for (let i = 0; i < moves.length; i += 2) {
        x += moves[i];
        y += moves[i + 1];
        const px = mercatorX(origin[0] + x / steps);
        const py = mercatorY(origin[1] + y / steps);
        places[i] = px;
        places[i + 1] = py;
        if (px < box[0]) box[0] = px;
        if (py < box[1]) box[1] = py;
        if (px > box[2]) box[2] = px;
        if (py > box[3]) box[3] = py;
      }
      return places;
    };

    const shape = (parts) => {
      const box = [Infinity, Infinity, -Infinity, -Infinity];
      return { parts: parts.map((moves) => part(moves, box)), box };
    };
    return { place, shape };
  };

  gridmapPage.meet = (one, other) => one[0] <= other[2] && one[2] >= other[0] && one[1] <= other[3] && one[3] >= other[1];

  // Whether a place lies in an area; holes come out right because every ring crossed turns the answer round.
  gridmapPage.contains = (shape, x, y) => {
    if (!gridmapPage.meet(shape.box, [x, y, x, y])) return false;
    let inside = false;
    for (const ring of shape.parts) {
      for (let i = 0, j = ring.length - 2; i < ring.length; j = i, i += 2) {
        const crosses = ring[i + 1] > y !== ring[j + 1] > y;
        if (crosses && x < ((ring[j] - ring[i]) * (y - ring[i + 1])) / (ring[j + 1] - ring[i + 1]) + ring[i]) inside = !inside;
      }
    }
    return inside;
  };

  gridmapPage.latLng = (x, y) => L.latLng((Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI, x * 360 - 180);

  gridmapPage.boundsOf = (box) => L.latLngBounds(gridmapPage.latLng(box[0], box[3]), gridmapPage.latLng(box[2], box[1]));
}

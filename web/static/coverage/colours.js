// Covered buildings are blue-green, darker the nearer; those that are not are orange and red, so that the limit is the sharpest step; what can reach
// nothing is hatched, which needs no colour to be seen.

import { say } from "../start/tools.js";

export const BANDS = ["#0b5d57", "#4fa899", "#f2b66d", "#c8562b", "#5a5560"];
export const EMPTY = "#dedad2";
export const OUTSIDE = "#eeebe4";
export const SHARES = [0.5, 1, 1.5];
export const NONE_REACHED = 2 ** 32 - 16;

/** The limit of what is shown, in centimetres, as the server computes it. */
export function limitOf(view, walks) {
  const way = walks.find((each) => each.code === view.walk);
  return way.flat_cm ?? Math.floor(Math.round(view.minutes * way.speed * 100 * 1e6) / 1e6);
}

/** The band of a walk: within half the limit, within it, half more, farther, nothing within reach. */
export function bandOf(cm, limit) {
  if (cm === null) return 4;
  const band = SHARES.findIndex((share) => cm <= limit * share);
  return band < 0 ? 3 : band;
}

/** What the bands are called. */
export function bandNames(view, walks) {
  const way = walks.find((each) => each.code === view.walk);
  const limit = limitOf(view, walks);
  const [half, whole, more] = SHARES.map((share) =>
    way.flat_cm === null ? say("staff_unit_minutes", { value: Number((view.minutes * share).toFixed(1)) }) : say("staff_unit_metres", { value: Math.round((limit * share) / 100) }),
  );
  return [
    say("staff_band_half", { least: half }),
    say("staff_band_limit", { least: half, most: whole }),
    say("staff_band_more", { least: whole, most: more }),
    say("staff_band_far", { least: more }),
    say("staff_band_none"),
  ];
}

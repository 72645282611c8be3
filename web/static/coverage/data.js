// What the page fetches: JSON and arrays; what is still computed is asked for again.

import { Refused, find, say, tell, titles } from "../start/tools.js";

const AGAIN_MS = 1000;

/** What the server told about the district, the categories and the ways of walking. */
export const told = titles;

const waiting = new Set();

/** Fetch an address below that of the page; raises Refused with a sentence for people. */
async function get(path, signal) {
  for (;;) {
    const reply = await fetch(told.address + path, { signal });
    if (reply.status === 401) throw new Refused(say("start_session_over"));
    if (reply.status !== 202) return reply.ok ? reply : refuse(reply);
    waiting.add(path);
    tell(find("working"), say("staff_working"));
    await new Promise((wake) => setTimeout(wake, AGAIN_MS));
  }
}

async function refuse(reply) {
  const content = await reply.json().catch(() => ({}));
  throw new Refused(content.error?.text ?? `HTTP ${reply.status}`);
}

async function fetched(path, read, signal) {
  try {
    return await read(await get(path, signal));
  } finally {
    waiting.delete(path);
    if (!waiting.size) tell(find("working"), "");
  }
}

export const json = (path, signal) => fetched(path, (reply) => reply.json(), signal);

const arrays = new Map();

/** The centimetres from each building to a category, fetched once. */
export function walksTo(category) {
  if (!arrays.has(category)) arrays.set(category, fetched(`walks/${category}.bin`, async (reply) => new Uint32Array(await reply.arrayBuffer())));
  return arrays.get(category);
}

/** For each building 0 outside the territory, 1 nobody lives there, 2 lived in. */
export const homes = () => fetched("homes.bin", async (reply) => new Uint8Array(await reply.arrayBuffer()));

/** The part of an address that says what is shown. */
export function query(view, more = {}) {
  const { category, walk, minutes, by } = view;
  return `?${new URLSearchParams({ category, walk, minutes, by, ...more })}`;
}

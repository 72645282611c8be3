// Small tools: elements, texts, requests.

const texts = JSON.parse(document.getElementById("texts").textContent);
export const titles = JSON.parse(document.getElementById("titles").textContent);

/** The element of that id. */
export const find = (id) => document.getElementById(id);

/** A text of the catalogues with its gaps filled in; a gap with two forms takes the one for one, or that for many. */
export function say(code, words = {}) {
  return texts[code].replace(/\{(\w+)(?::([^|{}]*)\|([^|{}]*))?\}/g, (gap, name, one, many) => {
    if (!(name in words)) return gap;
    const word = String(words[name] ?? "—");
    return one === undefined ? word : (words[name] === 1 ? one : many).replace("#", word);
  });
}

/** Make an element; texts among the children never become markup. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element && typeof value !== "string") element[name] = value;
    else if (name === "className" || name === "textContent" || name === "value" || name === "href" || name === "id") element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Show a text in an element, or hide it. */
export function tell(element, text) {
  element.textContent = text ?? "";
  element.hidden = !text;
}

/** What the server refused, in its own words. */
export class Refused extends Error {}

const token = document.querySelector("meta[name=csrf-token]").content;

/** Ask the server and return its JSON; raises Refused with a sentence for people. */
export async function ask(address, body = undefined) {
  const headers = { Accept: "application/json" };
  const options = { headers };
  if (body !== undefined) {
    options.method = "POST";
    headers["X-CSRFToken"] = token;
    if (!(body instanceof FormData)) headers["Content-Type"] = "application/json";
    options.body = body instanceof FormData ? body : JSON.stringify(body);
  }
  const reply = await fetch(address, options);
  return answer(reply.status, await reply.text());
}

function answer(status, text) {
  if (status === 401) throw new Refused(say("start_session_over"));
  let content = {};
  try {
    content = JSON.parse(text);
  } catch {
    throw new Refused(`HTTP ${status}`);
  }
  if (status >= 400) throw new Refused(content.error?.text ?? `HTTP ${status}`);
  return content;
}

/** Send files and tell how far that is, in hundredths. */
export function send(address, files, progress) {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    for (const file of files) form.append("files", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", address);
    request.setRequestHeader("X-CSRFToken", token);
    request.setRequestHeader("Accept", "application/json");
    request.upload.addEventListener("progress", (event) => event.lengthComputable && progress(Math.floor((100 * event.loaded) / event.total)));
    request.addEventListener("error", () => reject(new Refused(say("start_work_lost"))));
    request.addEventListener("load", () => {
      try {
        resolve(answer(request.status, request.responseText));
      } catch (error) {
        reject(error);
      }
    });
    request.send(form);
  });
}

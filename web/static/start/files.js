// Files: put them in, confirm what they hold, check, import.

import { ask, find, make, say, send, tell, titles } from "./tools.js";
import { findings, isBusy, run, trouble } from "./work.js";

const DATUMS = ["wgs84", "gcj02", "bd09"];
let rows = [];
let changed = () => {};

/** Make the first two steps work; `refresh` shows the workspace anew. */
export function prepare(refresh) {
  changed = refresh;
  const drop = find("drop");
  find("choose").addEventListener("change", async (event) => {
    await put([...event.target.files]);
    event.target.value = "";
  });
  for (const name of ["dragenter", "dragover"]) drop.addEventListener(name, (event) => hold(event, true));
  for (const name of ["dragleave", "drop"]) drop.addEventListener(name, (event) => hold(event, false));
  drop.addEventListener("drop", (event) => isBusy() || put([...event.dataTransfer.files]));
  find("tray-clear").addEventListener("click", () => ask("/start/files/clear", {}).then((state) => showTray(state.files), trouble));
  find("check-run").addEventListener("click", () => readIn(false));
  find("import-run").addEventListener("click", () => readIn(true));
}

function hold(event, over) {
  event.preventDefault();
  find("drop").classList.toggle("over", over);
}

async function put(files) {
  if (!files.length) return;
  trouble();
  const line = make("p", { className: "step", role: "status" });
  const slot = document.querySelector("#step-files .work");
  slot.replaceChildren(line);
  try {
    const state = await send("/start/files", files, (percent) => tell(line, say("start_files_sending", { percent })));
    slot.replaceChildren();
    showTray(state.files);
    await look();
  } catch (error) {
    slot.replaceChildren();
    trouble(error);
  }
}

const stem = (name) => name.replace(/\.[^.]*$/, "");

/** Show which files are there; the parts of a shapefile count as one. */
export function showTray(names) {
  const shapes = new Set(names.filter((name) => /\.shp$/i.test(name)).map(stem));
  const shown = names.filter((name) => /\.shp$/i.test(name) || !shapes.has(stem(name)));
  find("tray").hidden = !names.length;
  tell(find("tray-count"), names.length ? say("start_files_count", { count: shown.length }) : "");
  find("tray-list").replaceChildren(...shown.map((name) => make("li", {}, name)));
  if (!names.length) forget();
}

function forget() {
  rows = [];
  find("step-check").hidden = true;
  find("looks").replaceChildren();
  dropResult();
}

function dropResult() {
  find("check-result").hidden = true;
  find("import-run").hidden = true;
  tell(find("check-fault"), "");
}

/** Let the server look at the files and show what it thinks they hold. */
export async function look() {
  forget();
  const answer = await run("look", {});
  if (answer === null) return;
  rows = answer.files.map((file, number) => new Row(file, number));
  find("looks").replaceChildren(...rows.map((row) => row.box));
  find("check-run").hidden = false;
  find("check-help").hidden = false;
  find("step-check").hidden = !rows.length;
}

/** One layer of a file: what it holds, where it lies, which column is which. */
class Row {
  constructor(file, number) {
    this.file = file;
    this.number = number;
    this.box = make("section", { className: "look", "aria-labelledby": `look-${number}` });
    const name = file.layer && !file.file.startsWith(file.layer) ? `${file.file} · ${file.layer}` : file.file;
    const size = file.rows ? make("span", { className: "soft" }, ` ${say("start_check_rows", { count: file.rows })}`) : null;
    const head = make("h3", { id: `look-${number}` }, name, size);
    if (file.fault) {
      this.box.append(head);
      this.box.append(make("p", { className: "fault" }, file.fault));
      return;
    }
    this.table = this.choice("table", say("start_check_table"), [["", say("start_check_skip")], ...file.tables.map((table) => [table, titles.tables[table]])], file.table ?? "");
    const choices = make("div", { className: "fields" }, head, this.table.parentElement);
    if (file.geometry) choices.append(this.datumChoice());
    this.fields = make("div");
    this.box.append(choices, this.fields);
    this.table.addEventListener("change", () => this.showFields());
    this.box.addEventListener("change", dropResult);
    this.showFields();
  }

  choice(name, title, options, value) {
    const id = `look-${this.number}-${name}`;
    const select = make("select", { id, name }, ...options.map(([key, text]) => make("option", { value: key }, text)));
    select.value = value;
    make("div", {}, make("label", { for: id }, title), select);
    return select;
  }

  datumChoice() {
    const { crs, proposed_crs: proposed } = this.file;
    const said = crs ? say("start_datum_file", { crs }) : proposed ? say("start_datum_guess", { crs: proposed }) : say("start_datum_unknown");
    this.datum = this.choice("datum", say("start_check_datum"), [["", said], ...DATUMS.map((datum) => [datum, say(`start_datum_${datum}`)])], "");
    return this.datum.parentElement;
  }

  showFields() {
    const table = this.table.value;
    this.picked = {};
    if (!table || table === "osm") {
      this.fields.replaceChildren();
      return;
    }
    const guess = this.file.fields[table] ?? {};
    const body = make("tbody");
    for (const [ours, title] of Object.entries(titles.columns[table])) {
      const select = make("select", { "aria-label": title }, make("option", { value: "" }, say("start_fields_none")));
      select.append(...this.file.columns.map((column) => make("option", { value: column }, column)));
      select.value = guess[ours] ?? "";
      this.picked[ours] = select;
      body.append(make("tr", { className: guess[ours] ? "" : "unknown" }, make("th", { scope: "row" }, title), make("td", {}, select)));
    }
    const head = make("tr", {}, make("th", { scope: "col" }, say("start_fields_ours")), make("th", { scope: "col" }, say("start_fields_theirs")));
    const count = say("start_fields", { count: Object.keys(guess).length });
    this.fields.replaceChildren(make("details", {}, make("summary", {}, count), make("table", {}, make("thead", {}, head), body)));
  }

  /** The part of the request that is about this layer. */
  add(request) {
    const table = this.table?.value;
    if (!table) return true;
    if (request.tables[table]) {
      tell(find("check-fault"), say("start_check_twice", { table: titles.tables[table] }));
      return false;
    }
    request.tables[table] = this.file.file;
    if (this.datum?.value) request.datums[table] = this.datum.value;
    if (this.several) request.fields[`${table}.layer`] = this.file.layer;
    const guess = this.file.fields[table] ?? {};
    for (const [ours, select] of Object.entries(this.picked)) {
      if (select.value && select.value !== guess[ours]) request.fields[`${table}.${ours}`] = select.value;
    }
    return true;
  }

  get several() {
    return rows.filter((row) => row.file.file === this.file.file).length > 1;
  }
}

/** After an import the files have done their service; the result stays on the page. */
async function finish() {
  rows = [];
  find("looks").replaceChildren();
  find("check-run").hidden = true;
  find("check-help").hidden = true;
  const state = await ask("/start/files/clear", {});
  find("tray").hidden = !state.files.length;
  await changed();
}

async function readIn(keep) {
  dropResult();
  const request = { tables: {}, fields: {}, datums: {}, keep };
  if (!rows.every((row) => row.add(request))) return;
  if (!Object.keys(request.tables).length) {
    tell(find("check-fault"), say("start_check_nothing"));
    return;
  }
  const answer = await run("import", request);
  if (answer === null) return;
  const box = find("check-result");
  const said = keep ? say("start_imported", answer.figures) : say("start_checked");
  const lines = make("ul", {}, ...answer.lines.map((line) => make("li", {}, line)));
  box.replaceChildren(make("p", { className: "told", role: "status" }, said), make("details", {}, make("summary", {}, say("start_report")), lines), findings(answer.findings));
  box.hidden = false;
  find("import-run").hidden = keep;
  if (keep) await finish();
  box.scrollIntoView({ block: "nearest" });
}

// The import of a workbook of member households: a file, its columns confirmed, its rows kept. What a row holds is never shown.

import { find, make, say, send, tell, titles } from "../start/tools.js";
import { findings, isBusy, run, trouble } from "../start/work.js";

let sheets = [];

async function take(file) {
  if (!file) return;
  trouble();
  forget();
  try {
    await send(titles.file, [file], (percent) => tell(find("chosen"), say("start_files_sending", { percent })));
    tell(find("chosen"), file.name);
    await read({ keep: false, guessed: true });
  } catch (error) {
    tell(find("chosen"), "");
    trouble(error);
  }
}

function forget() {
  sheets = [];
  find("step-check").hidden = true;
  find("import-result").hidden = true;
}

/** Let the server read the file with the columns that are chosen, and keep its rows when that is asked for. */
async function read({ keep, guessed = false }) {
  const fields = guessed ? {} : Object.fromEntries(sheets.map((each) => [each.name, each.chosen()]));
  const answer = await run("members", { fields, keep });
  if (answer === null) return;
  if (answer.saved) return tellSaved(answer);
  sheets = answer.sheets.map((each, number) => new Sheet(each, number));
  find("sheets").replaceChildren(...sheets.map((each) => each.box));
  find("check-result").replaceChildren(findings(answer.findings));
  find("step-check").hidden = false;
  find("import-run").hidden = !answer.sheets.some((each) => each.kept);
}

function tellSaved(answer) {
  const lines = Object.entries(answer.changed).map(([table, counts]) => make("li", {}, say("members_import_changed", { table: say(`word_${table}`), ...counts })));
  forget();
  tell(find("chosen"), "");
  find("import-result").replaceChildren(make("p", { className: "told", role: "status" }, say("members_import_done")), make("ul", {}, ...lines), findings(answer.findings));
  find("import-result").hidden = false;
}

/** A sheet: what it was taken for, and which column is which. */
class Sheet {
  constructor(sheet, number) {
    this.name = sheet.sheet;
    this.picked = {};
    const body = make("tbody");
    for (const [ours, title] of Object.entries(titles.columns[sheet.table])) {
      const select = make("select", { "aria-label": title }, make("option", { value: "" }, say("start_fields_none")), ...sheet.columns.map((column) => make("option", { value: column }, column)));
      select.value = sheet.fields[ours] ?? "";
      select.addEventListener("change", () => (find("import-run").hidden = true));
      this.picked[ours] = select;
      body.append(make("tr", { className: select.value ? "" : "unknown" }, make("th", { scope: "row" }, title), make("td", {}, select)));
    }
    const head = make("tr", {}, make("th", { scope: "col" }, say("start_fields_ours")), make("th", { scope: "col" }, say("start_fields_theirs")));
    const title = say("members_import_sheet", { sheet: sheet.sheet, table: say(`word_${sheet.table}`), read: sheet.read, kept: sheet.kept });
    const details = make("details", {}, make("summary", {}, say("start_fields", { count: Object.keys(sheet.fields).length })), make("table", {}, make("thead", {}, head), body));
    this.box = make("section", { className: "look", "aria-labelledby": `sheet-${number}` }, make("h3", { id: `sheet-${number}` }, title), details);
  }

  chosen() {
    return Object.fromEntries(Object.entries(this.picked).map(([ours, select]) => [ours, select.value]).filter(([, theirs]) => theirs));
  }
}

find("choose").addEventListener("change", async (event) => {
  await take(event.target.files[0]);
  event.target.value = "";
});
for (const name of ["dragenter", "dragover", "dragleave", "drop"]) {
  find("drop").addEventListener(name, (event) => {
    event.preventDefault();
    find("drop").classList.toggle("over", name.startsWith("drage") || name === "dragover");
  });
}
find("drop").addEventListener("drop", (event) => isBusy() || take(event.dataTransfer.files[0]));
find("check-run").addEventListener("click", () => read({ keep: false }));
find("import-run").addEventListener("click", () => read({ keep: true }));
document.documentElement.classList.add("ready");

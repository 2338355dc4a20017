// What the page can do beyond being read: sort, find, open a database, copy an input. Data is only ever set as text.
// The positions in `databases` and in its tables are those that databases.py writes.
"use strict";
(() => {
  const [DATABASE, WORD, INSTANCE, NUMBERS, FAILURE, GAPS] = [0, 1, 2, 3, 4, 5];
  const [FOLDERS, EXECUTION, STAGES, RERUN, SCHEMAS, TABLES, ACCOUNT, OWNER, NOTES] = [6, 7, 8, 9, 10, 11, 12, 13, 14];
  const RANK = ["no outcome", "failed", "skipped", "partial", "ok", "quarantined"];
  const night = JSON.parse(document.getElementById("night").textContent);
  const table = document.getElementById("database-table");
  const body = table.tBodies[0];
  const find = document.getElementById("find");
  const form = document.getElementById("controls");
  const records = Array.from(body.rows, (row, index) => (
    { row, index, data: night.databases[index], detail: null, hay: null }
  ));
  const recordOf = new Map(records.map((record) => [record.row.id, record]));

  function make(name, options, ...children) {
    const { text, ...attributes } = options || {};
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    made.append(...children);
    return made;
  }
  const number = (value) => value.toLocaleString("en-US");
  function size(bytes) {
    const units = ["B", "kB", "MB", "GB", "TB", "PB"];
    let unit = 0;
    while (bytes >= 999.95 && unit < units.length - 1) { bytes /= 1000; unit += 1; }
    return (unit ? bytes.toFixed(1) : String(bytes)) + " " + units[unit];
  }
  function duration(seconds) {
    const two = (value) => String(value).padStart(2, "0");
    if (seconds < 60) return seconds + " s";
    if (seconds < 3600) return Math.floor(seconds / 60) + " min " + two(seconds % 60) + " s";
    return Math.floor(seconds / 3600) + " h " + two(Math.floor((seconds % 3600) / 60)) + " min";
  }

  // Copying
  async function copy(button) {
    const code = button.parentElement.querySelector("code");
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch {
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    const label = button.getAttribute("aria-label");
    button.textContent = "Copied";
    button.setAttribute("aria-label", "Copied");
    setTimeout(() => { button.textContent = "Copy"; button.setAttribute("aria-label", label); }, 1500);
  }
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button.copy");
    if (button) copy(button);
  });

  // A database's tables
  function fact(term, ...values) {
    return make("div", null, make("dt", { text: term }), make("dd", { class: "paste" }, ...values));
  }
  function pasted(text, what) {
    const button = make("button", { type: "button", class: "copy", text: "Copy", "aria-label": "Copy " + what });
    return [button, make("code", { class: "json", text })];
  }
  function why(index) {
    return index < 0 ? "" : night.failures[index][1];
  }
  function countCells(counts) {
    let before = null;
    return counts.map((count) => {
      const cell = make("td", { class: "number" });
      if (count === null) {
        cell.textContent = "–";
        if (night.mode === "full") cell.title = "not counted";
        return cell;
      }
      if (night.mode === "full" && before !== null && count !== before) {
        cell.append(make("span", { class: "differs", text: "≠", title: "differs from the count before it" }));
      }
      cell.append(number(count));
      before = count;
      return cell;
    });
  }
  function tableRow(one, schemas) {
    const [schema, name, kind, first, second, third, fourth, bytes, failure, how] = one;
    const head = make("th", { scope: "row" }, make("bdi", { text: schemas[schema] + "." + name }));
    if (kind === 1) head.append(make("span", { class: "view", text: "view" }));
    if (how) head.append(make("span", { class: "view", text: how }));
    return make("tr", failure < 0 ? null : { class: "bad" },
      head, ...countCells([first, second, third, fourth]),
      make("td", { class: "number", text: size(bytes) }),
      make("td", { class: "failure-text", dir: "auto", text: why(failure) }));
  }
  function tablesOf(data) {
    if (!data[TABLES].length) return make("p", { text: "No table of it is known." });
    const texts = ["Table", ...night.counts, "Parquet", "Why not ok"];
    const heads = texts.map((text, at) => make("th", { scope: "col", text, class: at > 0 && at < 6 ? "number" : "" }));
    const failed = data[TABLES].filter((one) => one[8] >= 0);
    const fine = data[TABLES].filter((one) => one[8] < 0);
    return make("table", null, make("thead", null, make("tr", null, ...heads)),
      make("tbody", null, ...[...failed, ...fine].map((one) => tableRow(one, data[SCHEMAS]))));
  }
  function detailOf(data) {
    const facts = make("dl");
    if (data[OWNER]) facts.append(fact("Owner of the database", make("bdi", { text: data[OWNER] })));
    if (data[NOTES]) facts.append(fact("Notes", make("span", { dir: "auto", text: data[NOTES] })));
    if (data[FAILURE] >= 0) {
      const text = make("span", { class: "failure-text", dir: "auto", text: why(data[FAILURE]) });
      facts.append(fact(night.failures[data[FAILURE]][0], text));
    }
    for (const gap of data[GAPS]) facts.append(fact("Not checked", make("span", { dir: "auto", text: gap })));
    for (const line of data[ACCOUNT]) facts.append(fact("Account", make("span", { dir: "auto", text: line })));
    const stages = data[STAGES].map(([label, seconds]) => label + " " + duration(seconds));
    if (stages.length) facts.append(fact("Stages", stages.join(" · ")));
    for (const folder of data[FOLDERS]) facts.append(fact("Folder", ...pasted(folder, "the folder")));
    if (data[EXECUTION]) facts.append(fact("Execution", ...pasted(data[EXECUTION], "the execution's ARN")));
    facts.append(fact("Input for database-run", ...pasted(data[RERUN], "the input that reruns " + data[DATABASE])));
    return make("tr", { class: "detail" }, make("td", { colspan: "10" }, facts, tablesOf(data)));
  }
  const linkOf = (record) => record.row.querySelector("th a");
  function open(record) {
    if (record.detail) return;
    record.detail = detailOf(record.data);
    record.row.after(record.detail);
    linkOf(record).setAttribute("aria-expanded", "true");
  }
  function close(record) {
    if (record.detail) record.detail.remove();
    record.detail = null;
    linkOf(record).setAttribute("aria-expanded", "false");
  }
  function openFromHash() {
    const record = recordOf.get(decodeURIComponent(location.hash.slice(1)));
    if (!record) return;
    if (record.row.hidden) { form.reset(); filter(); }
    open(record);
    record.row.scrollIntoView();
  }
  body.addEventListener("click", (event) => {
    const link = event.target.closest("th a");
    const record = link && recordOf.get(link.closest("tr").id);
    if (!record) return;
    event.preventDefault();
    if (record.detail) return close(record);
    open(record);
    history.replaceState(null, "", "#" + record.row.id);
  });
  addEventListener("hashchange", openFromHash);
  document.getElementById("close-all").addEventListener("click", () => records.forEach(close));

  // Finding
  function hayOf(record) {
    const data = record.data;
    const failures = [data[FAILURE], ...data[TABLES].map((one) => one[8])].filter((at) => at >= 0);
    const tables = data[TABLES].map((one) => data[SCHEMAS][one[0]] + "." + one[1]);
    const texts = new Set(failures.flatMap((at) => night.failures[at]));
    return [data[DATABASE], data[INSTANCE], data[OWNER], ...tables, ...texts].join("\n").toLowerCase();
  }
  function filter() {
    const wanted = find.value.trim().toLowerCase();
    const words = new Set(Array.from(form.querySelectorAll("input:checked"), (box) => box.value));
    let shown = 0;
    for (const record of records) {
      if (wanted && record.hay === null) record.hay = hayOf(record);
      const fits = words.has(record.data[WORD]) && (!wanted || record.hay.includes(wanted));
      record.row.hidden = !fits;
      if (record.detail) record.detail.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    document.getElementById("shown").textContent = number(shown) + " of " + number(records.length) + " shown";
  }
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());

  // Sorting
  const keys = [
    (data) => data[DATABASE], (data) => RANK.indexOf(data[WORD]), (data) => data[INSTANCE],
    ...[0, 1, 2, 3, 4, 5, 6].map((at) => (data) => data[NUMBERS][at] ?? -1),
  ];
  function sort(column, heading) {
    const first = column < 3 ? "ascending" : "descending";
    const other = first === "ascending" ? "descending" : "ascending";
    const direction = heading.getAttribute("aria-sort") === first ? other : first;
    const sign = direction === "ascending" ? 1 : -1;
    for (const one of heading.parentElement.cells) one.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", direction);
    const key = keys[column];
    const order = [...records].sort((a, b) => {
      const [x, y] = [key(a.data), key(b.data)];
      return x === y ? a.index - b.index : x < y ? -sign : sign;
    });
    body.append(...order.flatMap((record) => (record.detail ? [record.row, record.detail] : [record.row])));
  }
  Array.from(table.tHead.rows[0].cells).forEach((heading, column) => {
    const button = make("button", { type: "button", text: heading.textContent, title: "Sort" });
    button.addEventListener("click", () => sort(column, heading));
    heading.replaceChildren(button);
  });

  // Paper: everything of the failures is opened, and heads are plain, for browsers do not repeat a button on each page
  let opened = [];
  let buttons = [];
  addEventListener("beforeprint", () => {
    opened = Array.from(document.querySelectorAll("details:not([open])"));
    for (const one of opened) one.open = true;
    buttons = Array.from(table.querySelectorAll("thead button"));
    for (const one of buttons) one.replaceWith(one.textContent);
  });
  addEventListener("afterprint", () => {
    for (const one of opened) one.open = false;
    buttons.forEach((one, column) => table.tHead.rows[0].cells[column].replaceChildren(one));
  });

  records.forEach(close);
  for (const button of document.querySelectorAll("button.copy")) button.hidden = false;
  form.hidden = false;
  filter();
  openFromHash();
})();

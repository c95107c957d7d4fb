-- report-script.lua - what report.html does: tables are sorted by a click on a column's name and filtered by a text;
-- what is folded is printed, too. The page is whole without it. (JavaScript)

return [==[
"use strict";
(function () {
  const operators = {
    "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
    "=": (a, b) => a === b, "!=": (a, b) => a !== b,
  };

  // What a cell is compared by: a number where it is one, else its text; null where it is empty.
  function valueOf(cell) {
    const text = cell.dataset.v !== undefined ? cell.dataset.v : cell.textContent.trim();
    if (text === "" || text === "\u2013") return null;
    if (/^[+-]?inf$/.test(text)) return text[0] === "-" ? -Infinity : Infinity;
    const number = Number(text);
    return Number.isNaN(number) ? text : number;
  }

  // Numbers before texts, cells without a value last, whichever the direction.
  function compare(a, b, sign) {
    const rank = (v) => v === null || /^-?nan$/.test(v) ? 2 : typeof v === "number" ? 0 : 1;
    const by = rank(a) - rank(b);
    if (by !== 0 || rank(a) === 2) return by;
    return sign * (typeof a === "number" ? a - b || 0 : a.localeCompare(b));
  }

  function sortBy(table, column, sign) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows, (row, i) => ({ row, i, value: valueOf(row.cells[column]) }));
    rows.sort((a, b) => compare(a.value, b.value, sign) || a.i - b.i);
    body.append(...rows.map((one) => one.row));
    Array.from(table.tHead.rows[0].cells, (head, i) => {
      if (i === column) head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    });
  }

  function makeSortable(table) {
    Array.from(table.tHead.rows[0].cells, (head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = "sort by " + head.textContent;
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sortBy(table, column, head.getAttribute("aria-sort") === "ascending" ? -1 : 1));
    });
  }

  // The words of a filter: "mantissa>3", with or without blanks, compares a column; anything else is looked for in every cell.
  function words(text, names) {
    const escaped = names.filter((name) => name).sort((a, b) => b.length - a.length).map((name) => name.replace(/[^\w\s]/g, "\\$&"));
    const compared = new RegExp("^(" + escaped.join("|") + ")\\s*(<=|>=|!=|<|>|=)\\s*(\\S*)", "i");
    const list = [];
    for (let rest = text.trim(); rest !== ""; ) {
      const parts = escaped.length > 0 && compared.exec(rest) || /^\S+/.exec(rest);
      list.push(parts);
      rest = rest.slice(parts[0].length).trim();
    }
    return list;
  }

  function condition(parts, names) {
    if (parts.length === 1) return (row) => row.textContent.toLowerCase().includes(parts[0].toLowerCase());
    if (parts[3] === "") return () => true;            // not all of it is written yet
    const column = names.indexOf(parts[1].toLowerCase()), holds = operators[parts[2]], number = Number(parts[3]);
    return (row) => {
      const value = valueOf(row.cells[column]);
      if (typeof value === "number" && !Number.isNaN(number)) return holds(value, number);
      return value !== null && typeof value === "string" && holds(value.toLowerCase(), parts[3].toLowerCase());
    };
  }

  // What a filter that leaves nothing may have meant: a column that is not there.
  function advice(text, names) {
    const parts = /([^\s<>=!]+)\s*(<=|>=|!=|<|>|=)/.exec(text);
    return parts && !names.includes(parts[1].toLowerCase()) ? "; no column is called " + parts[1] : "";
  }

  function makeFilterable(table) {
    const names = Array.from(table.tHead.rows[0].cells, (head) => head.textContent.trim().toLowerCase());
    const body = table.tBodies[0];
    const bar = document.createElement("div"), label = document.createElement("label");
    const input = document.createElement("input"), count = document.createElement("span");
    bar.className = "filter";
    label.textContent = "Only rows with ";
    input.type = "search";
    input.spellcheck = false;
    input.placeholder = names.length > 1 ? "text, or " + names[0] + " > 3" : "text";
    count.className = "count";
    count.setAttribute("role", "status");
    function apply() {
      const conditions = words(input.value, names).map((parts) => condition(parts, names));
      let shown = 0;
      for (const row of body.rows) {
        row.hidden = !conditions.every((holds) => holds(row));
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = shown + " of " + body.rows.length + " rows" + (shown === 0 ? advice(input.value, names) : "");
    }
    input.addEventListener("input", apply);
    label.append(input);
    bar.append(label, count);
    table.closest(".wide").before(bar);
    apply();
  }

  for (const table of document.querySelectorAll("table.sortable")) {
    makeFilterable(table);
    makeSortable(table);
  }

  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = Array.from(document.querySelectorAll("details:not([open])"));
    for (const details of closed) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const details of closed) details.open = false;
  });
})();
]==]

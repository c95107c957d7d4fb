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

  // A word of the filter: "mantissa>3" compares a column, anything else is looked for in every cell.
  function condition(word, names) {
    const parts = /^(.+?)(<=|>=|!=|<|>|=)(.*)$/.exec(word);
    const column = parts ? names.indexOf(parts[1].toLowerCase()) : -1;
    if (column < 0) return (row) => row.textContent.toLowerCase().includes(word.toLowerCase());
    const holds = operators[parts[2]];
    const number = parts[3] === "" ? NaN : Number(parts[3]);
    return (row) => {
      const value = valueOf(row.cells[column]);
      if (typeof value === "number" && !Number.isNaN(number)) return holds(value, number);
      return value !== null && typeof value === "string" && holds(value.toLowerCase(), parts[3].toLowerCase());
    };
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
    input.placeholder = names.length > 1 ? "text, or " + names[0] + ">3" : "text";
    count.className = "count";
    count.setAttribute("role", "status");
    function apply() {
      const words = input.value.split(/\s+/).filter((word) => word !== "").map((word) => condition(word, names));
      let shown = 0;
      for (const row of body.rows) {
        row.hidden = !words.every((holds) => holds(row));
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = shown + " of " + body.rows.length + " rows";
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

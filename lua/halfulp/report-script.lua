-- report-script.lua - what report.html does: tables are sorted by a click on a column's name and filtered by a text;
-- what is folded is printed, too. The page is whole without it. (JavaScript)

return [==[
"use strict";
(function () {
  const operators = {
    "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b,
    "=": (a, b) => a === b, "!=": (a, b) => a !== b,
  };
  const also = { "==": "=", "=<": "<=", "=>": ">=", "<>": "!=" };      // other ways to write some of them
  const comparison = "(<=|>=|!=|==|=<|=>|<>|<|>|=)";

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

  // The text in quotes at the beginning, as [all of it, its inside]; null where there is none. One without an end is still being written.
  function quoted(text) {
    return /^"([^"]*)"/.exec(text) || /^'([^']*)'/.exec(text) || (/^["']/.test(text) ? [text, ""] : null);
  }

  // The value at the beginning: in quotes, or the longest row of words that stands in a cell of the column, or the first word.
  function valueAt(text, column, body) {
    const inQuotes = quoted(text);
    if (inQuotes) return inQuotes;
    let longest = /^\S*/.exec(text)[0];
    for (const row of body.rows) {
      const value = String(valueOf(row.cells[column])), next = text.slice(value.length, value.length + 1);
      if (value.length > longest.length && text.slice(0, value.length).toLowerCase() === value.toLowerCase() && /^\s?$/.test(next)) longest = text.slice(0, value.length);
    }
    return [longest, longest];
  }

  // The parts of a filter, parted by blanks: "mantissa>3", with or without blanks, compares a column; anything else is looked for in every cell.
  // Each is {text} or {column, sign, value}.
  function conditions(text, names, body) {
    const escaped = names.filter((name) => name).sort((a, b) => b.length - a.length).map((name) => name.replace(/[^\w\s]/g, "\\$&"));
    const compared = new RegExp("^(" + escaped.join("|") + ")\\s*" + comparison + "\\s*", "i");
    const list = [];
    for (let rest = text.trim(); rest !== ""; ) {
      const head = escaped.length > 0 && compared.exec(rest);
      if (head) {
        const column = names.indexOf(head[1].toLowerCase()), value = valueAt(rest.slice(head[0].length), column, body);
        list.push({ column, sign: also[head[2]] || head[2], value: value[1] });
        rest = rest.slice(head[0].length + value[0].length).trim();
      } else {
        const word = quoted(rest) || /^(\S+)/.exec(rest);
        list.push({ text: word[1] });
        rest = rest.slice(word[0].length).trim();
      }
    }
    return list;
  }

  function holdsIn(one) {
    if (one.text !== undefined) return (row) => row.textContent.toLowerCase().includes(one.text.toLowerCase());
    if (one.value === "") return () => true;            // not all of it is written yet
    const holds = operators[one.sign], number = Number(one.value);
    return (row) => {
      const value = valueOf(row.cells[one.column]);
      if (typeof value === "number" && !Number.isNaN(number)) return holds(value, number);
      return value !== null && typeof value === "string" && holds(value.toLowerCase(), one.value.toLowerCase());
    };
  }

  // What a filter that leaves nothing may have meant: a column that is not there, or one that is not said.
  function advice(list, text, names) {
    if (list.some((one) => one.text !== undefined && new RegExp("^" + comparison).test(one.text)) && !new RegExp("[^\\s<>=!]\\s*" + comparison).test(text)) {
      return "; a comparison begins with a column, such as " + names[0] + " > 3";
    }
    const parts = new RegExp("([^\\s<>=!]+)\\s*" + comparison).exec(text);
    return parts && !names.some((name) => name === parts[1].toLowerCase() || name.endsWith(" " + parts[1].toLowerCase())) ? "; no column is called " + parts[1] : "";
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
    input.title = "parted by blanks: text, or a column, one of = != < <= > >=, and a value; values with blanks may stand in quotes";
    count.className = "count";
    count.setAttribute("role", "status");
    function apply() {
      const list = conditions(input.value, names, body), tests = list.map(holdsIn);
      let shown = 0;
      for (const row of body.rows) {
        row.hidden = !tests.every((holds) => holds(row));
        shown += row.hidden ? 0 : 1;
      }
      count.textContent = shown + " of " + body.rows.length + " rows" + (shown === 0 ? advice(list, input.value, names) : "");
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

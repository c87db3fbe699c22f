"use strict";
// Sort and filter. The page says everything without it.
const all = (selector, within = document) => [...within.querySelectorAll(selector)];

const form = document.querySelector("form");
const [words, state, said] = ["input", "select", "output"].map((name) => form.querySelector(name));

// What is written in an entry, and what stands above it.
const texts = new WeakMap();
function text(row) {
  if (!texts.has(row)) texts.set(row, `${row.dataset.row} ${row.textContent}`.toLowerCase());
  return texts.get(row);
}

function filter() {
  const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
  const rows = all("[data-row]");
  let shown = 0;
  for (const row of rows) {
    const fits = wanted.every((word) => text(row).includes(word));
    const stands = !state.value || !row.dataset.state || state.value.split(" ").includes(row.dataset.state);
    row.toggleAttribute("data-hidden", !(fits && stands));
    shown += fits && stands;
  }
  for (const group of all("[data-group]")) {
    group.toggleAttribute("data-hidden", !group.querySelector("[data-row]:not([data-hidden])"));
  }
  said.value = shown === rows.length ? "" : `${shown} of ${rows.length} entries shown`;
}
form.addEventListener("input", filter);
form.addEventListener("submit", (event) => event.preventDefault());
form.hidden = false;
filter();

function sort(table, column, down) {
  const key = (row) => row.cells[column].dataset.order ?? row.cells[column].textContent;
  const compare = new Intl.Collator("en", { numeric: true }).compare;
  const body = table.tBodies[0];
  const rows = [...body.rows].sort((one, other) => compare(key(one), key(other)));
  body.append(...(down ? rows.reverse() : rows));
  all("thead th", table).forEach((head, at) => {
    if (at === column) head.setAttribute("aria-sort", down ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  });
}
for (const table of all("table[data-sort]")) {
  all("thead th", table).forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(table, column, head.getAttribute("aria-sort") === "ascending"));
    head.append(button);
  });
}

// Paper cannot be clicked: what is folded away is printed too.
const folded = () => all("details:not([open])");
let opened = [];
addEventListener("beforeprint", () => { opened = folded(); opened.forEach((each) => { each.open = true; }); });
addEventListener("afterprint", () => opened.forEach((each) => { each.open = false; }));

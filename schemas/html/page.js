
"use strict";
/* Sorting and filters. Without this script the page shows the same rows, in the order they were written in. */
const collator = new Intl.Collator("en", { numeric: true });
const compare = (a, b) => {
  const empty = (a === "") - (b === ""); /* what has no value comes last, whichever way */
  return empty ? [empty, true] : [a - b || collator.compare(a, b), false];
};
const sort = (list, valueOf, down) => {
  const order = (a, b) => {
    const [found, fixed] = compare(valueOf(a), valueOf(b));
    return down && !fixed ? -found : found;
  };
  list.append(...[...list.children].sort(order));
};
const field = (bar, text, tag, type) => {
  const label = bar.appendChild(document.createElement("label"));
  label.textContent = text;
  const input = label.appendChild(document.createElement(tag));
  if (type) input.type = type;
  return input;
};
const choice = (bar, text, options) => {
  const select = field(bar, text, "select");
  for (const [value, shown] of options) select.add(new Option(shown, value));
  return select;
};

for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const down = head.ariaSort === "ascending";
      for (const other of heads) other.removeAttribute("aria-sort");
      head.ariaSort = down ? "descending" : "ascending";
      const valueOf = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent.trim();
      sort(table.tBodies[0], valueOf, down);
    });
  });
}

for (const list of document.querySelectorAll("[data-list]")) {
  const items = [...list.children];
  const words = (name) => (list.dataset[name] ?? "").split(" ").filter(Boolean);
  const bar = document.createElement("div");
  bar.className = "controls";
  const search = field(bar, "find", "input", "search");
  const choices = words("choose").flatMap((name) => {
    const values = [...new Set(items.map((item) => item.dataset[name]))].sort(collator.compare);
    if (values.length < 2) return [];
    const options = [["", "all"], ...values.map((value) => ["=" + value, value || "not given"])];
    return [[name, choice(bar, name, options)]];
  });
  const orders = words("order").flatMap((name) => [[name + " up", name + " ↑"], [name + " down", name + " ↓"]]);
  const order = orders.length && choice(bar, "order", [["", "as sampled"], ...orders]);
  const output = bar.appendChild(document.createElement("output"));
  const show = () => {
    const text = search.value.toLowerCase();
    for (const item of items)
      item.hidden =
        !item.textContent.toLowerCase().includes(text) ||
        choices.some(([name, select]) => select.value && select.value !== "=" + item.dataset[name]);
    output.value = `${items.filter((item) => !item.hidden).length} of ${items.length} shown`;
  };
  const arrange = () => {
    const [name, way] = order.value.split(" ");
    if (name) sort(list, (item) => item.dataset[name], way === "down");
    else list.append(...items);
  };
  for (const input of [search, ...choices.map(([, select]) => select)]) input.addEventListener("input", show);
  if (order) order.addEventListener("input", arrange);
  const place = list.closest("[role=region]") ?? list.closest("table") ?? list;
  place.before(bar);
  show();
}

addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});

/* One page of the table: its rows, what the status line says, the pager and the heads of the columns. */
"use strict";

VIEWER.page = ({ find, table, status, words, values, rows, search, cells, address }) => {
  const { own, load, chunkOf, rowAt, baseAt } = rows;
  const { rows: total, fields, columns, hidden } = own;
  const { element } = cells;
  const { state } = address;
  const { say } = values;
  const opener = columns[0];
  let view = null; // row numbers; null while all rows stand in their own order
  let here = total; // how many rows the parts hold that are there

  function setView(chosen, rowsHere) {
    view = chosen;
    here = rowsHere;
  }

  const viewSize = () => (view ? view.length : total);
  const indexAt = (place) => (view ? view[place] : place);
  const placeOf = (row) => (view ? view.indexOf(row - 1) : row - 1);
  const titleOf = (row) => values.shown(fields[opener], row[opener]);

  function classOf(position, value) {
    return `t-${cells.kindOf(fields[position], value)}${hidden.includes(position) ? " machine" : ""}`;
  }

  function drawRow(place, wanted) {
    const index = indexAt(place);
    const row = rowAt(index);
    const line = element("tr");
    for (const position of columns) {
      const value = row[position];
      const cell = element(position === opener ? "th" : "td", classOf(position, value));
      const alt = values.altOf(fields[position], row) || (position === opener ? "" : titleOf(row));
      const content = cells.content(fields[position], value, wanted, alt, baseAt(index));
      cell.append(position === opener ? buttonOf(place, titleOf(row).trim() ? content : words.details) : content);
      if (position === opener) cell.scope = "row";
      line.append(cell);
    }
    return line;
  }

  function buttonOf(place, content) {
    const button = element("button");
    button.type = "button";
    button.dataset.place = place;
    button.append(content);
    return button;
  }

  async function draw(isCurrent) {
    const count = viewSize();
    const pages = Math.max(1, Math.ceil(count / state.size));
    state.page = Math.min(Math.max(1, state.page), pages);
    const from = (state.page - 1) * state.size;
    const to = Math.min(count, from + state.size);
    const places = Array.from({ length: to - from }, (_, place) => from + place);
    for (const number of new Set(places.map((place) => chunkOf(indexAt(place))))) await load(number);
    if (!isCurrent()) return false;
    const wanted = search.wordsOf(state.q);
    table.tBodies[0].replaceChildren(...places.map((place) => drawRow(place, wanted)));
    drawStatus(from, to, count);
    drawPager(pages);
    drawHeads();
    return true;
  }

  function drawStatus(from, to, count) {
    const shown = [from + 1, to, count].map(say);
    if (!count) status.textContent = words.nothing(state.q.trim(), state.year);
    else if (view && count !== here && here !== total) status.textContent = words.foundHere(...shown, say(here), say(total));
    else if (view && count !== here) status.textContent = words.found(...shown, say(total));
    else status.textContent = here === total ? words.rows(...shown) : words.rowsHere(...shown, say(total));
  }

  function drawPager(pages) {
    find("pager").hidden = pages === 1;
    find("page").value = state.page;
    find("pages").textContent = words.pages(say(pages));
    const focused = document.activeElement;
    for (const button of find("pager").querySelectorAll("button")) {
      button.disabled = state.page === (["first", "previous"].includes(button.dataset.go) ? 1 : pages);
    }
    if (focused?.disabled) find("pager").querySelector("[data-go=previous]:enabled, [data-go=next]:enabled")?.focus();
  }

  function drawHeads() {
    columns.forEach((position, place) => {
      const head = table.tHead.rows[0].cells[place];
      const isSorted = fields[position].name === state.sort;
      if (isSorted) head.setAttribute("aria-sort", state.dir === "asc" ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
      head.querySelector(".arrow").textContent = isSorted ? (state.dir === "asc" ? "▲" : "▼") : "";
    });
  }

  return { setView, viewSize, indexAt, placeOf, titleOf, draw };
};

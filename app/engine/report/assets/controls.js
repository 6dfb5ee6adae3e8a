/* What people move: the search box, the year, the heads of the columns, the pager. `show` draws what they ask for. */
"use strict";

VIEWER.controls = ({ find, table, rows, cells, address, page, show }) => {
  const { fields, columns, years } = rows.own;
  const { state } = address;
  let typing;

  function fill() {
    find("q").value = state.q;
    find("size").value = state.size;
    if (find("year")) find("year").value = state.year;
  }

  function makeHeads() {
    columns.forEach((position, place) => {
      const field = fields[position];
      const button = cells.element("button", "", field.label);
      const arrow = cells.element("span", "arrow");
      button.type = "button";
      arrow.setAttribute("aria-hidden", "true");
      button.append(arrow);
      table.tHead.rows[0].cells[place].replaceChildren(button);
      button.addEventListener("click", () => sort(field.name));
    });
  }

  function sort(name) {
    const isSorted = state.sort === name;
    if (isSorted && state.dir === "desc") show({ sort: "", dir: "asc", page: 1 });
    else show({ sort: name, dir: isSorted ? "desc" : "asc", page: 1 });
  }

  function seek() {
    clearTimeout(typing);
    const query = find("q").value;
    if (query !== state.q) show({ q: query, page: 1 }, { isTyping: state.q !== "" && query !== "" });
  }

  async function turn(to) {
    await show({ page: to }, { isSameView: true });
    table.parentElement.scrollIntoView({ block: "nearest" });
    find("pager").scrollIntoView({ block: "nearest" }); // which a long table has just pushed out of sight
  }

  function listenToTools() {
    find("q").addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(seek, 200);
    });
    find("tools").addEventListener("submit", (event) => {
      event.preventDefault();
      seek();
    });
    find("year")?.addEventListener("change", (event) => show({ year: event.target.value, page: 1 }));
    find("size").addEventListener("change", (event) => {
      const first = (state.page - 1) * state.size;
      const size = Number(event.target.value);
      show({ size, page: Math.floor(first / size) + 1 }, { isSameView: true });
    });
  }

  function listenToPager() {
    find("page").addEventListener("change", (event) => turn(Number.parseInt(event.target.value, 10) || 1));
    find("pager").addEventListener("click", (event) => {
      const pages = Math.ceil(page.viewSize() / state.size);
      const to = { first: 1, previous: state.page - 1, next: state.page + 1, last: pages }[event.target.dataset.go];
      if (to) turn(to);
    });
  }

  makeHeads();
  for (const year of years) find("year").append(cells.element("option", "", year));
  listenToTools();
  listenToPager();
  window.addEventListener("hashchange", () => {
    if (!address.follow()) return;
    fill();
    show({});
  });
  for (const each of document.querySelectorAll(".js-only")) each.hidden = false;
  fill();
};

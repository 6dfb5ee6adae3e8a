/* What the page shows, as it stands in its address, so that back, forward and reload keep it. */
"use strict";

VIEWER.address = ({ rows }) => {
  const { rows: total, fields, years } = rows.own;
  const SIZES = [25, 50, 100];
  const START = { q: "", year: "", sort: "", dir: "asc", page: 1, size: 50, row: 0 };

  function toHash(of) {
    const kept = Object.keys(START).filter((key) => of[key] !== START[key] && (key !== "dir" || of.sort));
    return new URLSearchParams(kept.map((key) => [key, of[key]])).toString();
  }

  function rowNumber(text) {
    const number = Math.trunc(Number(text));
    return number >= 1 && number <= total ? number : 0;
  }

  function fromHash() {
    const given = new URLSearchParams(location.hash.slice(1));
    const year = given.get("year") || "";
    const size = Number(given.get("size"));
    return {
      q: given.get("q") || "",
      year: years.map(String).includes(year) ? year : "",
      sort: fields.some((field) => field.name === given.get("sort")) ? given.get("sort") : "",
      dir: given.get("dir") === "desc" ? "desc" : "asc",
      page: Math.max(1, Math.trunc(Number(given.get("page"))) || 1),
      size: SIZES.includes(size) ? size : START.size,
      row: rowNumber(given.get("row")),
    };
  }

  const state = fromHash();

  function keep(isTyping) {
    const hash = `#${toHash(state)}`;
    if (hash === (location.hash || "#")) return;
    if (isTyping) location.replace(hash);
    else location.hash = hash;
  }

  /* A row's own view is no step of its own for back and forward, and must not scroll the page behind it. */
  function replace() {
    const hash = `#${toHash(state)}`;
    if (hash !== (location.hash || "#")) history.replaceState(history.state, "", hash);
  }

  /* Whether the address asks for something else than what is shown; then that is the state. */
  function follow() {
    const given = fromHash();
    const isOther = toHash(given) !== toHash(state);
    if (isOther) Object.assign(state, given);
    return isOther;
  }

  return { state, keep, replace, follow };
};

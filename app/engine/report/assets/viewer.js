/* The page of a table: puts its rooms together and shows what is asked for. Loaded last.

   Classic scripts, since browsers block modules, fetch and workers on file://. Each of the other files makes one room
   from those before it; none reaches for another by itself. */
"use strict";

(() => {
  const find = (id) => document.getElementById(id);
  const { words } = VIEWER;
  const room = { find, table: find("table"), status: find("status"), words, archive: window.ARCHIVE, show };
  const ROOMS = ["parts", "values", "rows", "search", "cells", "address", "choice", "page", "related", "detail", "controls"];
  let absent = []; // parts of the archive that hold rows of this table and are not there
  let run = 0;

  async function start() {
    showHere();
    const lost = room.archive ? ROOMS.find((name) => !VIEWER[name]) : "manifest";
    if (lost) {
      room.status.textContent = words.missing(`viewer/${lost}.js`);
      return;
    }
    for (const name of ROOMS.slice(0, -1)) room[name] = VIEWER[name](room);
    absent = await room.parts.findAbsent(room.rows.own.chunkParts);
    if (absent.length) find("absent").append(room.cells.element("p", "note warn", room.parts.tellAbsent(absent)));
    if (!room.rows.listHere(absent).length) {
      leaveFirstRows();
      return;
    }
    VIEWER.controls(room);
    await show({});
  }

  /* On a narrow screen the navigation is one line that scrolls: begin at this page. */
  function showHere() {
    const here = document.querySelector(".side-nav [aria-current]");
    here.closest("nav").scrollLeft = here.offsetLeft - here.closest("nav").offsetLeft - 16;
  }

  /* No row can be read: those in the page itself stay, without links to files that are not there. */
  function leaveFirstRows() {
    for (const link of room.table.tBodies[0].querySelectorAll("a")) link.replaceWith(link.textContent);
  }

  /* Sets the state to what changed and draws it. `isSameView`: the same rows in the same order. */
  async function show(change, { isSameView = false, isTyping = false } = {}) {
    const { address, choice, page, rows, detail } = room;
    const { state } = address;
    Object.assign(state, change);
    run += 1;
    const mine = run;
    const isCurrent = () => mine === run;
    try {
      if (!isSameView) {
        const chosen = await choice.choose(absent, isCurrent);
        if (!isCurrent()) return; // a newer search has replaced this one
        page.setView(chosen, absent.length ? rows.listHere(absent).length : rows.own.rows);
      }
      const place = page.placeOf(state.row);
      if (place >= 0) state.page = Math.floor(place / state.size) + 1;
      if (!(await page.draw(isCurrent))) return;
      if (place >= 0) {
        await detail.showRow(place);
        return;
      }
      state.row = 0;
      detail.closeDetail();
      address.keep(isTyping);
    } catch (error) {
      room.status.textContent = words.trouble(error);
    }
  }

  start();
})();

/* The overview of an archive in parts: which of them are there. */
"use strict";

(() => {
  const { words } = VIEWER;
  const archive = window.ARCHIVE;
  if (!archive || !VIEWER.parts) return;
  const parts = VIEWER.parts({ archive, words });

  function mark(part, isThere) {
    const badge = document.querySelector(`[data-part="${part}"] .badge`);
    badge.classList.add(isThere ? "ok" : "warn");
    badge.textContent = isThere ? words.partFound : words.partAbsent;
    badge.hidden = false;
  }

  async function start() {
    const others = archive.parts.map((_, position) => position + 1).filter((part) => part !== archive.part);
    const absent = await parts.findAbsent(others);
    for (const part of others) mark(part, !absent.includes(part));
    if (!absent.length) return;
    const note = document.createElement("p");
    note.className = "note warn";
    note.textContent = parts.tellAbsent(absent);
    document.getElementById("absent").append(note);
  }

  start();
})();

/* What the scripts of the pages say. Loaded first: the other files add themselves to VIEWER. */
"use strict";

var VIEWER = {};

{
  function list(words) {
    return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
  }

  VIEWER.words = {
    rows: (from, to, total) => `Rows ${from}–${to} of ${total}`,
    rowsHere: (from, to, here, total) => `Rows ${from}–${to} of ${here} that are here (${total} in all)`,
    found: (from, to, found, total) => `Rows ${from}–${to} of ${found} found (${total} in all)`,
    foundHere: (from, to, found, here, total) => `Rows ${from}–${to} of ${found} found (${here} here, ${total} in all)`,
    nothing: (query, year) =>
      `Nothing found${query ? ` for “${query}”` : ""}${year ? ` in ${year}` : ""}. ` +
      (year ? "Choose all years, or try other words." : "Check the spelling, or try fewer words."),
    reading: (done, total) => `Reading ${done} of ${total} rows…`,
    missing: (file) => `The file ${file} is missing or damaged. Unpack the whole ZIP file, then open index.html again.`,
    absent: (parts, folders) =>
      `${parts.length === 1 ? "Part" : "Parts"} ${list(parts)} ${parts.length === 1 ? "is" : "are"} not here. ` +
      `Unpack ${list(folders.map((folder) => `${folder}.zip`))} beside this folder.`,
    partFound: "Found",
    partAbsent: "Not here",
    pages: (pages) => `of ${pages}`,
    place: (number, total) => `Row ${number} of ${total}`,
    details: "Details",
    relating: "Looking for what belongs to this row…",
    section: (title, count) => `${title} (${count})`,
    by: (title, label) => `${title}, ${label}`,
    more: (count) => `and ${count} more`,
    empty: "–",
    yes: "Yes",
    no: "No",
    you: "You",
    bytes: (size) => `${size} bytes`,
    inJson: "The bytes themselves are in the JSON file.",
    program: "A browser would run what is in this file. It lies in the folder data; open it only if you trust it.",
  };
}

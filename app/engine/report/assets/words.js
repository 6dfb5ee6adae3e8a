/* What the scripts of the pages say. Loaded first: the other files add themselves to VIEWER.

   The texts stand here in English. In an archive of another language, TEXTS holds what is said in their place. */
"use strict";

var VIEWER = {};

{
  const TEXTS = {};
  const page = document.documentElement.lang;

  const _ = (text, values = {}) => (TEXTS[text] ?? text).replace(/%\((\w+)\)s/g, (_all, name) => values[name]);

  function list(words) {
    try {
      return new Intl.ListFormat(page).format(words);
    } catch {
      return words.join(", "); // an old browser
    }
  }

  function nothing(query, year) {
    const values = { query, year };
    if (query && year) return _("Nothing found for “%(query)s” in %(year)s. Choose all years, or try other words.", values);
    if (year) return _("Nothing found in %(year)s. Choose all years, or try other words.", values);
    return _("Nothing found for “%(query)s”. Check the spelling, or try fewer words.", values);
  }

  const missing = (file) =>
    _("The file %(file)s is missing or damaged. Unpack the whole ZIP file, then open index.html again.", { file });

  function absent(parts, folders) {
    const values = { parts: list(parts.map(String)), files: list(folders.map((folder) => `${folder}.zip`)) };
    if (parts.length === 1) return _("Part %(parts)s is not here. Unpack %(files)s beside this folder.", values);
    return _("Parts %(parts)s are not here. Unpack %(files)s beside this folder.", values);
  }

  VIEWER.words = {
    rows: (from, to, total) => _("Rows %(from)s–%(to)s of %(total)s", { from, to, total }),
    rowsHere: (from, to, here, total) =>
      _("Rows %(from)s–%(to)s of %(here)s that are here (%(total)s in all)", { from, to, here, total }),
    found: (from, to, found, total) => _("Rows %(from)s–%(to)s of %(found)s found (%(total)s in all)", { from, to, found, total }),
    foundHere: (from, to, found, here, total) =>
      _("Rows %(from)s–%(to)s of %(found)s found (%(here)s here, %(total)s in all)", { from, to, found, here, total }),
    nothing,
    reading: (done, total) => _("Reading %(done)s of %(total)s rows…", { done, total }),
    missing,
    trouble: ({ file, message }) => (file ? missing(file) : _("This page does not work here: %(message)s", { message })),
    absent,
    partFound: _("Found"),
    partAbsent: _("Not here"),
    pages: (pages) => _("of %(pages)s", { pages }),
    place: (number, total) => _("Row %(number)s of %(total)s", { number, total }),
    details: _("Details"),
    relating: _("Looking for what belongs to this row…"),
    section: (title, count) => `${title} (${count})`,
    by: (title, label) => `${title}, ${label}`,
    more: (count) => _("and %(count)s more", { count }),
    empty: "–",
    yes: _("Yes"),
    no: _("No"),
    you: _("You"),
    bytes: (count) => _("Bytes: %(count)s", { count }),
    inJson: _("The bytes themselves are in the JSON file."),
    shortened: (shown, whole) =>
      _("The first %(shown)s of %(whole)s characters. All of them are in the JSON file.", { shown, whole }),
    program: _("A browser would run what is in this file. It lies in the folder data; open it only if you trust it."),
  };
}

/* How values read. What cells look like is said twice: by these scripts, and by cells.py for the first rows. */
"use strict";

VIEWER.values = ({ archive, words }) => {
  const OPAQUE = /^(-?\d+|[0-9a-f-]{16,})$/i; // an id that tells people nothing
  const MOMENT = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(Z|[+-]\d\d:\d\d)?)?$/;
  const PICTURES = ["png", "jpg", "jpeg", "gif", "webp"];
  const PROGRAMS = ["htm", "html", "shtml", "xht", "xhtml", "xml", "xsl", "xslt", "svg", "svgz", "mht", "mhtml", "js", "mjs", "hta"];

  function isKnown(locale, options) {
    try {
      return Boolean(new Intl.DateTimeFormat(locale, options));
    } catch {
      return false;
    }
  }
  const locale = isKnown(archive.locale) ? archive.locale : "en";
  const timeZone = isKnown("en", { timeZone: archive.timeZone }) ? archive.timeZone : "UTC";
  const calendar = { calendar: "gregory", numberingSystem: "latn" };
  const numbers = new Intl.NumberFormat(locale, { maximumSignificantDigits: 21, numberingSystem: "latn" });
  const moments = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short", timeZone, ...calendar });
  const dates = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeZone: "UTC", ...calendar });
  const yearOnly = new Intl.DateTimeFormat(locale, { year: "numeric", timeZone, ...calendar });
  const collator = new Intl.Collator(locale, { numeric: true });
  const say = (number) => numbers.format(number);

  /* null for other texts: SQLite keeps any in a column of moments, and of “note 1” a browser makes a day of 2001. */
  function momentOf(text) {
    const found = MOMENT.exec(text);
    if (!found) return null;
    const [, day, clock = "00:00", zone = "Z"] = found;
    const moment = new Date(`${day}T${clock}${zone}`);
    const midnight = new Date(`${day}T00:00Z`); // of 30 February it makes 2 March
    return Number.isNaN(moment.getTime()) || !midnight.toISOString().startsWith(day) ? null : moment;
  }

  function format(formatter, value) {
    const moment = momentOf(value);
    return moment ? formatter.format(moment) : String(value);
  }

  function shown(field, value) {
    if (value === null) return "";
    const word = field.words?.find(([stored]) => stored === value);
    if (word) return word[1];
    switch (field.kind) {
      case "moment": return format(moments, value);
      case "date": return format(dates, value);
      case "number": return typeof value === "number" ? say(value) : String(value);
      case "flag": return value ? words.yes : words.no;
      case "bytes": return words.bytes(say(value));
      case "id": return field.isPerson && String(value) === archive.person ? words.you : String(value);
      default: return String(value);
    }
  }

  function yearOf(value) {
    if (!/^\d{4}-/.test(value)) return "";
    const isNearNewYear = value.length > 10 && /^(12-3[01]|01-0[12])$/.test(value.slice(5, 10));
    const moment = isNearNewYear ? momentOf(value) : null;
    return moment ? yearOnly.formatToParts(moment).find((part) => part.type === "year").value : String(Number(value.slice(0, 4)));
  }

  /* Lines and indents for JSON as it is written: parsing it would lose digits of long numbers. It may end anywhere. */
  function indented(json) {
    const pieces = json.match(/"(?:[^"\\]+|\\[\s\S])*(?:"|\\?$)|[[{]\s*[\]}]|[[\]{},]|[^[\]{},"]+/g) || [];
    let depth = 0;
    const line = (by) => `\n${"  ".repeat(Math.max(0, (depth += by)))}`;
    return pieces
      .map((piece) => {
        if (piece === "{" || piece === "[") return piece + line(1);
        if (piece === "}" || piece === "]") return line(-1) + piece;
        if (piece === ",") return piece + line(0);
        return piece[0] === '"' ? piece : piece.trimStart();
      })
      .join("");
  }

  const ending = (path) => path.slice(path.lastIndexOf(".") + 1).toLowerCase();

  /* `base`: where the row's part of the archive lies, from this page. Empty for what a browser would run. */
  function linkTo(path, base) {
    const names = path.split("/");
    if (PROGRAMS.includes(ending(path)) || names.some((name) => ["", ".", ".."].includes(name))) return "";
    return `${base}data/${names.map(encodeURIComponent).join("/")}`;
  }

  const isPicture = (path) => path !== null && linkTo(path, "") !== "" && PICTURES.includes(ending(path));

  /* What the row says that its picture shows. */
  const altOf = (field, row) => (field.alt === undefined ? "" : row[field.alt] || "");

  const isOpaque = (text) => OPAQUE.test(text);

  return { collator, say, shown, momentOf, yearOf, indented, linkTo, isPicture, altOf, isOpaque };
};

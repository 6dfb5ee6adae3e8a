/* Search: without case and diacritics, so that “da lat” finds “Đà Lạt”. */
"use strict";

VIEWER.search = ({ values }) => {
  const LETTERS = { đ: "d", ð: "d", ø: "o", ł: "l", ı: "i", ß: "ss", æ: "ae", œ: "oe", þ: "th", ς: "σ" };

  function fold(text) {
    const lower = text.toLowerCase();
    if (/^[\x00-\x7f]*$/.test(lower)) return lower;
    return lower
      .normalize("NFKD")
      .replace(/[\u0300-\u036f\u0591-\u05c7\u064b-\u065f]/g, "")
      .replace(/[đðøłıßæœþς]/g, (letter) => LETTERS[letter]);
  }

  const wordsOf = (query) => fold(query).split(/\s+/).filter(Boolean);

  function textOf(fields, row) {
    const texts = fields.map((field, position) => {
      const value = row[position];
      if (value === null || field.kind === "flag" || field.kind === "bytes") return "";
      const text = values.shown(field, value);
      return text === value ? text : `${text}\n${value}`;
    });
    return fold(texts.join("\n"));
  }

  /* Where the words stand in the text as it is: pairs of positions, in order, without overlaps. */
  function hitsIn(text, words) {
    let plain = "";
    const positions = [];
    let at = 0;
    for (const character of text) {
      const folded = fold(character);
      for (let each = 0; each < folded.length; each += 1) positions.push(at);
      plain += folded;
      at += character.length;
    }
    positions.push(text.length);
    const hits = [];
    for (const word of words) {
      for (let place = plain.indexOf(word); place >= 0; place = plain.indexOf(word, place + word.length)) {
        hits.push([positions[place], positions[place + word.length]]);
      }
    }
    hits.sort((one, other) => one[0] - other[0] || other[1] - one[1]);
    let end = 0;
    return hits.filter(([from, to]) => {
      const isFree = from >= end && to > from;
      if (isFree) end = to;
      return isFree;
    });
  }

  return { wordsOf, textOf, hitsIn };
};

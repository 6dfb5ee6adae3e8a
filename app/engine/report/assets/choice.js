/* Which rows the table shows, and in which order: those that hold all words and the year, sorted by one column. */
"use strict";

VIEWER.choice = ({ words, values, rows, search, address, status }) => {
  const { own, load, rowAt, listHere } = rows;
  const { state } = address;
  const { rows: total, starts, fields, yearField, chunks } = own;
  const texts = []; // for each chunk its rows as folded text, made by the first search

  async function readAll(isCurrent, withTexts) {
    for (let number = 0; number < starts.length; number += 1) {
      const isNew = !chunks[number] || (withTexts && !texts[number]);
      if (!(await load(number))) continue;
      if (!isCurrent()) return false;
      if (withTexts) texts[number] ||= chunks[number].map((row) => search.textOf(fields, row));
      if (isNew && number % 10 === 9) {
        status.textContent = words.reading(values.say(starts[number] + chunks[number].length), values.say(total));
        await new Promise((go) => setTimeout(go)); // the page stays alive while it reads
      }
    }
    return true;
  }

  /* Resolves to row numbers; to null for all rows in their own order; to undefined when something newer is asked.
     `absent`: the parts of the archive that are not there. */
  async function choose(absent, isCurrent) {
    const wanted = search.wordsOf(state.q);
    if (!wanted.length && !state.year && !state.sort) return absent.length ? listHere(absent) : null;
    if (!(await readAll(isCurrent, wanted.length > 0))) return undefined;
    const chosen = [];
    chunks.forEach((each, number) => {
      each.forEach((row, place) => {
        if (state.year && values.yearOf(row[yearField]) !== state.year) return;
        if (wanted.length && !wanted.every((word) => texts[number][place].includes(word))) return;
        chosen.push(starts[number] + place);
      });
    });
    return state.sort ? sorted(chosen) : chosen;
  }

  function sorted(indexes) {
    const position = fields.findIndex((field) => field.name === state.sort);
    const field = fields[position];
    const direction = state.dir === "desc" ? -1 : 1;
    const keyed = indexes.map((index) => [sortKey(field, rowAt(index)[position]), index]);
    keyed.sort(([one, first], [other, second]) => {
      if (one === null || other === null) return (one === null) - (other === null) || first - second;
      return direction * compare(one, other) || first - second;
    });
    return keyed.map((pair) => pair[1]);
  }

  function sortKey(field, value) {
    if (value === null) return null;
    if (field.words) return values.shown(field, value);
    if (field.kind === "moment") return values.momentOf(value)?.getTime() ?? value;
    if (field.kind === "number" || field.number) return Number.isNaN(Number(value)) ? value : new Digits(value);
    if (field.kind === "flag") return value ? 0 : 1;
    return value;
  }

  /* Two long numbers that are one as floating point are told apart by their digits. */
  class Digits {
    constructor(value) {
      this.number = Number(value);
      this.text = String(value);
    }
  }

  function compare(one, other) {
    if (one instanceof Digits && other instanceof Digits) {
      if (one.number !== other.number) return one.number < other.number ? -1 : 1;
      return values.collator.compare(one.text, other.text) * (one.number < 0 ? -1 : 1);
    }
    if (typeof one === "number" && typeof other === "number") return one - other;
    return values.collator.compare(String(one.text ?? one), String(other.text ?? other));
  }

  return { choose };
};

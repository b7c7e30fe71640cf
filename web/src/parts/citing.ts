import type { Figure } from "../api/types";
import { formatFigure } from "./format";

const CITED = /\{\{\s*f:/;
const CODE = /(```[\s\S]*?(?:```|$)|`[^`\n]*`)/;

/**
 * A stored answer carries its figures' values in place of the citations, and lists the figures in the order in
 * which it cites them first. This puts the citations back, so that each value opens what is behind it: a value is
 * taken for the next figure that is due, or for one that has stood before. Text in code is left alone.
 */
export function withCitations(text: string, figures: readonly Figure[]): string {
  if (CITED.test(text) || figures.length === 0) return text;
  const shown = figures.map((figure) => ({ id: figure.id, value: formatFigure(figure), bare: isBare(figure) }));
  let due = 0;

  const citeAt = (part: string, at: number): { id: string; value: string } | null => {
    if (/[\w$.,-]/.test(part[at - 1] ?? "")) return null;
    const fits = (value: string) => part.startsWith(value, at) && !/^[\w%]|^[.,]\d/.test(part.slice(at + value.length));
    const next = shown[due];
    if (next && fits(next.value) && !isOrdinal(part, at, next.value)) {
      due += 1;
      return next;
    }
    return shown.slice(0, due).findLast((known) => !known.bare && fits(known.value)) ?? null;
  };

  const cite = (part: string): string => {
    let out = "";
    let at = 0;
    while (at < part.length) {
      const found = /[-$\d]/.test(part[at]!) ? citeAt(part, at) : null;
      out += found ? `{{f:${found.id}}}` : part[at];
      at += found ? found.value.length : 1;
    }
    return out;
  };

  return text.split(CODE).map((part, index) => (index % 2 === 1 ? part : cite(part))).join("");
}

/** A number without a unit may stand anywhere: it is linked only where its figure is due. */
const isBare = (figure: Figure): boolean => figure.unit === "count" || figure.unit === "ratio" || figure.unit === "text";

/** The number of a list item is nobody's figure. */
const isOrdinal = (part: string, at: number, value: string): boolean =>
  /(^|\n)\s*$/.test(part.slice(0, at)) && /^[.)]\s/.test(part.slice(at + value.length));

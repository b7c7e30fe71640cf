import type { Figure, FigureUnit } from "../api/types";

/**
 * How values are written for people. Money arrives as a decimal string and is rounded as one, half to even,
 * so that what the page shows equals what the command line and the report show.
 */

export const UNPRICED = "unpriced";
const EXACT_BELOW = 0.0995;

export function formatMoney(amount: string | number | null | undefined): string {
  if (amount === null || amount === undefined) return UNPRICED;
  const value = plainDecimal(amount);
  const negative = value.startsWith("-");
  const size = negative ? value.slice(1) : value;
  const sign = negative && /[1-9]/.test(size) ? "-" : "";
  if (!/[1-9]/.test(size)) return "$0.00";
  const leading = /^0*\.0*/.exec(size);
  const underTenCents = leading !== null && leading[0].length - size.indexOf(".") > 1 && Number(size) < EXACT_BELOW;
  if (!underTenCents) return `${sign}$${grouped(roundDecimal(size, 2))}`;
  const zeros = leading[0].length - size.indexOf(".") - 1;
  return `${sign}$${roundDecimal(size, zeros + 3).replace(/0+$/, "")}`;
}

export function formatPercent(value: number): string {
  const places = Math.abs(value) >= 1 || value === 0 ? 1 : 2;
  return `${grouped(roundDecimal(plainDecimal(value), places))} %`;
}

export function formatCount(value: number | string): string {
  const plain = plainDecimal(value);
  const whole = !/\.\d*[1-9]/.test(plain);
  return grouped(whole ? plain.split(".")[0]! : roundDecimal(plain, 1));
}

export function formatMilliseconds(value: number | string): string {
  const plain = plainDecimal(value);
  if (Math.abs(Number(plain)) < 1000) return `${grouped(roundDecimal(plain, 0))} ms`;
  return `${grouped(roundDecimal(plainDecimal(`${plain}e-3`), 2))} s`;
}

/** How long something took, for people: as milliseconds are, and in minutes from one minute on. */
export function formatDuration(value: number): string {
  if (value < 60_000) return formatMilliseconds(value);
  const seconds = Math.round(value / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

export function formatFigure(figure: Pick<Figure, "value" | "unit">): string {
  return formatUnit(figure.value, figure.unit);
}

export function formatUnit(value: string | number | null, unit: FigureUnit): string {
  if (value === null) return unit === "usd" ? UNPRICED : "unknown";
  if (unit === "text") return String(value);
  const twoPlaces = () => grouped(roundDecimal(plainDecimal(value), 2));
  switch (unit) {
    case "usd": return formatMoney(value);
    case "percent": return formatPercent(Number(value));
    case "points": return `${twoPlaces()} points`;
    case "ms": return formatMilliseconds(value);
    case "seconds": return `${twoPlaces()} s`;
    case "tokens": return `${formatCount(value)} tokens`;
    case "days": return `${formatCount(value)} ${Number(value) === 1 ? "day" : "days"}`;
    case "per_second": return `${formatCount(value)} / s`;
    case "per_minute": return `${formatCount(value)} / min`;
    case "ratio": return twoPlaces();
    case "count": return formatCount(value);
  }
}

const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

/** For axes and tiles, where room is short; the exact value stands in the tooltip or the figure. */
export const formatCompact = (value: number): string => compact.format(value);

export const formatBytes = (bytes: number): string => {
  const units = ["B", "KB", "MB", "GB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(size < 10 ? 1 : 0)} ${units[unit]}`;
};

/** Rounds a plain decimal string half to even, without passing through a float. */
export function roundDecimal(value: string, places: number): string {
  const negative = value.startsWith("-");
  const [whole = "0", fraction = ""] = (negative ? value.slice(1) : value).split(".");
  const kept = fraction.slice(0, places).padEnd(places, "0");
  const rest = fraction.slice(places);
  let digits = BigInt(whole + kept);
  const half = "5".padEnd(rest.length, "0");
  if (rest > half || (rest === half && rest !== "" && digits % 2n === 1n)) digits += 1n;
  const text = digits.toString().padStart(places + 1, "0");
  const cut = text.length - places;
  const rounded = places === 0 ? text : `${text.slice(0, cut)}.${text.slice(cut)}`;
  return negative && digits !== 0n ? `-${rounded}` : rounded;
}

/** Writes out an exponent (1e-7), which JSON numbers and JavaScript use for small values. */
export function plainDecimal(value: string | number): string {
  const text = String(value).trim();
  const match = /^(-?)(\d+)(?:\.(\d+))?[eE]([+-]?\d+)$/.exec(text);
  if (!match) return text;
  const [, sign = "", whole = "0", fraction = "", exponent = "0"] = match;
  const shift = Number(exponent);
  const digits = whole + fraction;
  const point = whole.length + shift;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${"0".repeat(point - digits.length)}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function grouped(value: string): string {
  const [whole = "", fraction] = value.split(".");
  const sign = whole.startsWith("-") ? "-" : "";
  const body = sign ? whole.slice(1) : whole;
  const separated = body.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return fraction === undefined ? sign + separated : `${sign}${separated}.${fraction}`;
}

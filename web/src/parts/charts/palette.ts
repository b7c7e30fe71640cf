import type { Verdict } from "../../api/document";
import { formatCompact, formatUnit } from "../format";
import type { MeasureUnit } from "../../api/document";

/** Colours come from the style sheet, so that light and dark stay one decision. */
const SERIES = ["var(--s1)", "var(--s2)", "var(--s3)", "var(--s4)", "var(--s5)", "var(--s6)", "var(--s7)"];

export const seriesColour = (index: number): string => SERIES[index % SERIES.length]!;

export const VERDICT_COLOUR: Record<Verdict, string> = {
  recommend: "var(--good)",
  refuse: "var(--bad)",
  insufficient_data: "var(--unknown)",
};

export const AXIS = { stroke: "var(--ink-3)", fontSize: 11, tickLine: false, axisLine: false } as const;
export const GRID = { stroke: "var(--line)", strokeDasharray: "0" } as const;

export const axisMoney = (value: number): string => (value < 0 ? `-$${formatCompact(-value)}` : `$${formatCompact(value)}`);

export const axisUnit = (unit: MeasureUnit) => (value: number): string => {
  if (unit === "usd") return axisMoney(value);
  if (unit === "ms") return value >= 1000 ? `${formatCompact(value / 1000)} s` : `${value} ms`;
  return unit === "percent" ? `${value} %` : formatCompact(value);
};

export const exactUnit = (value: string | number, unit: MeasureUnit): string => formatUnit(value, unit);

/** Room for category labels on a horizontal chart, in pixels. */
export const labelWidth = (labels: string[]): number =>
  Math.min(200, Math.max(60, ...labels.map((label) => label.length * 6.8 + 12)));

export const shorten = (label: string, most = 26): string => (label.length > most ? `${label.slice(0, most - 1)}…` : label);

/** "2026-03-05" as "5 Mar": the year stands in the caption and the table. */
export function shortDay(day: string): string {
  const [, month, date] = day.slice(0, 10).split("-");
  const names = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  return `${Number(date)} ${names[Number(month) - 1] ?? month}`;
}

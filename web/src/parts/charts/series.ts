/** One row a day, one number a series: the shape the chart library draws. */
export interface DayRow {
  day: string;
  [series: string]: number | string;
}

export interface SeriesTable {
  rows: DayRow[];
  names: string[];
}

const MOST_SERIES = 6;
export const OTHER = "other";

/** Pivots points to rows; beyond six, the smallest series are drawn together as "other". */
export function pivot(points: readonly { day: string; series: string; value: number }[], options: { fold: boolean }): SeriesTable {
  const totals = new Map<string, number>();
  for (const point of points) totals.set(point.series, (totals.get(point.series) ?? 0) + point.value);
  const ordered = [...totals.keys()].sort((a, b) => totals.get(b)! - totals.get(a)!);
  const kept = options.fold && ordered.length > MOST_SERIES + 1 ? ordered.slice(0, MOST_SERIES) : ordered;
  const names = kept.length < ordered.length ? [...kept, OTHER] : kept;
  const keep = new Set(kept);
  const rows = new Map<string, DayRow>();
  for (const point of points) {
    const row = rows.get(point.day) ?? { day: point.day };
    const name = keep.has(point.series) ? point.series : OTHER;
    row[name] = ((row[name] as number | undefined) ?? 0) + point.value;
    rows.set(point.day, row);
  }
  return { rows: [...rows.values()].sort((a, b) => a.day.localeCompare(b.day)), names };
}

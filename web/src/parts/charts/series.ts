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

const MOST_DAYS = 800;
const DAY_MS = 86_400_000;

/** A row for each day from the first to the last: a day without calls is a gap, not a narrower axis. Spans of years stay as they are. */
export function withEveryDay(rows: readonly DayRow[]): DayRow[] {
  const first = Date.parse(rows[0]?.day ?? "");
  const last = Date.parse(rows.at(-1)?.day ?? "");
  const days = Math.round((last - first) / DAY_MS) + 1;
  if (!(days > rows.length) || days > MOST_DAYS) return [...rows];
  const known = new Map(rows.map((row) => [row.day, row]));
  return Array.from({ length: days }, (_, at) => {
    const day = new Date(first + at * DAY_MS).toISOString().slice(0, 10);
    return known.get(day) ?? { day };
  });
}

/** Round places on an axis from zero, or from below it, to where the last one holds the highest value. */
export function roundTicks(values: readonly number[], most = 5): number[] {
  const low = Math.min(0, ...values);
  const high = Math.max(0, ...values);
  if (low === high) return [0, 1];
  const rough = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((wide) => wide >= rough * (1 - 1e-9))!;
  const first = Math.floor(low / step + 1e-9);
  const last = Math.ceil(high / step - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, index) => Number(((first + index) * step).toPrecision(12)));
}

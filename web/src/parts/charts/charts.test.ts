import { describe, expect, it } from "vitest";
import type { Chart } from "../../api/document";
import { wideness } from "./Charts";
import { pivot, withEveryDay, roundTicks } from "./series";
import { waterfallRows } from "./WaterfallView";

describe("a chart's data", () => {
  it("pivots points to days in order, biggest series first, the smallest together", () => {
    const points = Array.from({ length: 9 }, (_, index) => ({ day: index % 2 ? "2026-01-02" : "2026-01-01", series: `m${index}`, value: 10 - index }));
    const { rows, names } = pivot(points, { fold: true });
    expect(names).toEqual(["m0", "m1", "m2", "m3", "m4", "m5", "other"]);
    expect(rows.map((row) => row.day)).toEqual(["2026-01-01", "2026-01-02"]);
    expect(rows.reduce((sum, row) => sum + Number(row.other ?? 0), 0)).toBe(4 + 3 + 2);
  });

  it("gives every day its place, also one without calls, but not every day of decades", () => {
    const days = (names: string[]) => withEveryDay(names.map((day) => ({ day, m: 1 }))).map((row) => row.day);
    expect(days(["2026-02-27", "2026-03-02"])).toEqual(["2026-02-27", "2026-02-28", "2026-03-01", "2026-03-02"]);
    expect(days(["1999-01-01", "2026-03-02"])).toEqual(["1999-01-01", "2026-03-02"]);
    expect(days([])).toEqual([]);
  });

  it("ends the axis of savings on round numbers around zero and every interval", () => {
    expect(roundTicks([-7.4, 30.88, 33.7])).toEqual([-10, 0, 10, 20, 30, 40]);
    expect(roundTicks([0.013, 0.0021])).toEqual([0, 0.005, 0.01, 0.015]);
    expect(roundTicks([-3, -1])).toEqual([-3, -2, -1, 0]);
    expect(roundTicks([0, 30_000])).toEqual([0, 10_000, 20_000, 30_000]);
    expect(roundTicks([])).toEqual([0, 1]);
  });

  it("hangs each step of a waterfall between the levels before and after it", () => {
    const rows = waterfallRows({ baseline_usd: "100", steps: [{ label: "cache", change_usd: "-30" }, { label: "writes", change_usd: "5" }], after_usd: "75" });
    expect(rows.map((row) => [row.kind, row.span, row.shown])).toEqual([
      ["total", [0, 100], "$100.00"],
      ["less", [70, 100], "-$30.00"],
      ["more", [70, 75], "$5.00"],
      ["total", [0, 75], "$75.00"],
    ]);
  });

  it("gives a chart without a partner the whole width", () => {
    const kinds = ["bars", "spend_over_time", "savings", "waterfall", "bars"] as const;
    expect(wideness(kinds.map((kind) => ({ kind }) as Chart))).toEqual([true, true, false, false, true]);
  });
});

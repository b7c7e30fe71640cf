import { describe, expect, it } from "vitest";
import { formatBytes, formatCount, formatDuration, formatFigure, formatMilliseconds, formatMoney, formatPercent, plainDecimal, roundDecimal } from "./format";
import { formatAge, formatInstant, formatPeriod } from "./time";

describe("money", () => {
  it.each([
    ["192.52", "$192.52"],
    ["0", "$0.00"],
    ["1234567.891", "$1,234,567.89"],
    ["-84.310000000", "-$84.31"],
    ["0.054399", "$0.0544"],
    ["0.05", "$0.05"],
    ["0.0999", "$0.10"],
    ["0.0055649", "$0.00556"],
    ["0.001275", "$0.00128"],
    ["0.000600", "$0.0006"],
    ["-0.0012", "-$0.0012"],
    ["0.125", "$0.12"],
    ["0.135", "$0.14"],
    ["99999999999999999.995", "$100,000,000,000,000,000.00"],
  ])("%s is %s", (amount, shown) => {
    expect(formatMoney(amount)).toBe(shown);
  });

  it("is unpriced where there is no price, never zero", () => {
    expect(formatMoney(null)).toBe("unpriced");
    expect(formatFigure({ value: null, unit: "usd" })).toBe("unpriced");
    expect(formatFigure({ value: null, unit: "ms" })).toBe("unknown");
  });
});

describe("other values", () => {
  it.each([
    [formatPercent(5.24), "5.2 %"],
    [formatPercent(0.04), "0.04 %"],
    [formatPercent(-10.55), "-10.6 %"],
    [formatCount(18059974), "18,059,974"],
    [formatCount(1469.25), "1,469.2"],
    [formatMilliseconds(840), "840 ms"],
    [formatMilliseconds(1470), "1.47 s"],
    [formatMilliseconds(125_000), "125.00 s"],
    [formatDuration(125_000), "2 min 5 s"],
    [formatFigure({ value: 12.5, unit: "points" }), "12.50 points"],
    [formatFigure({ value: 1, unit: "days" }), "1 day"],
    [formatFigure({ value: 2048, unit: "tokens" }), "2,048 tokens"],
    [formatFigure({ value: "gpt-4o", unit: "text" }), "gpt-4o"],
    [formatFigure({ value: 3.456, unit: "ratio" }), "3.46"],
    [formatBytes(1_530_000), "1.5 MB"],
  ])("%s", (shown, expected) => {
    expect(shown).toBe(expected);
  });

  it("rounds half to even and writes exponents out", () => {
    expect([roundDecimal("2.5", 0), roundDecimal("3.5", 0), roundDecimal("2.51", 0), roundDecimal("-0.004", 2)]).toEqual(["2", "4", "3", "0.00"]);
    expect([plainDecimal(1e-7), plainDecimal("1.5E+3"), plainDecimal("-2.5e-2")]).toEqual(["0.0000001", "1500", "-0.025"]);
  });
});

describe("time", () => {
  it("is shown in the installation's zone", () => {
    expect(formatInstant("2026-03-01T23:30:00Z", "Europe/Berlin")).toBe("2026-03-02 00:30");
    expect(formatInstant("2026-03-01T23:30:00Z", "Nowhere/AtAll")).toBe("2026-03-01 23:30");
    expect(formatPeriod(null, null, "UTC")).toBe("all stored data");
    expect(formatPeriod("2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z", "UTC")).toBe("2026-03-01 00:00 to 2026-03-02 00:00 UTC");
  });

  it("is an age in lists", () => {
    const now = Date.parse("2026-03-03T12:00:00Z");
    const ages = ["2026-03-03T11:59:40Z", "2026-03-03T11:20:00Z", "2026-03-03T07:00:00Z", "2026-03-02T07:00:00Z", "2026-02-01T07:00:00Z", "not a time"];
    expect(ages.map((moment) => formatAge(moment, "UTC", now))).toEqual(["just now", "40 min ago", "5 h ago", "yesterday", "2026-02-01", ""]);
  });
});

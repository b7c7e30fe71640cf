import { describe, expect, it } from "vitest";
import { effectInWords } from "./effects";

describe("what a change does", () => {
  it("says measured latency as before and after, with the interval of the gain", () => {
    const change = { before_ms: 18_430.4, after_ms: 2_000, interval_95: [15_000.2, 17_000] };
    expect(effectInWords("latency", { calls: 10, p95: change, goal: null })).toBe(
      "latency: p95 18,430 to 2,000 ms (gain, 95 % interval: 15,000 to 17,000)",
    );
  });

  it("keeps words, lists the fields of other effects, and says nothing of nothing", () => {
    expect(effectInWords("quality", "unchanged")).toBe("quality: unchanged");
    expect(effectInWords("quality", { drop_points: 1.2, interval_95: [0.4, 2], gate: "recommend" })).toBe(
      "quality: drop points 1.2, interval 95 0.4 to 2, gate recommend",
    );
    expect(effectInWords("quality", null)).toBe("");
  });
});

import { describe, expect, it } from "vitest";
import { applyDelta, completePart } from "./stream";
import type { Part } from "./thread";

const deltas = (...items: [offset: number, text: string][]): Part | undefined =>
  items.reduce<Record<number, Part>>((parts, [offset, text]) => applyDelta(parts, { part: 0, offset, text }), {})[0];

describe("streamed text", () => {
  it("grows by offset", () => {
    expect(deltas([0, "It saves "], [9, "money."])?.text).toBe("It saves money.");
  });

  it("counts code points, not UTF-16 units", () => {
    expect(deltas([0, "👍 "], [2, "good"])?.text).toBe("👍 good");
  });

  it("takes a repeated delta once", () => {
    expect(deltas([0, "It "], [3, "saves"], [0, "It "], [3, "saves"])?.text).toBe("It saves");
  });

  it("stops at a dropped delta instead of joining what does not belong together", () => {
    const part = deltas([0, "It "], [9, "money"], [14, "!"]);
    expect(part).toMatchObject({ text: "It ", broken: true });
  });

  it("starts over when a second attempt streams from the beginning", () => {
    expect(deltas([0, "It loses"], [0, "It saves "], [9, "money"])?.text).toBe("It saves money");
  });

  it("gives way to the durable text and takes no delta after it", () => {
    const parts = completePart({ 0: { text: "It s", durable: false, broken: true } }, { part: 0, text: "It saves." });
    expect(applyDelta(parts, { part: 0, offset: 4, text: "inks" })).toEqual({ 0: { text: "It saves.", durable: true, broken: false } });
  });
});

import { describe, expect, it } from "vitest";
import type { Finding } from "../../api/document";
import { boundsInWords, gateInWords, jointSteps, lackingAlike } from "./checks";

const EFFECT = { gate: "refuse", from_score: 81, to_score: 68.5, upper_95: 13.15, margin_points: 2, items: 480, drop_points: 12.5 };

describe("what lets a finding be checked", () => {
  it("tells the quality gate with bound and margin, nothing where none was measured", () => {
    expect(gateInWords(EFFECT)).toBe(
      "Quality gate not passed: 81.00 to 68.50 of 100 points on 480 items both models answered; with 95 % confidence a drop of at most 13.15 points, allowed are 2.00",
    );
    expect(gateInWords({ ...EFFECT, gate: "recommend", upper_95: -0.4 })).toContain("with 95 % confidence no drop, allowed");
    expect(gateInWords("none")).toBe("");
  });

  it("tells a router beside chance and perfect knowledge", () => {
    const bounds = {
      share_pct: 61.25, router_drop_points: 0.8, random_mix_drop_points: 2.4, all_cheaper_drop_points: 4, oracle_drop_points: -1,
      advantage_points: 1.6, advantage_95: [0.9, 2.2] as [number, number], items_judged: 1200,
    };
    expect(boundsInWords(bounds)).toContain("On 1,200 items it did not learn from, quality drops by 0.80 points; by lot the same saving costs 2.40");
    expect(boundsInWords(null)).toBe("");
  });

  it("adds the steps of the joint saving up exactly, losses included", () => {
    const steps = [{ finding: "a", savings_usd: "10.1" }, { finding: "b", savings_usd: "-0.000000000000001" }, { finding: "c", savings_usd: "3" }];
    expect(jointSteps(steps).map((step) => step.soFar)).toEqual(["10.100000000000000", "10.099999999999999", "13.099999999999999"]);
  });

  it("folds findings that lack the same", () => {
    const finding = (id: string, verdict: Finding["verdict"], what: string) =>
      ({ id, verdict, missing: what ? [{ what, how: "send it" }] : [], reason: "too few calls" }) as unknown as Finding;
    const folded = lackingAlike([finding("1", "insufficient_data", "evals"), finding("2", "recommend", ""), finding("3", "insufficient_data", ""), finding("4", "insufficient_data", "evals")]);
    expect(folded.map((one) => [one.items[0]!.what, one.findings.map((row) => row.id)])).toEqual([["evals", ["1", "4"]], ["too few calls", ["3"]]]);
  });
});

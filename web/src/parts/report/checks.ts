import type { Finding, ReportDocument, RoutingBounds } from "../../api/document";
import type { Figure } from "../../api/types";
import { formatCount, roundDecimal, plainDecimal } from "../format";

/** What lets an engineer check a finding, in the words of the HTML report. */

const GATES: Record<string, string> = {
  recommend: "passed",
  refuse: "not passed",
  insufficient_data: "open: too few items to be certain",
};

interface MeasuredQuality {
  gate: string;
  from_score: number;
  to_score: number;
  upper_95: number;
  margin_points: number;
  items: number;
}

export function gateInWords(effect: unknown): string {
  if (!isMeasured(effect)) return "";
  const drop = effect.upper_95 <= 0 ? "no drop" : `a drop of at most ${points(effect.upper_95)} points`;
  return (
    `Quality gate ${GATES[effect.gate] ?? effect.gate}: ${points(effect.from_score)} to ${points(effect.to_score)} of 100 points on ` +
    `${formatCount(effect.items)} ${effect.items === 1 ? "item" : "items"} both models answered; with 95 % confidence ${drop}, ` +
    `allowed are ${points(effect.margin_points)}`
  );
}

export function boundsInWords(bounds: RoutingBounds | null | undefined): string {
  if (!bounds) return "";
  return (
    `Sends ${roundDecimal(plainDecimal(bounds.share_pct), 1)} % of the calls to the cheaper model. On ${formatCount(bounds.items_judged)} items it did not learn from, ` +
    `quality drops by ${points(bounds.router_drop_points)} points; by lot the same saving costs ${points(bounds.random_mix_drop_points)}, ` +
    `the cheaper model for all ${points(bounds.all_cheaper_drop_points)}, perfect knowledge ${points(bounds.oracle_drop_points)}. ` +
    `Advantage over lot: ${points(bounds.advantage_points)} points (95 %: ${bounds.advantage_95.map(points).join(" to ")})`
  );
}

export interface Lacking {
  items: { what: string; how: string }[];
  findings: Finding[];
}

/** Findings without a verdict by what they lack, in their order. */
export function lackingAlike(findings: readonly Finding[]): Lacking[] {
  const together = new Map<string, Lacking>();
  for (const finding of findings) {
    if (finding.verdict !== "insufficient_data") continue;
    const items = finding.missing.length > 0 ? finding.missing : [{ what: finding.reason ?? "", how: "" }];
    const key = JSON.stringify(items.map((item) => [item.what, item.how]));
    const known = together.get(key) ?? { items, findings: [] };
    known.findings.push(finding);
    together.set(key, known);
  }
  return [...together.values()];
}

export interface JointStep {
  finding: string;
  adds: string;
  soFar: string;
}

/** What each change adds to the joint saving of those before it. Amounts are exact decimals. */
export function jointSteps(steps: readonly { finding: string; savings_usd: string }[]): JointStep[] {
  const places = Math.max(0, ...steps.map((step) => (plainDecimal(step.savings_usd).split(".")[1] ?? "").length));
  let sum = 0n;
  return steps.map((step) => {
    sum += scaled(step.savings_usd, places);
    return { finding: step.finding, adds: step.savings_usd, soFar: unscaled(sum, places) };
  });
}

/** The figure behind the joint saving: that of the waterfall which ends where it leads. */
export const jointFigure = (report: ReportDocument): Figure | undefined => {
  const chart = report.charts.find((candidate) => candidate.kind === "waterfall" && candidate.after_usd === report.joint?.counterfactual_usd);
  return report.figures.find((figure) => figure.id === chart?.figure);
};

/** Parameters as `name=value`, as the command line and the HTML report write them. */
export const paramText = (params: Record<string, unknown>): string =>
  Object.entries(params)
    .filter(([, value]) => value !== null && value !== "" && typeof value !== "object")
    .map(([name, value]) => `${name}=${String(value)}`)
    .join(", ");

/** A finding carries its own query, so its saving opens even where no figure of the run cites it. */
export const figureOf = (finding: Finding, report: ReportDocument): Figure => ({
  id: finding.id,
  value: finding.savings_usd,
  unit: "usd",
  label: finding.savings_usd === null ? `What ${finding.lever} was judged on` : `Saving of ${finding.lever}`,
  query: finding.query,
  sql: finding.sql,
  rows: finding.rows,
  since: report.baseline.since,
  until: report.baseline.until,
});

const points = (value: number): string => roundDecimal(plainDecimal(value), 2);

const scaled = (amount: string, places: number): bigint => {
  const [whole = "0", fraction = ""] = plainDecimal(amount).split(".");
  return BigInt(whole + fraction.padEnd(places, "0"));
};

const unscaled = (amount: bigint, places: number): string => {
  const digits = (amount < 0n ? -amount : amount).toString().padStart(places + 1, "0");
  const text = places === 0 ? digits : `${digits.slice(0, -places)}.${digits.slice(-places)}`;
  return amount < 0n ? `-${text}` : text;
};

const isMeasured = (effect: unknown): effect is MeasuredQuality =>
  typeof effect === "object" && effect !== null &&
  ["gate", "from_score", "to_score", "upper_95", "margin_points", "items"].every((name) => name in effect);

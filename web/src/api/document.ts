import type { Answer, Figure, Missing } from "./types";

/** The report document (GET /v1/reports/{id}/json). Prose cites figures as `{{f:ID}}`. */

export type Verdict = "recommend" | "refuse" | "insufficient_data";
export type Grade = "none" | "low" | "medium" | "high";

/** Why some tokens of full prefix blocks were not read from the cache. */
export interface CacheMiss {
  cause: string;
  tokens: number;
  share_pct: number;
  why: string;
  advice: string;
  worth_usd: string | null;
  at_most: boolean;
}

export interface CacheGroup {
  feature: string;
  calls: number;
  tokens: number;
  read_pct: number;
  misses: CacheMiss[];
}

/** A router beside what chance and perfect knowledge would reach; drops in points of 100. */
export interface RoutingBounds {
  share_pct: number;
  router_drop_points: number;
  random_mix_drop_points: number;
  all_cheaper_drop_points: number;
  oracle_drop_points: number;
  advantage_points: number;
  advantage_95: [number, number];
  items_judged: number;
}

export interface Baseline {
  calls: number;
  cost_usd: string | null;
  unpriced_calls: number;
  since: string | null;
  until: string | null;
}

export interface Finding {
  id: string;
  lever: string;
  params: Record<string, unknown>;
  verdict: Verdict;
  baseline_usd: string | null;
  counterfactual_usd: string | null;
  savings_usd: string | null;
  savings_pct: number | null;
  interval_95: [string, string] | null;
  latency_effect?: unknown;
  quality_effect?: unknown;
  risk?: unknown;
  effort?: unknown;
  assumptions: string[];
  missing: Missing[];
  query: unknown;
  sql: string;
  rows: number;
  bounds?: RoutingBounds | null;
  diagnosis?: CacheGroup[] | null;
  figure: string | null;
  reason: string | null;
  /** Why the verdict is what it is; absent in reports of earlier versions. */
  why?: string;
}

export interface Joint {
  levers: string[];
  /** What each change adds to the saving of those before it; they add up to the joint saving. */
  steps?: { finding: string; savings_usd: string }[];
  baseline_usd: string | null;
  counterfactual_usd: string | null;
  savings_usd: string | null;
  savings_pct: number | null;
  interval_95: [string, string] | null;
}

export interface Action {
  title: string;
  lever: string | null;
  why: string;
  steps: string[];
  effort: Grade;
  risk: Grade;
  saving_figure: string | null;
  verify: string;
  roll_back: string;
}

export interface Section {
  heading: string;
  text: string;
  table: { columns: string[]; rows: string[][]; numeric: number[]; caption: string } | null;
}

interface ChartHead {
  title: string;
  caption: string;
  figure: string | null;
}

export type MeasureUnit = "usd" | "ms" | "count" | "tokens" | "percent";

export interface SpendChart extends ChartHead {
  kind: "spend_over_time";
  points: { day: string; cost_usd: string; series: string }[];
}
export interface BarsChart extends ChartHead {
  kind: "bars";
  unit: MeasureUnit;
  bars: { label: string; value: number | string; share_pct: number | null }[];
}
export interface SavingsChart extends ChartHead {
  kind: "savings";
  bars: { label: string; savings_usd: string; low_usd: string; high_usd: string; verdict: Verdict }[];
}
export interface WaterfallChart extends ChartHead {
  kind: "waterfall";
  baseline_usd: string;
  steps: { label: string; change_usd: string }[];
  after_usd: string;
}
export interface LinesChart extends ChartHead {
  kind: "lines";
  unit: MeasureUnit;
  points: { day: string; value: number; series: string }[];
}
export type Chart = SpendChart | BarsChart | SavingsChart | WaterfallChart | LinesChart;

export interface ReportDocument {
  version: number;
  title: string;
  question: string;
  created: string;
  answer: Answer;
  summary: string;
  baseline: Baseline;
  charts: Chart[];
  sections: Section[];
  findings: Finding[];
  joint: Joint | null;
  actions: Action[];
  assumptions: string[];
  missing: Missing[];
  figures: Figure[];
  data_version: number;
  timezone: string;
  analyst: { kind: "built-in" | "provider"; model: string };
  workspace: string;
  thread_id: string | null;
  run_id: string | null;
}

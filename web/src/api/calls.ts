import type { HttpClient } from "./http";
import type { Page } from "./types";

/** Which calls a figure sums: what a typed query and the list of calls have in common. */
export interface CallScope {
  filters?: unknown;
  since?: string;
  until?: string;
  timezone?: string;
}

export type CallOrder = "-cost_usd" | "-latency_ms" | "-ts";

export interface ListedCall {
  call_id: string;
  ts: string;
  model: string | null;
  status: string;
  input_tokens: number;
  output_tokens: number;
  latency_ms: number | null;
  cost_usd: string | null;
}

/** `calls` and `cost_usd` are of all the calls asked for, `items` a page of them. */
export interface CallsPage extends Page<ListedCall> {
  calls: number;
  cost_usd: string | null;
  unpriced_calls: number;
  timezone: string;
}

export interface CallCost {
  explanation: string;
  stored_usd: string | null;
  difference_usd: string | null;
  working: { cost_usd: string | null; parts: { usage: string; tokens: number; usd_per_mtok: string; cost_usd: string }[] };
}

export const listCalls = (http: HttpClient, scope: CallScope, order: CallOrder, cursor: string | null, signal?: AbortSignal) =>
  http.json<CallsPage>("/v1/usage/calls", { method: "POST", body: { ...scope, order_by: order, limit: 10, ...(cursor ? { cursor } : {}) }, signal });

export const callCost = async (http: HttpClient, id: string, signal?: AbortSignal): Promise<CallCost> =>
  (await http.json<{ cost: CallCost }>(`/v1/usage/calls/${encodeURIComponent(id)}`, { signal })).cost;

/** Whether a query puts its calls into groups, one of which the figure may be of. */
export function hasGroups(query: unknown): boolean {
  const { dimensions, grain } = (query ?? {}) as Record<string, unknown>;
  return (Array.isArray(dimensions) && dimensions.length > 0) || typeof grain === "string";
}

/** The calls that a figure's query reads; null where it is no typed query. */
export function scopeOf(query: unknown): CallScope | null {
  if (typeof query !== "object" || query === null) return null;
  const { measures, order_by: order, filters, since, until, timezone } = query as Record<string, unknown>;
  if (!Array.isArray(measures) && typeof order !== "string") return null;
  const scope: CallScope = {};
  if (Array.isArray(filters)) scope.filters = filters;
  if (typeof since === "string") scope.since = since;
  if (typeof until === "string") scope.until = until;
  if (typeof timezone === "string") scope.timezone = timezone;
  return scope;
}

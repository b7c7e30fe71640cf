import type { HttpClient } from "./http";
import type { ImportRecord, Page, UsageOverview, UsageResult } from "./types";

export interface UsageQuery {
  measures: string[];
  dimensions: string[];
  since?: string;
  until?: string;
  timezone?: string;
  limit?: number;
}

export const usageOverview = (http: HttpClient, signal?: AbortSignal) =>
  http.json<UsageOverview>("/v1/usage/overview", { signal });

export const queryUsage = (http: HttpClient, query: UsageQuery, signal?: AbortSignal) =>
  http.json<UsageResult>("/v1/usage/query", { method: "POST", body: query, signal });

export const listImports = (http: HttpClient, cursor: string | null, signal?: AbortSignal) =>
  http.json<Page<ImportRecord>>("/v1/imports", { query: { limit: 10, cursor: cursor ?? undefined }, signal });

export const getImport = (http: HttpClient, id: string, signal?: AbortSignal) =>
  http.json<ImportRecord>(`/v1/imports/${id}`, { signal });

export const undoImport = (http: HttpClient, id: string) =>
  http.json<ImportRecord>(`/v1/imports/${id}/undo`, { method: "POST" });

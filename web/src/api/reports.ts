import type { ReportDocument } from "./document";
import type { HttpClient } from "./http";
import type { Page, ReportSummary } from "./types";

export const listReports = (http: HttpClient, cursor: string | null, signal?: AbortSignal) =>
  http.json<Page<ReportSummary>>("/v1/reports", { query: { limit: 30, cursor: cursor ?? undefined }, signal });

export const reportDocument = (http: HttpClient, id: string, signal?: AbortSignal) =>
  http.json<ReportDocument>(`/v1/reports/${id}/json`, { signal });

export const reportHtml = (http: HttpClient, id: string) =>
  http.blob(`/v1/reports/${id}/html`, { headers: { Accept: "text/html" } });

export const reportJson = (http: HttpClient, id: string) => http.blob(`/v1/reports/${id}/json`);

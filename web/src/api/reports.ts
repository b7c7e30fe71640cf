import type { ReportDocument } from "./document";
import type { HttpClient } from "./http";
import type { Page, ReportSummary } from "./types";

export const listReports = (http: HttpClient, cursor: string | null, signal?: AbortSignal) =>
  http.json<Page<ReportSummary>>("/v1/reports", { query: { limit: 30, cursor: cursor ?? undefined }, signal });

export const reportDocument = async (http: HttpClient, id: string, signal?: AbortSignal): Promise<ReportDocument> =>
  (await http.json<{ document: ReportDocument }>(`/v1/reports/${id}`, { signal })).document;

export const reportHtml = (http: HttpClient, id: string) =>
  http.blob(`/v1/reports/${id}/html`, { headers: { Accept: "text/html" } });

export const reportJson = (http: HttpClient, id: string) => http.blob(`/v1/reports/${id}/json`);

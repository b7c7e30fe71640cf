import type { HttpClient } from "./http";
import type { Accepted, Figure, Page, Thread } from "./types";

export const listThreads = (http: HttpClient, cursor: string | null, signal?: AbortSignal) =>
  http.json<Page<Thread>>("/v1/threads", { query: { limit: 30, cursor: cursor ?? undefined }, signal });

export const renameThread = (http: HttpClient, id: string, title: string) =>
  http.json<Thread>(`/v1/threads/${id}`, { method: "PATCH", body: { title } });

export const deleteThread = (http: HttpClient, id: string) =>
  http.json<void>(`/v1/threads/${id}`, { method: "DELETE" });

/** Without a thread the message opens a new one. The client's id makes a repeated send the same run. */
export const sendMessage = (http: HttpClient, threadId: string | null, text: string, clientMessageId: string) =>
  http.json<Accepted>(threadId ? `/v1/threads/${threadId}/messages` : "/v1/messages", {
    method: "POST",
    body: { text, client_message_id: clientMessageId },
  });

export const cancelRun = (http: HttpClient, runId: string) =>
  http.json<unknown>(`/v1/runs/${runId}/cancel`, { method: "POST" });

export async function runFigures(http: HttpClient, runId: string, signal?: AbortSignal): Promise<Figure[]> {
  return (await http.json<{ figures: Figure[] }>(`/v1/runs/${runId}/figures`, { signal })).figures;
}

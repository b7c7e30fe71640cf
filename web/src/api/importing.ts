import type { HttpClient } from "./http";
import { withQuery } from "./http";
import { problemFrom, ProblemError, unreachable } from "./problem";
import type { DataFinding } from "./types";

/** Formats the server reads, as `netra import --format` names them. */
export const FORMATS: { id: string; label: string; hint: string; accept: string }[] = [
  { id: "calls", label: "LLM calls (Netra's own columns)", hint: "JSONL, CSV or Parquet, one call a row", accept: ".jsonl,.ndjson,.json,.csv,.parquet,.gz,.zst" },
  { id: "evals", label: "Evaluations (quality scores)", hint: "item_id, model, score: lets a cheaper model be proved", accept: ".jsonl,.ndjson,.json,.csv,.parquet,.gz,.zst" },
  { id: "azure-llm", label: "Azure LLM inference trace", hint: "TIMESTAMP, ContextTokens, GeneratedTokens", accept: ".csv" },
  { id: "mooncake", label: "Mooncake trace", hint: "timestamp, input_length, output_length, hash_ids", accept: ".jsonl" },
  { id: "aider-analytics", label: "aider analytics log", hint: "the file of --analytics-log", accept: ".jsonl" },
  { id: "claude-code", label: "Claude Code session log", hint: "a file under ~/.claude/projects", accept: ".jsonl,.gz,.zst" },
  { id: "openai-usage", label: "OpenAI usage or costs", hint: "buckets of the Usage API, or the dashboard's CSV; kept beside the calls", accept: ".json,.jsonl,.csv,.gz,.zst" },
  { id: "langfuse", label: "Langfuse observations", hint: "exported from the page, the blob storage or the API", accept: ".json,.jsonl,.csv,.gz,.zst" },
  { id: "helicone", label: "Helicone requests", hint: "of its export tool or request API", accept: ".json,.jsonl,.csv,.gz,.zst" },
  { id: "litellm", label: "LiteLLM spend log", hint: "rows of LiteLLM_SpendLogs, or StandardLoggingPayload", accept: ".json,.jsonl,.csv,.gz,.zst" },
];

/** `phase` receiving counts bytes of the upload, importing counts rows. */
export interface ImportProgress {
  phase: "receiving" | "importing";
  bytes: number;
  read: number;
  stored: number;
  duplicates: number;
  rejected: number;
  rows_per_second: number;
}

export interface ImportResult {
  import_id: string;
  name: string;
  read: number;
  stored: number;
  duplicates: number;
  rejected: number;
  ignored: number;
  unpriced: number;
  resumed: boolean;
  seconds: number;
  rows_per_second: number;
  findings: DataFinding[];
}

export interface ImportRequest {
  file: File;
  format: string;
  set: [string, string][];
  map: [string, string][];
}

export interface ImportWatch {
  onUpload(sent: number, total: number): void;
  onProgress(progress: ImportProgress): void;
  signal: AbortSignal;
}

/**
 * Sends the file as it is and reads the server's lines while they come. XMLHttpRequest, because fetch tells
 * nothing about how much of a body has been sent.
 */
export async function importFile(http: HttpClient, request: ImportRequest, watch: ImportWatch): Promise<ImportResult> {
  // A cheap authorised request first: a token that ran out must not cost the upload of a large file.
  await http.json("/v1/imports", { query: { limit: 1 }, signal: watch.signal });
  return new Promise((resolve, reject) => {
    const line = new LineReader();
    const transfer = new XMLHttpRequest();
    let result: ImportResult | null = null;
    let failure: ProblemError | null = null;
    const read = () => {
      for (const message of line.take(transfer.responseText)) {
        if (message.type === "progress") watch.onProgress(message as unknown as ImportProgress);
        else if (message.type === "result") result = message as unknown as ImportResult;
        else if (message.type === "error") failure = new ProblemError(problemFrom(400, message.problem ?? message));
      }
    };
    transfer.open("POST", importPath(request));
    for (const [name, value] of Object.entries(http.headers({ Accept: "application/x-ndjson" }))) {
      transfer.setRequestHeader(name, value);
    }
    transfer.setRequestHeader("Content-Type", "application/octet-stream");
    transfer.upload.onprogress = (event) => watch.onUpload(event.loaded, event.total);
    transfer.onprogress = () => {
      if (transfer.status < 300) read();
    };
    transfer.onload = () => {
      if (transfer.status >= 300) return reject(new ProblemError(problemFrom(transfer.status, parsed(transfer.responseText))));
      read();
      if (failure) return reject(failure);
      if (result) return resolve(result);
      return reject(unreachable());
    };
    transfer.onerror = () => reject(failure ?? unreachable());
    transfer.onabort = () => reject(new DOMException("stopped", "AbortError"));
    watch.signal.addEventListener("abort", () => transfer.abort(), { once: true });
    transfer.send(request.file);
  });
}

export function importPath(request: ImportRequest): string {
  const path = withQuery("/v1/imports", { format: request.format, name: request.file.name });
  const pairs = [
    ...request.set.map(([name, value]) => ["set", `${name}=${value}`]),
    ...request.map.map(([ours, theirs]) => ["map", `${ours}=${theirs}`]),
  ];
  return pairs.reduce((url, [name, value]) => `${url}&${name}=${encodeURIComponent(value!)}`, path);
}

type Message = { type: string; problem?: unknown } & Record<string, unknown>;

/** Complete lines of a text that only grows. */
export class LineReader {
  private taken = 0;

  take(text: string): Message[] {
    const end = text.lastIndexOf("\n");
    const fresh = end >= this.taken ? text.slice(this.taken, end) : "";
    this.taken = Math.max(this.taken, end + 1);
    return fresh.split("\n").flatMap((line) => {
      const message = parsed(line);
      return typeof message === "object" && message !== null && "type" in message ? [message as Message] : [];
    });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

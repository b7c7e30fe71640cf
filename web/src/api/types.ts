/** Shapes of the HTTP API as the page reads them. Money is a decimal string, counts are numbers. */

export interface User {
  id: string;
  email: string;
  name?: string | null;
}

export interface Workspace {
  id: string;
  name: string;
  role: "owner" | "admin" | "analyst" | "viewer";
}

export interface Session {
  user: User;
  access_token: string;
  expires_in: number;
}

export interface Me {
  user: User;
  workspaces: Workspace[];
}

export interface SystemInfo {
  version: string;
  analyst: { kind: "built-in" | "provider"; model: string };
  timezone: string;
}

export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

export interface Cursor {
  epoch: string;
  seq: number;
}

export type FigureUnit =
  | "usd" | "percent" | "points" | "count" | "tokens" | "ms" | "seconds"
  | "per_second" | "per_minute" | "days" | "ratio" | "text";

export interface Figure {
  id: string;
  value: string | number | null;
  unit: FigureUnit;
  label: string;
  query?: unknown;
  sql?: string | null;
  rows?: number | null;
  since?: string | null;
  until?: string | null;
}

export interface Missing {
  what: string;
  how: string;
}

export type Answer = "answered" | "partial" | "insufficient_data";
export type Outcome = "completed" | "failed" | "timed_out" | "cancelled";

export interface Thread {
  id: string;
  title: string | null;
  status?: string;
  created_at: string;
  updated_at?: string;
}

export interface Message {
  id: string;
  role: "user" | "assistant";
  text: string;
  run_id: string | null;
  result?: RunResult | null;
  created_at?: string;
}

/** What a run stored with its answer. */
export interface RunResult {
  outcome?: Outcome;
  answer?: Answer | null;
  missing?: Missing[];
  /** The message with its citations. */
  prose?: string | null;
  figures?: Figure[];
  report_id?: string | null;
  cost?: string | null;
  ms?: number;
}

export interface Run {
  id: string;
  status: string;
  answer?: Answer | null;
  report_id?: string | null;
  created_at?: string;
  started_at?: string | null;
  finished_at?: string | null;
  cancel_requested_at?: string | null;
}

/** The server's envelope; `seq` is null for frames that are not part of the durable log. */
export interface Envelope {
  type: string;
  thread_id: string | null;
  run_id: string | null;
  seq: number | null;
  epoch?: string | null;
  event_id?: string | null;
  parent?: string | null;
  ts?: string | null;
  data: Record<string, unknown>;
}

export interface ThreadSnapshot {
  thread: Thread;
  messages: Message[];
  runs: Run[];
  events: Envelope[];
  cursor: Cursor;
}

export interface Accepted {
  thread_id: string;
  message_id: string;
  run_id: string;
  seq: number;
}

export interface UsageOverview {
  calls: number;
  since: string | null;
  until: string | null;
  models?: string[];
  unpriced_calls?: number;
  [capability: string]: unknown;
}

export interface UsageResult {
  rows: Record<string, string | number | null>[];
  query: unknown;
  sql: string;
  /** How many rows there are without the limit. */
  row_count?: number;
  unpriced_calls: number;
  calls?: number;
  since?: string | null;
  until?: string | null;
  elapsed_ms: number;
}

export interface ImportRecord {
  id: string;
  format: string;
  name: string;
  status: "running" | "interrupted" | "completed" | "failed" | "undoing" | "undone";
  read: number;
  stored: number;
  duplicates: number;
  rejected: number;
  ignored: number;
  unpriced: number;
  bytes: number;
  /** What was said at the import, by kind: `set`, `map`. */
  options: Record<string, Record<string, string>>;
  error?: Record<string, unknown> | null;
  started_at: string;
  finished_at?: string | null;
  undone_at?: string | null;
  quality?: DataQuality | null;
}

/** One kind of trouble in an import's data; only `rejected` rows were not stored. */
export interface DataFinding {
  code: string;
  severity: "rejected" | "warning" | "note";
  rows: number;
  column: string | null;
  first_line: number | null;
  message: string;
  example: string | null;
  hint: string;
}

/** What an import found out about its data; percents are numbers, 5.24 meaning 5.24 %. */
export interface DataQuality {
  rows: number;
  since: string | null;
  until: string | null;
  findings: DataFinding[];
  filled: Record<string, number>;
  levers: { lever: string; needs: string[]; rows: number; percent: number }[];
  unpriced_models: Record<string, number>;
  currencies?: Record<string, number>;
}

export interface ReportSummary {
  id: string;
  title: string;
  question: string;
  answer: Answer;
  savings_usd: string | null;
  created_at: string;
  run_id: string | null;
}

import type { Answer, Figure, Message, Missing, Outcome, Run, RunResult, Thread, ThreadSnapshot } from "../api/types";
import type { ToolStatus } from "../realtime/frames";

/** One conversation as the page shows it: turns in order, each a question and the run that answers it. */

export type RunStatus = "queued" | "running" | Outcome;

export interface ToolCall {
  kind: "tool";
  callId: string;
  tool: string;
  arguments: Record<string, unknown>;
  status: "running" | ToolStatus;
  summary: string;
  figures: Figure[];
  ms: number | null;
  progress: { done: number; of: number | null; unit: string; text: string } | null;
}

export interface Thought {
  kind: "thought";
  step: number;
  of: number;
  text: string;
}

/** Where in an agent's course a specialist was called. */
export interface Delegation {
  kind: "agent";
  agentId: string;
}

export type Entry = ToolCall | Thought | Delegation;

export interface Agent {
  agentId: string;
  parent: string | null;
  name: string;
  plan: string[];
  status: "running" | Outcome;
  entries: Entry[];
  startedAt: string | null;
  message: string;
  ms: number | null;
}

/** Streamed text of one part. `broken` when a delta was dropped on the way: the durable text will replace it. */
export interface Part {
  text: string;
  durable: boolean;
  broken: boolean;
}

export interface RunView {
  runId: string;
  status: RunStatus;
  agents: Agent[];
  parts: Record<number, Part>;
  message: string | null;
  answer: Answer | null;
  missing: Missing[];
  figures: Figure[];
  reportId: string | null;
  cost: string | null;
  usage: Record<string, unknown>;
  startedAt: string | null;
  ms: number | null;
  /** Somebody asked for its end; it has not come yet. */
  stopping: boolean;
}

export interface Turn {
  runId: string;
  messageId: string | null;
  question: string;
  run: RunView;
}

export interface ThreadView {
  thread: Thread;
  turns: Turn[];
}

export const emptyRun = (runId: string): RunView => ({
  runId,
  status: "queued",
  agents: [],
  parts: {},
  message: null,
  answer: null,
  missing: [],
  figures: [],
  reportId: null,
  cost: null,
  usage: {},
  startedAt: null,
  ms: null,
  stopping: false,
});

export const isLive = (run: RunView): boolean => run.status === "queued" || run.status === "running";

export const liveRun = (view: ThreadView): RunView | null =>
  view.turns.map((turn) => turn.run).findLast(isLive) ?? null;

/** The text to show: the run's final message with its citations, else what was streamed so far, parts in order. */
export function answerText(run: RunView): string {
  if (run.message !== null && run.message !== "") return run.message;
  return Object.keys(run.parts)
    .map(Number)
    .sort((a, b) => a - b)
    .map((part) => run.parts[part]!.text)
    .filter((text) => text !== "")
    .join("\n\n");
}

export const isStreaming = (run: RunView): boolean =>
  isLive(run) && Object.values(run.parts).some((part) => !part.durable && part.text !== "");

/** The view before any event is folded in; the snapshot's events then bring the timelines. */
export function viewOfSnapshot(snapshot: ThreadSnapshot): ThreadView {
  const runs = new Map(snapshot.runs.map((run) => [run.id, run]));
  const turns: Turn[] = [];
  for (const message of snapshot.messages) {
    if (message.role === "user") turns.push(turnOf(message, runs));
  }
  for (const message of snapshot.messages) {
    if (message.role !== "assistant" || message.run_id === null) continue;
    const turn = turns.find((candidate) => candidate.runId === message.run_id);
    if (turn) turn.run = { ...turn.run, ...fieldsOfResult(message.result ?? {}), message: message.result?.prose || message.text };
  }
  return { thread: snapshot.thread, turns };
}

function turnOf(message: Message, runs: Map<string, Run>): Turn {
  const runId = message.run_id ?? message.id;
  const run = runs.get(runId);
  return {
    runId,
    messageId: message.id,
    question: message.text,
    run: { ...emptyRun(runId), ...(run ? fieldsOf(run) : {}) },
  };
}

/** An answer's stored result stands in for its events where a snapshot no longer carries them. */
function fieldsOfResult(result: RunResult): Partial<RunView> {
  return {
    ...(result.outcome ? { status: result.outcome } : {}),
    ...(result.answer ? { answer: result.answer } : {}),
    ...(result.missing ? { missing: result.missing } : {}),
    ...(result.figures ? { figures: result.figures } : {}),
    ...(result.report_id ? { reportId: result.report_id } : {}),
    ...(result.ms === undefined ? {} : { ms: result.ms }),
  };
}

function fieldsOf(run: Run): Partial<RunView> {
  return {
    status: statusOf(run.status),
    answer: run.answer ?? null,
    reportId: run.report_id ?? null,
    startedAt: run.started_at ?? run.created_at ?? null,
    stopping: Boolean(run.cancel_requested_at),
  };
}

const STATUSES: readonly RunStatus[] = ["queued", "running", "completed", "failed", "timed_out", "cancelled"];

export const statusOf = (status: unknown): RunStatus =>
  STATUSES.find((known) => known === status) ?? "running";
